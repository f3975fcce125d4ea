/* plan_lines.h - the cells of a plan as lines for a launcher: GNU parallel, xargs, a queue of jobs.
 *
 * Each line is a command that needs nothing but the study: it plans the study in the database of
 * the machine that runs it, and trains one cell.
 */
#ifndef EXPERIMENTS_PLAN_LINES_H
#define EXPERIMENTS_PLAN_LINES_H

#include "experiments/plan.h"

typedef enum plan_lines_form { PLAN_LINES_SHELL, PLAN_LINES_JSONL } plan_lines_form;

/* The words for it; NULL last. */
extern const char *const plan_lines_forms[];

typedef struct plan_lines {
    plan_lines_form form;
    const char *study; /* as the user named it */
    const char *const *setting;
    int settings;
    const char *db; /* NULL: that of the environment */
} plan_lines;

/* A line of shell for each cell that is not finished, or an object of JSON for each cell.  Returns
 * how many cells are not finished. */
int plan_lines_print(FILE *out, const plan *p, const study_file *s, const plan_lines *o);

#endif
