/* train_step.h - weights, moments, gradients, and one step of training.
 *
 * The sequences of a step are cut into lanes; threads take lanes in order, each with a pass and a
 * gradient of its own, and gradients are added up in the order of the lanes.  So the bits of a step
 * do not depend on the number of threads.
 */
#ifndef TRAINER_MODEL_TRAIN_STEP_H
#define TRAINER_MODEL_TRAIN_STEP_H

#include "core/compute/panels.h"
#include "core/compute/threads.h"
#include "trainer/model/model.h"
#include "trainer/model/pass.h"

typedef struct train_step {
    model m;
    int sequences, lanes, workers; /* of a step; used; threads that take lanes */
    float *w, *m1, *m2, *g;        /* blocks of the model's layout; g is the sum over lanes */
    float **lane_g;                /* (workers)                                */
    pass *pass;                    /* (workers)                                */
    float *nll;                    /* (sequences, T)                           */
    double *square;                /* sums of squares, a chunk of g each       */
    panels *panels;                /* of w, while a gradient is computed       */
    threads *pool;
    double update_seconds; /* spent on the optimiser, of the whole pool */
} train_step;

typedef struct train_step_result {
    double loss, grad_norm; /* nats a target; before clipping */
    bool clipped;
} train_step_result;

/* Can this processor compute with train.precision?  From here on the process does. */
bool train_step_check(const config *c, error *e);

/* Memory for a resolved configuration, weights not filled.  Fails as train_step_check does, and on
 * no memory. */
bool train_step_open(train_step *l, const run_spec *spec, int n_threads, error *e);
void train_step_close(train_step *l);

/* Weights as the configuration starts them: random, or those of train.init_from. */
bool train_step_start(train_step *l, const config *c, error *e);

/* Loss and gradient (in l->g) of token and target (sequences, T); targets of -1 do not count. */
void train_step_gradient(train_step *l, train_step_result *r, const int32_t *token,
                         const int32_t *target);

/* Clip to global norm `clip` and update as step t (from 1).  Needs a finite gradient. */
void train_step_update(train_step *l, train_step_result *r, const config *c, double lr, int64_t t);

/* Thread-seconds by part, since it was opened. */
void train_step_seconds(double seconds[PARTS], const train_step *l);

/* The learning rate of a step, at n = step x batch_tokens of N tokens: a linear warm-up, then
 *
 *     cosine    to min_lr_ratio of the peak at N (Loshchilov and Hutter 2017, without restarts)
 *     constant  the peak
 *     wsd       the peak, and over the last decay_tokens a straight line to min_lr_ratio at N
 *               (warm-up, stable, decay: Zhai et al. 2022; Hu et al. 2024; Haegele et al. 2024)
 *
 * Up to N - decay_tokens the rates of wsd are those of constant, so runs of different length share
 * what comes before. */
double train_step_rate(const config *c, int64_t step);

#endif
