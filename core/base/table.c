/* table.c - one writer for each format: aligned text, Markdown, CSV, JSON, LaTeX and HTML. */
#include "core/base/table.h"

#include "core/base/utf8.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const char *const table_formats[] = {
    "table", "md", "csv", "json", "jsonl", "latex", "html", NULL
};

bool table_for_people(table_format f)
{
    return f == TABLE_TEXT || f == TABLE_MD || f == TABLE_LATEX || f == TABLE_HTML;
}

static bool is_json(table_format f)
{
    return f == TABLE_JSON || f == TABLE_JSONL;
}

__attribute__((format(printf, 1, 2))) static char *print(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char text[64];
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    char *copy = strdup(text);
    if (!copy) error_memory();
    return copy;
}

char *table_json_string(const char *text)
{
    char *clean = utf8_copy(text), *out = malloc(6 * strlen(text) + 3), *at = out;
    if (!out) error_memory();
    *at++ = '"';
    for (const char *from = clean; *from; from++) {
        const unsigned char c = (unsigned char)*from;
        if (c == '"' || c == '\\')
            *at++ = '\\', *at++ = (char)c;
        else if (c == '\n')
            *at++ = '\\', *at++ = 'n';
        else if (c == '\t')
            *at++ = '\\', *at++ = 't';
        else if (c < 0x20)
            at += snprintf(at, 7, "\\u%04x", c);
        else
            *at++ = (char)c;
    }
    *at++ = '"', *at = '\0';
    free(clean);
    return out;
}

/* A text as the format wants it. */
static char *copy_text(table_format f, const char *text)
{
    if (is_json(f)) return table_json_string(text);
    char *copy = strdup(text);
    if (!copy) error_memory();
    return copy;
}

void table_open(table *t, table_format f, FILE *out, int columns, const char *const *names)
{
    *t = (table){ .format = f, .out = out, .columns = columns };
    t->name = calloc((size_t)columns, sizeof *t->name);
    if (!t->name) error_memory();
    for (int i = 0; i < columns; i++) t->name[i] = copy_text(f, names[i]);
}

