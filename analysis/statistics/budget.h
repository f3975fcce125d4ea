/* budget.h - which of several designs has the best chance to decide a question within a time.
 *
 * A run of a size takes  fixed + rate T  seconds for T tokens, as measured with the same number of
 * runs side by side.  A study of n seeds and A arms on J places takes at most
 *
 *     n A seconds / J + (1 - 1/J) seconds
 *
 * (Graham 1969: places that take the next run when they are free).  For each size and number of
 * tokens the proposal has the fewest seeds that reach the power asked for, or as many as the time
 * allows, from PROMISE_SEEDS to PROMISE_MOST.  Chosen is the design whose runs train longest (in
 * seconds, as size and tokens both count) among those that reach the power; if none does, the one
 * with the best chance.  A small or short model answers another question than a large or long one.
 */
#ifndef ANALYSIS_STATISTICS_BUDGET_H
#define ANALYSIS_STATISTICS_BUDGET_H

#include "analysis/statistics/promise.h"

/* What a run of a size has taken. */
typedef struct budget_time {
    int size;
    double tokens, seconds;
} budget_time;

/* Seconds of a run: a line through the measured ones, with neither part below 0; NaN if the size
 * was not measured. */
double budget_seconds(const budget_time *measured, int size, double tokens, int n);

typedef struct budget_question {
    double seconds; /* the whole budget */
    int arms, jobs;
    double effect, margin, power; /* margin NaN: none */
} budget_question;

typedef struct budget_row {
    int size;
    double tokens;
    int seeds;                                 /* 0: not even PROMISE_SEEDS fit */
    double run_seconds, seconds, core_seconds; /* of a run; of the study, and of all its runs */
    promise_spread spread;
    promise promise;
} budget_row;

/* Seconds of a study of so many seeds. */
double budget_total(const budget_question *q, double seconds, int seeds);

/* Fill in the row for its size and tokens. */
void budget_fit(budget_row *row, forecast *f, const promise_pilot *pilot, int pilots,
                const budget_time *measured, int times, const budget_question *q);

/* The index of the row to choose, -1 if none has seeds. */
int budget_choose(const budget_row *row, double power, int n);

#endif
