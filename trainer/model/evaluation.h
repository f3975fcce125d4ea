/* evaluation.h - the loss on held-out text, at one or more context lengths.
 *
 * The text is cut into windows of the largest length (a partial last one is dropped, eval.tokens
 * bounds their number).  Each length C divides that one; every target of a window is scored once:
 * with stride C by the window's pieces of C tokens, with a smaller stride s by pieces that begin
 * every s tokens, of which each but a window's first counts its last s targets only.  So all
 * lengths score exactly the same tokens.
 */
#ifndef TRAINER_MODEL_EVALUATION_H
#define TRAINER_MODEL_EVALUATION_H

#include "core/compute/threads.h"
#include "trainer/config/config.h"
#include "trainer/corpus/corpus.h"
#include "trainer/model/pass.h"

/* What one length gives. */
typedef struct evaluation_result {
    int context, stride;
    int64_t tokens, bytes; /* scored, and what they decode to                    */
    double nll_sum;        /* nats                                               */
    int64_t last_tokens;   /* in the last quarter of each window ...             */
    double last_nll_sum;   /* ... and their loss                                 */
    int windows;           /* and for each of them, tokens and loss:             */
    double *window_nll;    /* (windows)                                          */
    int64_t *pos_n;        /* (context): tokens scored at each position of a piece */
    double *pos_nll;       /* (context)                                          */
    int64_t wall_ms;
} evaluation_result;

typedef struct evaluation {
    const model *m;
    const corpus *text;
    int window, windows; /* tokens of a window; how many */
    int lengths;
    int context[CONFIG_LIST], stride[CONFIG_LIST];
    int workers;
    threads *pool;           /* the learner's */
    pass *pass;              /* (lengths, workers) */
    int32_t *text_of;        /* (workers, window + 1): tokens of one window          */
    int32_t *token, *target; /* (workers, window): of its pieces                     */
    float *nll;              /* (workers, window): of its pieces                     */
    float *loss;             /* (windows, window): of every target                   */
} evaluation;

/* Fails on a text that is shorter than a window, and on no memory. */
bool evaluation_open(evaluation *v, const model *m, const config *c, const corpus *text,
                     const float *w, threads *pool, error *e);
void evaluation_close(evaluation *v);

/* r (lengths), each ended by evaluation_result_close.  Fails on no memory. */
bool evaluation_run(evaluation *v, evaluation_result *r, error *e);
void evaluation_result_close(evaluation_result *r);

/* Bytes that evaluation_open takes; without the losses of a text whose length eval.tokens does not
 * say, 4 bytes a token. */
size_t evaluation_memory(const config *c, const model *m, int n_threads);

#endif
