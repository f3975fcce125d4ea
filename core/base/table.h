/* table.h - rows of a result, for people and for programs.
 *
 *     table t;
 *     table_open(&t, TABLE_TEXT, stdout, 2, (const char *[]){ "name", "loss" });
 *     table_text(&t, "mha"), table_real(&t, 3.14159, 3);
 *     table_close(&t);
 *
 * A row ends by itself when every column has its cell.  `text` and `md` align; `csv` quotes what
 * RFC 4180 says, in lines that end in LF; `json` is one array of objects (no newline after it, so
 * that it can be part of a larger document) and `jsonl` an object a line, with the names of the
 * columns as keys, numbers at full precision, and null for what is not there.  `latex` is a tabular
 * with the rules of booktabs, and `html` a table element; text is escaped in both.
 */
#ifndef CORE_BASE_TABLE_H
#define CORE_BASE_TABLE_H

#include "core/base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef enum table_format {
    TABLE_TEXT,
    TABLE_MD,
    TABLE_CSV,
    TABLE_JSON,
    TABLE_JSONL,
    TABLE_LATEX,
    TABLE_HTML
} table_format;

typedef struct table_cell {
    char *text;  /* NULL: nothing there  */
    bool number; /* aligned to the right */
} table_cell;

typedef struct table {
    table_format format;
    FILE *out;
    int columns;
    char **name;        /* quoted where the format is JSON */
    size_t cells, room; /* filled; allocated, for people  */
    table_cell *cell;   /* for people: all of them        */
    char *line;         /* for programs: of the row so far, without a 0 byte */
    size_t length, size;
} table;

/* "table", "md", ...: the names of the formats in the order of the enum; NULL last. */
extern const char *const table_formats[];

/* For people: text, md, latex and html, which show rounded numbers; the rest is for programs. */
bool table_for_people(table_format f);

void table_open(table *t, table_format f, FILE *out, int columns, const char *const *names);

/* The next cell.  A NULL text and a NaN are cells with nothing in them.  `digits` after the point
 * are what people see. */
void table_text(table *t, const char *text);
void table_int(table *t, int64_t x);
void table_real(table *t, double x, int digits);

/* x, or 0 where `digits` after the point would show x as 0 with a minus sign. */
double table_rounded(double x, int digits);

/* A cell with a probability: people see four digits, below 1e-4 one and its power of ten. */
void table_probability(table *t, double p);

/* `text` with what HTML gives a meaning (& < > " ') escaped, and control characters as blanks. */
void table_put_html(FILE *out, const char *text);

/* Print what has not been printed, and free. */
void table_close(table *t);

/* The JSON string, quoted, that says `text`, with '?' for each byte that is not UTF-8, as JSON must
 * be; the caller frees it. */
char *table_json_string(const char *text);

#endif
