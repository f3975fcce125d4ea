/* answer.h - what a model writes after a prompt, always taking the likeliest token.
 *
 *     token i = argmax p(. | prompt, token 1, ..., token i - 1)
 *
 * It writes until it has as many bytes as the right answer, or with `until` up to that text; a mark
 * for the end of a text ends it, too.  White space in front does not count.
 */
#ifndef TRAINER_SUITES_ANSWER_H
#define TRAINER_SUITES_ANSWER_H

#include "trainer/suites/likelihood.h"

typedef struct answer {
    const int32_t *prompt; /* (n) */
    int n;
    char *right; /* the answer that is expected */
    char *given; /* what was written, cut to the length of the answer or at `until` */
    bool same;   /* are they equal?                                                  */
} answer;

/* Fill in `given`, which the caller frees, and `same` of n answers.  *stopped as in
 * likelihood_fill.  The model has a tokenizer.  Fails if memory runs out. */
bool answer_fill(bool *stopped, answer *list, int n, const char *until, const suite_model *with,
                 error *e);

#endif
