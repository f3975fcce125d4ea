/* axes.h - what varies in a study: the levels of its axes, and names for arms by them. */
#ifndef ANALYSIS_DATA_AXES_H
#define ANALYSIS_DATA_AXES_H

#include "analysis/data/study.h"

#include <jansson.h>

typedef struct axes {
    const study *study;
    json_t **of; /* (arms): key -> value */
    int keys;    /* axes that take at least two values */
    const char **key;
} axes;

/* The arms in groups, each with a text. */
typedef struct axes_groups {
    int n, *of; /* number of groups; (arms): the group of each arm */
    char **text;
    double *number; /* (n): the level if it is a positive number, otherwise NaN */
} axes_groups;

void axes_open(axes *x, const study *s); /* s must outlive x */
void axes_close(axes *x);

/* Does `key` vary? */
bool axes_have(const axes *x, const char *key);

/* The axis called `name`, which is a key or the unambiguous end of one ("context").  If there is
 * none, returns NULL and names the axes there are.  `option` is the option that asked for it. */
const char *axes_find(const axes *x, const char *option, const char *name, error *e);

/* The last part of a key: "context" of "model.context". */
const char *axes_leaf(const char *key);

/* The level of an arm if it is a positive number, otherwise NaN. */
double axes_number(const axes *x, int arm, const char *key);

/* Are all its levels positive numbers? */
bool axes_numeric(const axes *x, const char *key);

/* Group by the level of one axis: numbers ascending, words in the order of the arms. */
axes_groups axes_by(const axes *x, const char *key);

/* Group by all axes but these two (each may be NULL): "mqa", "mqa, dim=64", or "" if nothing else
 * varies. */
axes_groups axes_without(const axes *x, const char *key, const char *other);

/* The level of an arm as people write it; the caller frees the text. */
char *axes_value(const axes *x, int arm, const char *key);

/* The name of an arm by these axes: "mqa, context=512"; the caller frees the text. */
char *axes_words(const axes *x, int arm, const char *const *key, int keys);

void axes_groups_close(axes_groups *g);

#endif
