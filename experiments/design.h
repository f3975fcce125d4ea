/* design.h - which combinations of the axes are arms, and what each is compared with.
 *
 *     grid           every combination                                     n1 n2 ... arms
 *     zip            the first values together, the second together, ...   n arms
 *     one-at-a-time  the baseline, and each other value of each axis alone 1 + sum (n - 1) arms
 *     staircase      the first values, then one change after another       1 + sum (n - 1) arms
 *     list           the combinations that sweep.arms lists                n arms
 *
 * The axes of sweep.cross are no part of the design: each of its arms is there at every combination
 * of their levels.  In a staircase each arm is compared with the one before it, otherwise with the
 * arm that sweep.baseline says.
 */
#ifndef EXPERIMENTS_DESIGN_H
#define EXPERIMENTS_DESIGN_H

#include "core/base/error.h"

#include <stddef.h>
#include <stdint.h>

struct study_file;

typedef struct design {
    const char *name, *help;
    bool excludes; /* may sweep.exclude leave arms out? */
    bool chained;  /* each arm is compared with the one before it, without a baseline */
    bool (*check)(const struct study_file *s, error *e);
    int64_t (*count)(const struct study_file *s); /* arms, before those that are left out */
    void (*place)(int *at, const struct study_file *s, int64_t i); /* level of each axis in arm i */
} design;

/* Every design; the first is the default, and the last has no name. */
extern const design designs[];

/* The design of this name, or NULL. */
const design *design_find(const char *name);

/* The names, as "grid, zip, ...". */
void design_names(char *out, size_t size);

/* Does the study have what its design needs?  Its axes have been read. */
bool design_check(const struct study_file *s, error *e);

/* Arms of the design times the levels of sweep.cross; at most DESIGN_MOST + 1 is told. */
enum { DESIGN_MOST = 100000 };
int64_t design_count(const struct study_file *s);

/* How many levels sweep.cross has all together, at most DESIGN_MOST + 1; 1 without it. */
int64_t design_crossings(const struct study_file *s);

/* The level of each axis in combination i: the axes of sweep.cross vary fastest. */
void design_place(int *at, const struct study_file *s, int64_t i);

#endif
