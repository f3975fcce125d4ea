/* html.h - pieces of a page that carry what people wrote, none of which can become markup. */
#ifndef ANALYSIS_REPORT_HTML_H
#define ANALYSIS_REPORT_HTML_H

#include "core/base/error.h"

#include <jansson.h>
#include <stdio.h>

/* <TAG class="CLASS">text</TAG>, the text escaped; CLASS NULL: none. */
/* Text as it is, lines and all. */
void html_preserved(FILE *out, const char *text);

void html_element(FILE *out, const char *tag, const char *class, const char *text);

/* A JSON value within <script type="application/json">: no '<' of it is left to end the element. */
void html_json(FILE *out, const char *id, const json_t *value);

/* The SVG in the file, from its <svg> on, its ids made its own by `prefix`, so that several fit in
 * one page; its title is `title`.  Fails on a file that is no SVG. */
bool html_svg(FILE *out, const char *path, const char *prefix, const char *title, error *e);

#endif
