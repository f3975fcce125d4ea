/* generated_suite.h - `attnlab tasks --generate`: the items of generators as a suite, a task for
 * each spec.
 */
#ifndef TRAINER_TASKS_GENERATED_SUITE_H
#define TRAINER_TASKS_GENERATED_SUITE_H

#include "trainer/tasks/suite_draft.h"

/* Add n items of the generator that spec names, of the draft's seed and the part PART_OF_SUITE, as
 * a task of kind cloze.  An item ends with one of its answers: item i with answer i mod answers.
 * Fails (STATUS_USAGE) if the spec is wrong. */
bool generated_suite_add(suite_draft *d, const char *spec, int64_t n, error *e);

#endif
