/* axes.h - what varies in a study: the levels of an axis, and what arms are called without it. */
#ifndef ANALYSIS_DATA_AXES_H
#define ANALYSIS_DATA_AXES_H

#include "analysis/data/study.h"

#include <jansson.h>

typedef struct axes {
    const study *study;
    json_t **of; /* (arms): key -> value */
    int keys;    /* that take two values or more */
    const char **key;
} axes;

/* Arms sorted into groups of one text. */
typedef struct axes_groups {
    int n, *of; /* (arms): which */
    char **text;
    double *number; /* (n): the level where it is a positive number; NaN */
} axes_groups;

void axes_open(axes *x, const study *s); /* s must stay */
void axes_close(axes *x);

/* Does `key` vary? */
bool axes_have(const axes *x, const char *key);

/* The axis called `name`, a key or the unambiguous end of one ("context"); NULL, and what varies
 * instead, where there is none.  `option` is what asked for it. */
const char *axes_find(const axes *x, const char *option, const char *name, error *e);

/* "context" of "model.context". */
const char *axes_leaf(const char *key);

/* Are all its levels positive numbers? */
bool axes_numeric(const axes *x, const char *key);

/* By the level of one axis: numbers ascending, words in the order of the arms. */
axes_groups axes_by(const axes *x, const char *key);

/* By all that varies but these two (NULL: none): "mqa", "mqa, dim=64", or "" where nothing else
 * varies. */
axes_groups axes_without(const axes *x, const char *key, const char *other);

/* A value of an arm as people write it; the caller frees it. */
char *axes_value(const axes *x, int arm, const char *key);

/* What an arm is called by these axes: "mqa, context=512"; the caller frees it. */
char *axes_words(const axes *x, int arm, const char *const *key, int keys);

void axes_groups_close(axes_groups *g);

#endif
