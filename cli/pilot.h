/* pilot.h - the short runs from which `attnlab plan` learns spread and speed.
 *
 * For each size of the ladder (ladder.h) two lengths are run, T and T / 4, with all arms of the
 * study.  Sizes share the time equally.  Of each, T is the longest of the study's length and its
 * halves that fits with 6 seeds (or 4, if nothing does); if the whole length fits, there are as
 * many as 12 seeds.  Each pilot is a study in the database, so the same command resumes what was
 * cut off.  Their seeds begin at PILOT_SEED: the comparison must not see runs that have decided how
 * it is made.
 */
#ifndef CLI_PILOT_H
#define CLI_PILOT_H

#include "cli/command.h"
#include "experiments/ladder.h"

enum { PILOT_SEED = 900001, PILOT_LENGTHS = 2 };

typedef struct pilot_question {
    command_call *call;
    const study_file *own;
    const arms *arms;
    int64_t jobs;   /* runs at a time */
    double seconds; /* for all pilots together, on the clock */
    double budget;  /* of the study that is planned; sizes that can't fit are left out */
} pilot_question;

/* The pilots of one size. */
typedef struct pilot_design {
    ladder_size size;
    int64_t n_params; /* of the first arm */
    int seeds;
    int64_t tokens[PILOT_LENGTHS];
    double run_seconds[PILOT_LENGTHS]; /* estimated; NaN: the pilot is in the database */
    char name[PILOT_LENGTHS][STUDY_NAME];
} pilot_design;

typedef struct pilot_plan {
    int n, left_out; /* sizes; sizes of the ladder that are too large for either time */
    pilot_design design[LADDER_SIZES];
} pilot_plan;

/* Choose the pilots; nothing is written.  Fails if not even the smallest size fits. */
bool pilot_choose(pilot_plan *p, const pilot_question *q, error *e);

/* Seconds on the clock that the pilots take, without those that are in the database. */
double pilot_seconds(const pilot_plan *p, const pilot_question *q);

/* Run what is missing of them; returns the exit status. */
int pilot_run(const pilot_plan *p, const pilot_question *q, error *e);

#endif
