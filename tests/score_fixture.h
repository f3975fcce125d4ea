/* score_fixture.h - a suite of tasks for the study of a fixture, with scores chosen by the test. */
#ifndef TESTS_SCORE_FIXTURE_H
#define TESTS_SCORE_FIXTURE_H

#include "tests/fixture.h"

typedef struct score_task {
    const char *name, *group, *metric;
    int items;
} score_task;

/* A suite with these tasks.  Item i has the length 64 (1 + i mod 4), the distance 2^(2 + i mod 6)
 * and the depth (i mod 5) / 4. */
int64_t score_suite(fixture *f, const char *name, const score_task *task, int tasks);

/* The score of an item: of task t, arm a, seed s (from 0) and item i; NaN: it is not scored.  For
 * nll and bpb it is the sum of nats; the answer has 4 tokens and 12 bytes. */
typedef double score_of(int t, int a, int s, int i);

/* Evaluate every finished run of the fixture's study by the suite, at its last step, with items of
 * up to `context` tokens. */
void score_runs(fixture *f, int64_t suite, score_of *of, int context);

/* A number from 0 to 1 that depends on all four. */
double score_random(int t, int a, int s, int i);

#endif
