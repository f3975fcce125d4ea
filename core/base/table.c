/* table.c - one writer for each format: aligned text, Markdown, CSV, JSON, LaTeX and HTML. */
#include "core/base/table.h"

#include "core/base/number.h"
#include "core/base/utf8.h"

#include <assert.h>
#include <math.h>
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

/* Add to the line of a row that programs read. */
static void append(table *t, const char *text, size_t n)
{
    if (t->length + n > t->size) {
        t->size = 2 * (t->length + n);
        t->line = realloc(t->line, t->size);
        if (!t->line) error_memory();
    }
    memcpy(t->line + t->length, text, n);
    t->length += n;
}

static void append_text(table *t, const char *text)
{
    append(t, text, strlen(text));
}

/* RFC 4180, but for the ends of lines: they are LF, as other programs of this system expect. */
static void append_csv(table *t, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        append_text(t, text);
        return;
    }
    append(t, "\"", 1);
    for (; *text; text++) append(t, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    append(t, "\"", 1);
}

static void append_names_csv(table *t)
{
    for (int i = 0; i < t->columns; i++) {
        if (i) append(t, ",", 1);
        append_csv(t, t->name[i]);
    }
    append(t, "\n", 1);
}

static void flush_line(table *t)
{
    fwrite(t->line, 1, t->length, t->out);
    t->length = 0;
}

/* A cell that programs read is written as it comes; only people need to see widths first.  `text`
 * is as the format wants it, but for the quotes of CSV. */
static void put_value(table *t, const char *text)
{
    const int column = (int)(t->cells % (size_t)t->columns);
    if (t->format == TABLE_CSV) {
        if (!t->cells) append_names_csv(t);
        if (column) append(t, ",", 1);
        if (text) append_csv(t, text);
    } else {
        if (!column && t->format == TABLE_JSON) append_text(t, t->cells ? ",\n " : "[");
        append_text(t, column ? ", " : "{");
        append_text(t, t->name[column]), append(t, ": ", 2);
        append_text(t, text ? text : "null");
    }
    t->cells++;
    if (t->cells % (size_t)t->columns) return;
    append_text(t, t->format == TABLE_CSV ? "\n" : t->format == TABLE_JSON ? "}" : "}\n");
    flush_line(t);
}

static void put(table *t, const char *text, bool number)
{
    if (!table_for_people(t->format)) {
        put_value(t, text);
        return;
    }
    if (t->cells == t->room) {
        t->room = t->room ? 2 * t->room : 64;
        t->cell = realloc(t->cell, t->room * sizeof *t->cell);
        if (!t->cell) error_memory();
    }
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) error_memory();
    t->cell[t->cells++] = (table_cell){ copy, number };
}

void table_text(table *t, const char *text)
{
    char *quoted = text && is_json(t->format) ? table_json_string(text) : NULL;
    put(t, quoted ? quoted : text, false);
    free(quoted);
}

void table_int(table *t, int64_t x)
{
    char text[NUMBER_TEXT], *at = text + sizeof text;
    uint64_t rest = x < 0 ? -(uint64_t)x : (uint64_t)x;
    *--at = '\0';
    do *--at = (char)('0' + rest % 10);
    while (rest /= 10);
    if (x < 0) *--at = '-';
    put(t, at, true);
}

double table_rounded(double x, int digits)
{
    return fabs(x) < 0.5 * pow(10, -digits) ? 0 : x;
}

void table_real(table *t, double x, int digits)
{
    char text[NUMBER_TEXT] = "";
    const bool people = table_for_people(t->format);
    if (isnan(x)) {
        put(t, NULL, false);
        return;
    }
    if (isinf(x) && !people)
        snprintf(text, sizeof text, x > 0 ? "1e999" : "-1e999");
    else if (!people)
        number_print(text, x + 0.0); /* -0 becomes 0 */
    else if (fabs(x) < 1e15)         /* beyond, the digits of a double end before the point */
        snprintf(text, sizeof text, "%.*f", digits, table_rounded(x, digits));
    else
        snprintf(text, sizeof text, "%.6g", x);
    put(t, text, true);
}

void table_probability(table *t, double p)
{
    char text[NUMBER_TEXT];
    if (table_for_people(t->format) && p < 1e-4 && p > 0) {
        snprintf(text, sizeof text, "%.0e", p);
        put(t, text, true);
    } else
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

/* A cell in LaTeX.  Special characters are escaped.  Braces hide a star or a bracket from the \\ or
 * \midrule before it, and keep hyphens from becoming a dash.  A minus sign is set as one. */
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
        append_names_csv(t), flush_line(t);
    for (size_t i = 0; t->cell && i < t->cells; i++) free(t->cell[i].text);
    for (int i = 0; i < t->columns; i++) free(t->name[i]);
    free(t->cell), free(t->name), free(t->line);
    *t = (table){ 0 };
}
