/* suite_draft.h - a suite that is made here: suite.yaml and a file of JSON lines for each task.
 *
 * Everything is made in memory first.  The folder must be new or empty, and suite.yaml is written
 * last, so a suite that is only half written never opens.
 */
#ifndef TRAINER_TASKS_SUITE_DRAFT_H
#define TRAINER_TASKS_SUITE_DRAFT_H

#include "core/base/error.h"
#include "core/base/growing.h"

#include <jansson.h>
#include <stdint.h>

enum { SUITE_DRAFT_TASKS = 64, SUITE_DRAFT_NAME = 64 };

typedef struct suite_draft_task {
    char name[SUITE_DRAFT_NAME];
    const char *kind, *group, *metric; /* of suite.yaml; metric NULL: the kind's own */
    growing lines;
    int items;
    double distance; /* the sum of what items have  */
    int distances;   /* items that have one         */
} suite_draft_task;

typedef struct suite_draft {
    char *folder, *name;
    char *source; /* a comment in suite.yaml: what it was made from */
    int64_t seed;
    int tasks;
    suite_draft_task task[SUITE_DRAFT_TASKS];
} suite_draft;

/* Begin a suite that will be written into `folder`.  Fails (STATUS_USAGE) if that has files. */
bool suite_draft_open(suite_draft *d, const char *folder, int64_t seed, error *e);
void suite_draft_close(suite_draft *d);

/* Add a task, at most SUITE_DRAFT_TASKS.  The name becomes letters, digits, - and _.  Fails
 * (STATUS_USAGE) if there is one of this name. */
bool suite_draft_add(suite_draft *d, const char *name, const char *kind, const char *group,
                     const char *metric, error *e);

/* Add an item, which is released, to the task that was added last; its id is its number.
 * distance, depth: below 0 if unknown. */
void suite_draft_item(suite_draft *d, json_t *item, int64_t distance, double depth);

/* Write all files and flush them. */
bool suite_draft_write(suite_draft *d, error *e);

#endif
