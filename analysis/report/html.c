/* html.c - write elements, JSON and SVG into a page, with all text escaped. */
#include "analysis/report/html.h"

#include "core/base/file.h"
#include "core/base/table.h"

#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 26 }; /* size of an SVG */

void html_element(FILE *out, const char *tag, const char *class, const char *text)
{
    fprintf(out, class ? "<%s class=\"%s\">" : "<%s>", tag, class);
    table_put_html(out, text);
    fprintf(out, "</%s>\n", tag);
}

void html_preserved(FILE *out, const char *text)
{
    for (char *line = NULL; *text; free(line)) {
        const size_t n = strcspn(text, "\n");
        line = strndup(text, n);
        if (!line) error_memory();
        table_put_html(out, line);
        text += n;
        if (*text) fputc(*text++, out);
    }
}

void html_json(FILE *out, const char *id, const json_t *value)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (!text) error_memory();
    fprintf(out, "<script type=\"application/json\" id=\"%s\">", id);
    for (const char *c = text; *c; c++) {
        if (*c == '<' || *c == '>' || *c == '&')
            fprintf(out, "\\u%04x", (unsigned)*c);
        else
            fputc(*c, out);
    }
    fputs("</script>\n", out);
    free(text);
}

/* The length of what precedes an id where one is defined or referred to; 0 elsewhere. */
static size_t before_id(const char *at)
{
    static const char *const MARK[] = { " id='", " id=\"", "href='#", "href=\"#", "url(#" };
    for (size_t i = 0; i < sizeof MARK / sizeof *MARK; i++)
        if (strncmp(at, MARK[i], strlen(MARK[i])) == 0) return strlen(MARK[i]);
    return 0;
}

bool html_svg(FILE *out, const char *path, const char *prefix, const char *title, error *e)
{
    char *bytes;
    size_t n;
    if (!file_read(&bytes, &n, path, LIMIT, e)) return false;
    const char *at = strstr(bytes, "<svg");
    if (!at) {
        free(bytes);
        return error_set(e, "%s: not an SVG file", path);
    }
    fputs("<svg role=\"img\" aria-label=\"", out);
    table_put_html(out, title);
    fputc('"', out);
    for (at += 4; *at;) {
        const size_t mark = before_id(at);
        if (mark) {
            fwrite(at, 1, mark, out);
            fputs(prefix, out);
            at += mark;
        } else if (strncmp(at, "<title>", 7) == 0 && strstr(at, "</title>")) {
            at = strstr(at, "</title>") + 8; /* it says "Gnuplot" */
        } else {
            fputc(*at++, out);
        }
    }
    free(bytes);
    return true;
}
