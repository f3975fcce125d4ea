/* layout.c - walks a template once; what stands between two braces is the name of a field.
 *
 * A template that passes layout_check can fail only for what the object lacks.
 */
#include "trainer/suites/layout.h"

#include "core/base/growing.h"

#include <stdlib.h>
#include <string.h>

enum { FIELD = 64 };

/* The field whose brace opens at `at`: its name, and where the template goes on. */
static bool field_at(char name[FIELD], const char **next, const char *at, error *e)
{
    const size_t n = strcspn(at + 1, "{}");
    if (at[1 + n] != '}')
        return error_usage(e, "template: a '{' is not closed (write {{ for a brace)");
    if (n == 0 || n >= FIELD)
        return error_usage(
            e, "template: '{' must be followed by the name of a field, at most %d bytes",
            FIELD - 1);
    memcpy(name, at + 1, n);
    name[n] = '\0';
    *next = at + n + 2;
    return true;
}

static bool put_field(FILE *f, const char *name, const json_t *object, error *e)
{
    const json_t *value = json_object_get(object, name);
    if (!value)
        return error_usage(e, "the template has {%s}, but this item has no field \"%s\"", name,
                           name);
    if (json_is_string(value))
        fwrite(json_string_value(value), 1, json_string_length(value), f);
    else if (json_is_integer(value))
        fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_real(value))
        fprintf(f, "%.15g", json_real_value(value));
    else
        return error_usage(e, "field \"%s\" of the template must be a text or a number", name);
    return true;
}

/* Without an object nothing is filled in. */
static bool walk(FILE *f, const char *layout, const json_t *object, error *e)
{
    char name[FIELD];
    for (const char *at = layout; *at;) {
        if ((*at == '{' || *at == '}') && at[1] == *at) {
            fputc(*at, f), at += 2;
        } else if (*at == '{') {
            if (!field_at(name, &at, at, e) || (object && !put_field(f, name, object, e)))
                return false;
        } else if (*at == '}') {
            return error_usage(e, "template: a '}' has no '{' (write }} for a brace)");
        } else {
            fputc(*at++, f);
        }
    }
    return true;
}

static bool fill(char **out, const char *layout, const json_t *object, error *e)
{
    growing words;
    growing_open(&words);
    const bool ok = walk(words.f, layout, object, e);
    *out = growing_close(&words);
    return ok;
}

bool layout_check(const char *layout, error *e)
{
    char *text;
    const bool ok = fill(&text, layout, NULL, e);
    free(text);
    return ok;
}

bool layout_fill(char **out, const char *layout, const json_t *object, error *e)
{
    if (fill(out, layout, object, e)) return true;
    free(*out);
    *out = NULL;
    return false;
}
