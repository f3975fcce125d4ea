/* harvest_tasks.h - what makes items out of a document: one value for each task.
 *
 * A prompt begins with a sentence and is at least half as long as it may be, or the place makes no
 * item.  What separates it from its answer (a space, a line end) belongs to the answer.
 */
#ifndef TRAINER_TASKS_HARVEST_TASKS_H
#define TRAINER_TASKS_HARVEST_TASKS_H

#include "trainer/tasks/draws.h"
#include "trainer/tasks/harvest.h"
#include "trainer/tasks/harvest_text.h"

typedef struct harvest_task {
    const char *name, *kind, *group, *metric; /* in the suite */

    /* The places where an item may be. */
    int (*places)(const harvest_text *t);

    /* The item at a place, or NULL; the caller releases it.  *distance is set if it has one: tokens
     * from the answer back to what gives it away. */
    json_t *(*make)(const harvest_text *t, const harvest_order *o, int place, draws *d,
                    int64_t *distance);
} harvest_task;

/* NULL last. */
extern const harvest_task *const harvest_tasks[];
extern const harvest_task harvest_last_word, harvest_name, harvest_continuation,
    harvest_order_of_two;

/* For tasks: the place of the sentence that a prompt begins with, if it ends before byte `end` and
 * `room` tokens must fit behind it; -1 if the text before it is too short. */
int harvest_begin(const harvest_text *t, const harvest_order *o, int end, int room);

/* Where the blanks in front of byte `at` begin. */
int harvest_gap(const harvest_text *t, int at);

#endif
