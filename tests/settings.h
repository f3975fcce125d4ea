/* settings.h - configurations for tests: the defaults, and words such as "model.dim=8" that change
 * them. */
#ifndef TESTS_SETTINGS_H
#define TESTS_SETTINGS_H

#include "tests/unit.h"
#include "trainer/config/run_spec.h"

/* The words end with NULL; each must be accepted. */
static inline void settings_take(config *c, const char *const *word)
{
    error e;
    for (; *word; word++)
        if (!config_override(c, *word, &e)) fail_msg("%s: %s", *word, e.msg);
}

/* The same from the defaults on, resolved. */
static inline void settings_resolve(run_spec *spec, const char *const *word)
{
    error e;
    config_init(&spec->config);
    settings_take(&spec->config, word);
    if (!run_spec_resolve(spec, &spec->config, &e)) fail_msg("%s", e.msg);
}

#endif
