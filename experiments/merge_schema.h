/* merge_schema.h - the tables of a database and how their rows depend on each other, read from its
 * schema, so that a table that is added later is merged as well.
 *
 * What a row is, in two databases that number their rows independently:
 *     an id of its own (INTEGER PRIMARY KEY)  its UNIQUE columns, or all other columns
 *     any other primary key                   the columns of that key
 * where a column that refers to another row stands for that row, not for its number.
 */
#ifndef EXPERIMENTS_MERGE_SCHEMA_H
#define EXPERIMENTS_MERGE_SCHEMA_H

#include "core/db/db.h"

enum { MERGE_COLUMNS = 40, MERGE_TABLES = 64, MERGE_NONE = -1 };

typedef struct merge_column {
    char *name;
    int parent; /* the table that it refers to, perhaps its own, or MERGE_NONE */
    bool owned; /* the row ends with the one that it refers to (CASCADE)       */
} merge_column;

typedef struct merge_table {
    char *name;
    merge_column column[MERGE_COLUMNS];
    int n;
    int id;                 /* the column that numbers the rows, or MERGE_NONE            */
    int key[MERGE_COLUMNS]; /* (keys) the columns that say what a row is                  */
    int keys;
    int sweep, version; /* the columns that name a version of a study, or MERGE_NONE         */
    bool unique;        /* they are a constraint of the schema, not just all columns            */
} merge_table;

/* Parents come before their children. */
typedef struct merge_schema {
    merge_table table[MERGE_TABLES];
    int n;
} merge_schema;

bool merge_schema_open(merge_schema *s, db *d, error *e);
void merge_schema_close(merge_schema *s);

/* The place of a table, or MERGE_NONE. */
int merge_schema_find(const merge_schema *s, const char *name);

/* The place of a column of it, or MERGE_NONE. */
int merge_schema_column(const merge_table *t, const char *name);

/* The first column that makes a row part of a row of another table: MERGE_NONE if none does. */
int merge_schema_owner(const merge_table *t);

/* SQL that reads the columns of the table in their order, that inserts such a row, and that finds
 * the id (or 1, if it has none) of the row with the same key.  The caller frees it. */
char *merge_schema_select(const merge_table *t, const char *where);
char *merge_schema_insert(const merge_table *t, const char *conflict);
char *merge_schema_lookup(const merge_table *t);

#endif
