/* golden.h - reference numbers computed by other programs, from tests/golden/NAME.json. */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include "tests/unit.h"

#include <jansson.h>
#include <math.h>

static inline json_t *golden_open(const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.json", GOLDEN, name);
    json_error_t why;
    json_t *j = json_load_file(path, 0, &why);
    if (!j) fail_msg("%s: %s", path, why.text);
    return j;
}

static inline double golden_number(const json_t *object, const char *key)
{
    const json_t *x = json_object_get(object, key);
    if (!json_is_number(x)) fail_msg("golden: no number '%s'", key);
    return json_number_value(x);
}

static inline double golden_item(const json_t *object, const char *key, size_t i)
{
    const json_t *x = json_array_get(json_object_get(object, key), i);
    if (!json_is_number(x)) fail_msg("golden: no number '%s'[%zu]", key, i);
    return json_number_value(x);
}

static inline void golden_close(double x, double expected, double slack, const char *what)
{
    if (!(fabs(x - expected) <= slack)) fail_msg("%s: %.12g, expected %.12g", what, x, expected);
}

#endif