static void put_csv(FILE *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_names_csv(const table *t)
{
    for (int i = 0; i < t->columns; i++) {
        if (i) fputc(',', t->out);
        put_csv(t->out, t->name[i]);
    }
    fputs("\r\n", t->out);
}

/* Rows that need no other row: what programs read. */
static void flush_row(table *t)
{
    const table_cell *row = t->cell + t->cells - t->columns;
    const bool first = t->cells == (size_t)t->columns;
    if (t->format == TABLE_CSV) {
        if (first) put_names_csv(t);
        for (int i = 0; i < t->columns; i++) {
            if (i) fputc(',', t->out);
            if (row[i].text) put_csv(t->out, row[i].text);
        }
        fputs("\r\n", t->out);
        return;
    }
    if (t->format == TABLE_JSON) fputs(first ? "[" : ",\n ", t->out);
    for (int i = 0; i < t->columns; i++) {
        fputs(i ? ", " : "{", t->out), fputs(t->name[i], t->out), fputs(": ", t->out);
        fputs(row[i].text ? row[i].text : "null", t->out);
    }
    fputs(t->format == TABLE_JSONL ? "}\n" : "}", t->out);
}

static void put(table *t, table_cell c)
{
    if (t->cells == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->cell = realloc(t->cell, t->room * sizeof *t->cell);
        if (!t->cell) error_memory();
    }
    t->cell[t->cells++] = c;
    if (t->cells % (size_t)t->columns || table_for_people(t->format)) return;
    flush_row(t);
    const bool keep = t->cells == (size_t)t->columns; /* to say that there was a row */
    for (int i = 0; i < t->columns; i++) {
        table_cell *last = &t->cell[keep ? i : (int)--t->cells];
        free(last->text);
        *last = (table_cell){ 0 };
    }
}

void table_text(table *t, const char *text)
{
    put(t, (table_cell){ text ? copy_text(t->format, text) : NULL, false });
}

void table_int(table *t, int64_t x)
{
    put(t, (table_cell){ print("%lld", (long long)x), true });
}

/* The shortest that reads back. */
static char *print_exactly(double x)
{
    char text[32];
    for (int n = 15; n <= 17; n++) {
        snprintf(text, sizeof text, "%.*g", n, x);
        if (n == 17 || strtod(text, NULL) == x) break;
    }
    return print("%s", text);
}

void table_real(table *t, double x, int digits)
{
    const bool people = table_for_people(t->format);
    char *text = NULL;
    if (isinf(x) && !people)
        text = print(x > 0 ? "1e999" : "-1e999");
    else if (!isnan(x) && !people)
        text = print_exactly(x);
    else if (!isnan(x)) /* beyond 1e15 the digits of a double end before the point */
        text = fabs(x) < 1e15 ? print("%.*f", digits, x) : print("%.6g", x);
    put(t, (table_cell){ text, !isnan(x) });
}

void table_probability(table *t, double p)
{
    if (table_for_people(t->format) && p < 1e-4 && p > 0)
        put(t, (table_cell){ print("%.0e", p), true });
    else
        table_real(t, p, 4);
}

/* Columns on the screen: bytes that do not continue a UTF-8 character. */
static int width(const char *text)
{
    int n = 0;
    for (; text && *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void put_aligned(const table *t, const char *text, int room, bool right, bool last)
{
    const int gap = room - width(text);
    for (int i = 0; right && i < gap; i++) fputc(' ', t->out);
    for (const char *at = text; at && *at; at++) {
        if (*at == '|' && t->format == TABLE_MD) fputc('\\', t->out);
        fputc(*at == '\n' || *at == '\r' ? ' ' : *at, t->out);
    }
    for (int i = 0; !right && !last && i < gap; i++) fputc(' ', t->out);
}

static void put_line(const table *t, const table_cell *row, const int *room, const bool *right)
{
    const bool md = t->format == TABLE_MD;
    if (md) fputs("| ", t->out);
    for (int i = 0; i < t->columns; i++) {
        const bool last = i + 1 == t->columns;
        put_aligned(t, row ? row[i].text : t->name[i], room[i], right[i], last && !md);
        if (!last) fputs(md ? " | " : "  ", t->out);
    }
    fputs(md ? " |\n" : "\n", t->out);
}

/* A cell in LaTeX: what is special there is escaped, what \\ and \midrule would take for their
 * own (a star, a bracket) and what makes ligatures is kept apart, and a minus sign is one. */
static void put_latex(FILE *out, const char *text)
{
    static const struct {
        char c;
        const char *tex;
    } SPECIAL[] = {
        { '\\', "\\textbackslash{}" },
        { '~', "\\textasciitilde{}" },
        { '^', "\\textasciicircum{}" },
        { '|', "\\textbar{}" },
        { '<', "\\textless{}" },
        { '>', "\\textgreater{}" },
        { '"', "\\char34{}" },
        { '`', "\\textasciigrave{}" },
        { '\'', "\\textquotesingle{}" },
        { '[', "{[}" },
        { ']', "{]}" },
        { '*', "{*}" },
    };
    for (const char *at = text; at && *at; at++) {
        const bool starts = at == text || at[-1] == ' ';
        size_t k = 0;
        while (k < sizeof SPECIAL / sizeof *SPECIAL && SPECIAL[k].c != *at) k++;
        if (k < sizeof SPECIAL / sizeof *SPECIAL)
            fputs(SPECIAL[k].tex, out);
        else if (strchr("{}$&#_%", *at))
            fprintf(out, "\\%c", *at);
        else if (*at == '-' && starts && at[1] >= '0' && at[1] <= '9')
            fputs("$-$", out);
        else if (*at == '-' && at[1] == '-')
            fputs("-{}", out);
        else if (strncmp(at, "\u00b1", 2) == 0)
            fputs("$\\pm$", out), at++;
        else
            fputc((unsigned char)*at < ' ' || *at == 127 ? ' ' : *at, out);
    }
}

static void put_tabular(const table *t)
{
    fputs("\\begin{tabular}{", t->out);
    for (int i = 0; i < t->columns; i++) {
        bool right = false;
        for (size_t k = (size_t)i; k < t->cells; k += (size_t)t->columns)
            right = right || t->cell[k].number;
        fputc(right ? 'r' : 'l', t->out);
    }
    fputs("}\n\\toprule\n", t->out);
    for (int i = 0; i < t->columns; i++) {
        put_latex(t->out, t->name[i]);
        fputs(i + 1 < t->columns ? " & " : " \\\\\n\\midrule\n", t->out);
    }
    for (size_t k = 0; k < t->cells; k++) {
        put_latex(t->out, t->cell[k].text);
        fputs((k + 1) % (size_t)t->columns ? " & " : " \\\\\n", t->out);
    }
    fputs("\\bottomrule\n\\end{tabular}\n", t->out);
}

void table_put_html(FILE *out, const char *text)
{
    for (; text && *text; text++) switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc((unsigned char)*text < ' ' || *text == 127 ? ' ' : *text, out);
        }
}

static void put_element(const table *t)
{
    fputs("<table>\n<thead><tr>", t->out);
    for (int i = 0; i < t->columns; i++) {
        fputs("<th scope=\"col\">", t->out);
        table_put_html(t->out, t->name[i]);
        fputs("</th>", t->out);
    }
    fputs("</tr></thead>\n<tbody>\n", t->out);
    for (size_t k = 0; k < t->cells; k++) {
        fprintf(t->out, "%s<td%s>", k % (size_t)t->columns ? "" : "<tr>",
                t->cell[k].number ? " class=\"n\"" : "");
        table_put_html(t->out, t->cell[k].text);
        fputs((k + 1) % (size_t)t->columns ? "</td>" : "</td></tr>\n", t->out);
    }
    fputs("</tbody>\n</table>\n", t->out);
}

static void put_all(const table *t)
{
    int *room = calloc((size_t)t->columns, sizeof *room);
    bool *right = calloc((size_t)t->columns, sizeof *right); /* numbers and nothing else */
    bool *seen = calloc((size_t)t->columns, sizeof *seen);
    if (!room || !right || !seen) error_memory();
    for (int i = 0; i < t->columns; i++) room[i] = width(t->name[i]);
    for (size_t i = 0; i < t->cells; i++) {
        const int column = (int)(i % (size_t)t->columns), n = width(t->cell[i].text);
        if (n > room[column]) room[column] = n;
        if (t->cell[i].text) right[column] = t->cell[i].number && (right[column] || !seen[column]);
        seen[column] = seen[column] || t->cell[i].text;
    }
    put_line(t, NULL, room, right);
    if (t->format == TABLE_MD) {
        for (int i = 0; i < t->columns; i++) fputs(right[i] ? "|---:" : "|---", t->out);
        fputs("|\n", t->out);
    }
    for (size_t i = 0; i < t->cells; i += (size_t)t->columns) put_line(t, t->cell + i, room, right);
    free(room), free(right), free(seen);
}

void table_close(table *t)
{
    assert(t->cells % (size_t)t->columns == 0);
    if (t->format == TABLE_TEXT || t->format == TABLE_MD)
        put_all(t);
    else if (t->format == TABLE_LATEX)
        put_tabular(t);
    else if (t->format == TABLE_HTML)
        put_element(t);
    else if (t->format == TABLE_JSON)
        fputs(t->cells ? "]" : "[]", t->out);
    else if (t->format == TABLE_CSV && !t->cells)
        put_names_csv(t);
    for (size_t i = 0; i < t->cells; i++) free(t->cell[i].text);
    for (int i = 0; i < t->columns; i++) free(t->name[i]);
    free(t->cell), free(t->name);
    *t = (table){ 0 };
}
