/* task_kind.h - what kind of question a task asks, and how an answer is scored.
 *
 * A kind is one C file in kinds/ that ends in one `const task_kind`, listed in one line of
 * kinds/meson.build.  It says what an item must hold, and turns the likelihoods of what may follow
 * a prompt into scores.
 */
#ifndef TRAINER_SUITES_TASK_KIND_H
#define TRAINER_SUITES_TASK_KIND_H

#include "trainer/suites/coded.h"
#include "trainer/suites/item.h"

/* The score of an item.  What a kind does not measure is NaN; the caller frees `detail`. */
typedef struct task_score {
    int item;             /* from 0 */
    double acc, acc_norm; /* 1 right, 0 wrong: by the likelihood, and by the likelihood a byte. With
                             several answers, the part of them that is right */
    double margin;        /* probability of the answer less that of the best other option */
    double nll;           /* of the answer, in nats */
    int64_t tokens, bytes; /* of the answer; bytes 0: unknown */
    char *detail;          /* JSON: the log-likelihoods of all options, or the text given; NULL */
} task_score;

typedef struct task_kind {
    const char *name, *help;
    const char *field, *tokens; /* what holds the prompt, as text and (NULL: never) as tokens */
    const char *const *metrics; /* those it has, NULL last; the first one counts by default */
    bool guessed;               /* is 1 / options what guessing gives? */
    bool rolling;               /* is an item read in as many windows as it needs? */
    bool decodes;               /* may an answer be right though its tokens are not? (answer.h) */

    /* Fill in the options and the answer from a line's object; the prompt is there already. */
    bool (*read)(item *it, const json_t *object, error *e);

    /* Fill in the score, all but `item`; every span of c has its likelihood. */
    void (*score)(task_score *out, const item *it, const coded *c);
} task_kind;

/* Every kind, NULL last.  Generated from kinds/meson.build. */
extern const task_kind *const task_kinds[];

const task_kind *task_kind_find(const char *name);

/* "choice, exact, cloze, lm". */
void task_kind_words(char *out, size_t size);

/* For the kinds: a score without anything, and the sums over all spans of a coded item. */
void task_score_empty(task_score *out);
void task_score_sum(task_score *out, const coded *c);

#endif
