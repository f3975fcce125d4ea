/* train_step.h - one step of training: loss, gradient, update.
 *
 *     g = gradient of the mean loss over the targets of a batch        (train_step_gradient)
 *     g = g min(1, clip / |g|);  the optimizer updates w with g        (train_step_update)
 *
 * The sequences of a batch are cut into lanes.  Threads take lanes in order, each with a pass and a
 * gradient of its own, and the gradients are added in the order of the lanes.  So the bits of a
 * step do not depend on the number of threads.
 */
#ifndef TRAINER_MODEL_TRAIN_STEP_H
#define TRAINER_MODEL_TRAIN_STEP_H

#include "core/compute/kernels.h"
#include "core/compute/panels.h"
#include "core/compute/threads.h"
#include "trainer/model/model.h"
#include "trainer/model/optimizer.h"
#include "trainer/model/pass.h"
#include "trainer/model/weights.h"

typedef struct train_step {
    model m;
    int sequences, lanes, workers; /* of a batch; used; threads that take lanes             */
    float *w, *g;                  /* weights and gradient: blocks of the model's layout    */
    optimizer_run optimizer;       /* and its state                                         */
    float **lane_g;                /* (workers) gradient of the lane at hand                */
    pass *pass;                    /* (workers)                                             */
    float *nll;                    /* (sequences, T)                                        */
    double *square;                /* sums of squares of g, one a piece                     */
    panels *panels;                /* of w, while a gradient is computed                    */
    threads *pool;
    double update_seconds; /* thread-seconds spent in the optimizer */
} train_step;

typedef struct train_step_result {
    double loss, grad_norm; /* nats a target; before clipping */
    bool clipped;
} train_step_result;

/* How a batch is cut, and for how many threads. */
typedef struct train_step_cut {
    int sequences, lanes; /* of a batch                         */
    int most;             /* sequences of the largest lane      */
    int workers;          /* threads that take lanes            */
} train_step_cut;
train_step_cut train_step_cut_of(const config *c, int n_threads);

/* The number format that train.precision names. */
kernels_precision train_step_precision(const config *c);

/* Set the precision of this process to train.precision.  Fails if the processor does not have it.
 */
bool train_step_check(const config *c, error *e);

/* Allocate everything for a resolved configuration; weights are not filled.  Fails as
 * train_step_check does, and if memory runs out. */
bool train_step_open(train_step *train, const run_spec *spec, int n_threads, error *e);
void train_step_close(train_step *train);

/* Weights as the configuration starts them, random or (from not NULL) those of a file, converted as
 * train.convert says; and an optimizer that has not taken a step.  Fails as weights_convert does.
 */
bool train_step_start(train_step *train, const config *c, const weights_source *from, error *e);

/* Loss and gradient (in train->g) of token and target (sequences, T); targets of -1 don't count. */
void train_step_gradient(train_step *train, train_step_result *r, const int32_t *token,
                         const int32_t *target);

/* Clip the gradient to the norm train.clip and update as step t (from 1).  The gradient must be
 * finite. */
void train_step_update(train_step *train, train_step_result *r, const config *c, double lr,
                       int64_t t);

/* Why the run may have diverged: the first weights that are not finite, and the optimizer's reason
 * if the settings are one.  Empty if all weights are finite. */
void train_step_diagnose(char *out, size_t size, const train_step *train, const config *c);

/* Thread-seconds by part, since train_step_open. */
void train_step_seconds(double seconds[PARTS], const train_step *train);

/* The learning rate of a step, at n = step x batch_tokens of N tokens: a linear warm-up, then
 *
 *     cosine    to min_lr_ratio of the peak at N (Loshchilov and Hutter 2017, without restarts)
 *     constant  the peak
 *     wsd       the peak, and over the last decay_tokens a straight line to min_lr_ratio at N
 *               (warm-up, stable, decay: Zhai et al. 2022; Hu et al. 2024; Haegele et al. 2024)
 *
 * Until N - decay_tokens the rates of wsd are those of constant, so runs of different length share
 * their stable part. */
double train_step_rate(const config *c, int64_t step);

#endif
