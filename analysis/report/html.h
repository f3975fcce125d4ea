/* html.h - pieces of a page that contain text from the database, none of which can become markup.
 */
#ifndef ANALYSIS_REPORT_HTML_H
#define ANALYSIS_REPORT_HTML_H

#include "core/base/error.h"

#include <jansson.h>
#include <stdio.h>

/* The text, escaped, with its line breaks. */
void html_preserved(FILE *out, const char *text);

/* <TAG class="CLASS">text</TAG>, with the text escaped; CLASS NULL: none. */
void html_element(FILE *out, const char *tag, const char *class, const char *text);

/* A JSON value within <script type="application/json">, with every '<' escaped, so that nothing can
 * end the element. */
void html_json(FILE *out, const char *id, const json_t *value);

/* The SVG in a file, from its <svg> on.  `prefix` is put before its ids, so that several fit in one
 * page; `title` becomes its label.  Fails if the file is not an SVG. */
bool html_svg(FILE *out, const char *path, const char *prefix, const char *title, error *e);

#endif
