/* plan.h - a study in the database: arms x seeds, written before anything runs.
 *
 * One transaction writes the study, its version, its arms with their configurations, and a run for
 * every cell.  Rows that exist are found by their identity and kept.  An arm that the study no
 * longer has is marked as dropped and never deleted.  A version is the text of the study's file
 * with its settings; whatever changes in them makes a new one.
 */
#ifndef EXPERIMENTS_PLAN_H
#define EXPERIMENTS_PLAN_H

#include "experiments/arms.h"
#include "trainer/run/run_row.h"

typedef struct cell {
    const arm *arm;
    int seed;
    run_row run; /* run_id 0: not in the database */
} cell;

/* What a cell is: the uid of its run of generation 0, whatever else the study has.  Its shard of n
 * is
 *
 *     1 + (first 32 bits of the identity) mod n
 *
 * so a cell stays in its shard when arms and seeds are added, on every machine. */
void plan_identity(char uid[CONFIG_UID], const arm *a, int seed);
int plan_shard(const char *uid, int n);

/* Cells go by seed, then by arm: whole pairs come first.  Only those of the study's shard. */
typedef struct plan {
    int n;
    cell *cell;
    int64_t dropped; /* arms that plan_write took out of the study */
} plan;

/* What the database has, without writing; `d` may be NULL if there is none yet. */
bool plan_look(plan *p, db *d, const arms *a, const study_file *s, error *e);

/* Fails if runs are outdated, unless they are planned `again` as a new generation or accepted as
 * they are; and if the database has a study of this name with other fixed keys. */
bool plan_write(plan *p, db *d, const arms *a, const study_file *s, bool again, bool accept,
                error *e);

void plan_close(plan *p);

#endif
