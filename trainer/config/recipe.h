/* recipe.h - recipes: named sets of values for the keys that say how a model learns.
 *
 *     a key's value = what is written out, else that of `recipe: NAME@VERSION`, else the default
 *
 * A recipe is a file in recipes/, embedded when attnlab is built.  Its keys are set before the
 * configuration is resolved, so a run is what its keys are: the name is not part of the identity,
 * and a study that writes the same keys out has the same runs.  A study's text is stored as it was
 * written, and so is the name in it.  A released recipe never changes; what is better gets another
 * version.
 */
#ifndef TRAINER_CONFIG_RECIPE_H
#define TRAINER_CONFIG_RECIPE_H

#include "trainer/config/config.h"

typedef struct recipe {
    const char *name; /* "fast@1"                           */
    const char *help; /* one line                           */
    const char *text; /* YAML: a map of dotted keys         */
} recipe;

/* Every recipe, the versions of one in order; the last has no name.  Generated from
 * recipes/meson.build. */
extern const recipe recipes[];

/* The recipe of this name; without "@VERSION" the newest version of it.  NULL if there is none. */
const recipe *recipe_find(const char *name);

/* The recipe whose name is nearest to a wrong one. */
const recipe *recipe_nearest(const char *name);

/* The keys and values of a recipe, in order: a map.  The caller closes it. */
yaml_node *recipe_keys(const recipe *r);

/* Set the keys of the recipe that `name` names, except those that are set already.  Those that an
 * earlier recipe has set are at their default again first.  Fails on a name that is not known, or
 * has no version. */
bool recipe_apply(config *settings, const yaml_node *name, error *e);

/* Where the configuration has other values than its recipe, because they are written out:
 * "train.lr is 0.001 (recipe: 0.003), ...".  NULL if there is no recipe, or every value is its own.
 * The caller frees it. */
char *recipe_replaced(const config *settings);

#endif
