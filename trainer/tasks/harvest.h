/* harvest.h - `attnlab tasks --from CORPUS`: evaluation tasks made out of the held-out text of a
 * corpus.
 *
 *     last-word      cloze       the last word of a passage, which occurred earlier in it
 *                                (as LAMBADA: Paperno et al. 2016)
 *     continuation   choice 4    how does the passage go on?  The others are from the same document
 *     order          choice 2    which of two paragraphs comes first?
 *     name           choice 4    which name comes next?  It was last mentioned long ago; the others
 *                                are names in the passage, too
 *
 * The same corpus and settings give the same suite, byte by byte.  The items of a task stand in
 * random order, so the first n are a sample of all.
 */
#ifndef TRAINER_TASKS_HARVEST_H
#define TRAINER_TASKS_HARVEST_H

#include "trainer/tasks/suite_draft.h"

typedef struct harvest_order {
    const char *corpus; /* its folder                                                       */
    int64_t items;      /* of each task, at most                                            */
    int context;        /* tokens of a prompt with its longest option, at most, BOS included */
    int answer;         /* tokens of an option, at most: it must fit the shortest context       */
    int distance;       /* name: tokens back to the last mention, at least                  */
} harvest_order;

/* Add the four tasks to the draft; a task that the text has no items for is left out.  Fails if the
 * corpus cannot be read or has no text, or if no task has items. */
bool harvest_add(suite_draft *d, const harvest_order *o, error *e);

#endif
