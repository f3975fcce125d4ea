/* layout.h - templates of prompts: text with the fields of an item in braces.
 *
 *     "Question: {question}\nAnswer:"        {{ and }} are braces
 */
#ifndef TRAINER_SUITES_LAYOUT_H
#define TRAINER_SUITES_LAYOUT_H

#include "core/base/error.h"

#include <jansson.h>

/* Are all braces paired, with a name in each pair?  Fails (STATUS_USAGE) with what is wrong. */
bool layout_check(const char *layout, error *e);

/* The layout with the fields of an object filled in; the caller frees *out.  A field is a text or a
 * number.  Fails (STATUS_USAGE) if the object lacks one. */
bool layout_fill(char **out, const char *layout, const json_t *object, error *e);

#endif
