/* design.c - combination i of each design, as the level of each axis. */
#include "experiments/design.h"

#include "experiments/study_file.h"

#include <stdio.h>
#include <string.h>

/* The axes of the design come first, then those of sweep.cross. */
static int own_axes(const study_file *s)
{
    return s->axes - s->crossed;
}

/* How many combinations the axes from `first` up to `end` have. */
static int64_t product(const study_file *s, int first, int end)
{
    int64_t n = 1;
    for (int k = first; k < end && n <= DESIGN_MOST; k++) n *= s->axis[k].n;
    return n <= DESIGN_MOST ? n : DESIGN_MOST + 1;
}

/* The i-th of them, the last axis fastest. */
static void spread(int *at, const study_file *s, int first, int end, int64_t i)
{
    for (int k = end - 1; k >= first; k--) {
        at[k] = (int)(i % s->axis[k].n);
        i /= s->axis[k].n;
    }
}

static bool check_nothing(const study_file *s, error *e)
{
    (void)s, (void)e;
    return true;
}

/* --- grid ------------------------------------------------------------------------------------- */

static int64_t count_grid(const study_file *s)
{
    return product(s, 0, own_axes(s));
}

static void place_grid(int *at, const study_file *s, int64_t i)
{
    spread(at, s, 0, own_axes(s), i);
}

/* --- zip -------------------------------------------------------------------------------------- */

static bool check_zip(const study_file *s, error *e)
{
    for (int k = 1; k < own_axes(s); k++)
        if (s->axis[k].n != s->axis[0].n)
            return yaml_error(s->axis[k].place, e,
                              "sweep.axes: zip takes axes of equal length, and %s has %d value%s "
                              "where %s has %d",
                              s->axis[k].name, s->axis[k].n, s->axis[k].n == 1 ? "" : "s",
                              s->axis[0].name, s->axis[0].n);
    return true;
}

static int64_t count_zip(const study_file *s)
{
    return own_axes(s) ? s->axis[0].n : 1;
}

static void place_zip(int *at, const study_file *s, int64_t i)
{
    for (int k = 0; k < own_axes(s); k++) at[k] = (int)i;
}

/* --- one at a time ---------------------------------------------------------------------------- */

static bool check_alone(const study_file *s, error *e)
{
    for (int k = 0; k < own_axes(s); k++)
        if (!yaml_find(s->baseline, s->axis[k].name))
            return yaml_error(s->baseline, e,
                              "sweep.baseline: %s is missing: one-at-a-time starts from a value of "
                              "every axis",
                              s->axis[k].name);
    return true;
}

/* All other values of all axes, and what they are compared with. */
static int64_t count_steps(const study_file *s)
{
    int64_t n = 1;
    for (int k = 0; k < own_axes(s); k++) n += s->axis[k].n - 1;
    return n;
}

static void place_alone(int *at, const study_file *s, int64_t i)
{
    int64_t left = i; /* the baseline is 0; then the other values of each axis, counted from 1 */
    for (int k = 0; k < own_axes(s); k++) {
        const study_file_axis *x = &s->axis[k];
        const yaml_node *value = yaml_find(s->baseline, x->name);
        int start = 0;
        while (start < x->n - 1 && !study_file_same(s, x->key, value, &x->value[start])) start++;
        at[k] = start;
        if (left > 0 && left < x->n) at[k] = (int)(left - 1 < start ? left - 1 : left);
        left -= x->n - 1;
    }
}

/* --- staircase -------------------------------------------------------------------------------- */

static bool check_staircase(const study_file *s, error *e)
{
    if (own_axes(s) == 0)
        return error_usage(e, "%s: sweep.axes: a staircase needs an axis", study_file_path(s));
    return !s->baseline ||
           yaml_error(s->baseline, e,
                      "sweep.baseline: a staircase compares each arm with the one before it, and "
                      "starts from the first value of each axis: leave the baseline out");
}

static void place_staircase(int *at, const study_file *s, int64_t i)
{
    int64_t left = i;
    for (int k = 0; k < own_axes(s); k++) {
        const int64_t most = s->axis[k].n - 1;
        at[k] = (int)(left < most ? left : most);
        left -= at[k];
    }
}

/* --- list ------------------------------------------------------------------------------------- */

static bool check_list(const study_file *s, error *e)
{
    return s->list || error_usage(e, "%s: sweep.arms is missing: the design list needs it",
                                  study_file_path(s));
}

static int64_t count_list(const study_file *s)
{
    return s->list->n;
}

static void place_list(int *at, const study_file *s, int64_t i)
{
    const yaml_node *arm = &s->list->item[i];
    for (int k = 0; k < own_axes(s); k++) {
        const study_file_axis *x = &s->axis[k];
        const yaml_node *value = yaml_find(arm, x->name);
        at[k] = 0;
        while (at[k] < x->n - 1 && !study_file_same(s, x->key, value, &x->value[at[k]])) at[k]++;
    }
}

/* --- the table -------------------------------------------------------------------------------- */

// clang-format off
const design designs[] = {
    { "grid",          "every combination of the axes",                       true,  false, check_nothing,   count_grid,  place_grid },
    { "zip",           "the axes go together",                                true,  false, check_zip,       count_zip,   place_zip },
    { "one-at-a-time", "the baseline, and each other value by itself",        true,  false, check_alone,     count_steps, place_alone },
    { "staircase",     "one change on top of another, each with its own arm", false, true,  check_staircase, count_steps, place_staircase },
    { "list",          "the arms that sweep.arms lists",                      false, false, check_list,      count_list,  place_list },
    { 0 },
};
// clang-format on

const design *design_find(const char *name)
{
    for (const design *d = designs; d->name; d++)
        if (strcmp(d->name, name) == 0) return d;
    return NULL;
}

void design_names(char *out, size_t size)
{
    size_t n = 0;
    for (const design *d = designs; d->name && n < size; d++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", n ? ", " : "", d->name);
}

bool design_check(const study_file *s, error *e)
{
    const design *d = s->design;
    if (s->list && d->count != count_list)
        return yaml_error(
            s->list, e, "sweep.arms: lists arms, but sweep.design is %s: set it to list", d->name);
    if (s->exclude && s->exclude->n && !d->excludes)
        return yaml_error(s->exclude, e,
                          "sweep.exclude: in a %s there is nothing to leave out: change its %s",
                          d->name, d->chained ? "axes" : "arms");
    if (s->axes > 0 && !s->baseline && !d->chained)
        return error_usage(e,
                           "%s: sweep.baseline is missing: it says what arms are compared with, "
                           "such as {%s: ...}",
                           study_file_path(s), s->axis[0].name);
    return d->check(s, e);
}

int64_t design_crossings(const study_file *s)
{
    return product(s, own_axes(s), s->axes);
}

int64_t design_count(const study_file *s)
{
    const int64_t own = s->design->count(s), n = own * design_crossings(s);
    return n <= DESIGN_MOST ? n : DESIGN_MOST + 1;
}

void design_place(int *at, const study_file *s, int64_t i)
{
    const int64_t crossings = design_crossings(s);
    s->design->place(at, s, i / crossings);
    spread(at, s, own_axes(s), s->axes, i % crossings);
}
