/* optimizer.h - what an optimizer is, and one at work on a model.
 *
 *     (w, state) = update(w, state, gradient)        for each weight tensor, once a step
 *
 * An optimizer is one C file in optimizers/ that ends in one `const optimizer`, listed in one line
 * of optimizers/meson.build.  It declares the state tensors that it keeps for each weight tensor;
 * placement, checkpoints, resuming and the memory estimate all read that list.  It never allocates,
 * fails or prints.
 *
 * How work is cut: threads take pieces, each piece once, in no fixed order.  Usually a piece is at
 * most OPTIMIZER_PIECE consecutive entries of one tensor, state tensors have the shape of the
 * weights, and every entry must depend on its own values alone.  A tensor that the optimizer asks
 * for as a `whole` (to multiply matrices, as Muon does) is one piece: update may call kernels and
 * threads_grid, which hand parts of their work to idle threads in a way that depends on shapes
 * alone.  Either way the bits do not depend on the number of threads.
 */
#ifndef TRAINER_MODEL_OPTIMIZER_H
#define TRAINER_MODEL_OPTIMIZER_H

#include "core/base/error.h"
#include "core/compute/kernels.h"
#include "core/compute/threads.h"
#include "trainer/model/model.h"

enum {
    OPTIMIZER_STATES = 4,      /* most state tensors of one weight tensor */
    OPTIMIZER_PIECE = 1 << 16, /* most entries of a piece that is not a whole tensor */
};

typedef struct optimizer_settings {
    double lr, beta1, beta2, eps; /* lr: of this step                             */
    double weight_decay;          /* of tensors whose `decay` is set              */
    double scale;                 /* gradients are multiplied by it: the clipping */
    int64_t step;                 /* the number of this update, from 1            */
} optimizer_settings;

/* What one call of update works on. */
typedef struct optimizer_piece {
    const model_tensor *tensor;     /* name, role, layer and shape of the whole tensor    */
    size_t n;                       /* entries at hand                                    */
    float *w;                       /* (n) weights                                        */
    const float *g;                 /* (n) gradient                                       */
    float *state[OPTIMIZER_STATES]; /* in the declared order, 0 before the first step */
    float *scratch;                 /* what `scratch` asked for, or NULL; not cleared     */
} optimizer_piece;

typedef struct optimizer {
    const char *name; /* the value of train.optimizer              */
    const char *help; /* one line, with the paper and the keys it reads */

    /* Fill a zeroed list with the state of one weight tensor: names such as "m", and shapes. */
    void (*states)(tensor_spec *out, const model_tensor *t);

    /* Floats of scratch for one weight tensor; NULL: none. */
    size_t (*scratch)(const model_tensor *t);

    /* Must update get this tensor in one piece?  NULL: none of them. */
    bool (*whole)(const model_tensor *t);

    void (*update)(const optimizer_piece *p, const optimizer_settings *s);

    /* FLOPs of the matrix products in one update of this tensor; NULL: there are none. */
    double (*flops)(const model_tensor *t);

    /* Why an update with these settings (lr and step don't count) may give weights that are not
     * finite though gradients are: part of a message.  NULL, or the function NULL: it does not. */
    const char *(*hazard)(const optimizer_settings *s);
} optimizer;

/* Every optimizer, NULL last.  Generated from optimizers/meson.build. */
extern const optimizer *const optimizers[];

/* A state tensor of the same shape as the weights. */
tensor_spec optimizer_state_like(const char *name, const model_tensor *t);

/* AdamW's settings for a piece: also of optimizers that leave some of the tensors to AdamW. */
adamw optimizer_adam(const optimizer_piece *p, const optimizer_settings *s);

typedef struct optimizer_range {
    int tensor;
    size_t from, n; /* entries of that tensor */
} optimizer_range;

/* An optimizer at work on one model. */
typedef struct optimizer_run {
    const optimizer *kind;
    const model *m;
    float *w;
    const float *g;        /* blocks of the model's layout; not owned             */
    float *state;          /* one block, all states of all tensors                */
    float **place;         /* (m->n, OPTIMIZER_STATES): where each lies, or NULL  */
    size_t floats;         /* of `state`                                          */
    float *scratch;        /* (threads, scratch_floats), or NULL                  */
    size_t scratch_floats; /* of one thread                                       */
    int pieces;
    optimizer_range *piece; /* (pieces) */
} optimizer_run;

/* State is all 0.  m, w and g must outlive o.  Fails if memory runs out. */
bool optimizer_open(optimizer_run *o, const optimizer *kind, const model *m, float *w,
                    const float *g, int n_threads, error *e);
void optimizer_close(optimizer_run *o);

/* State as before the first step. */
void optimizer_clear(optimizer_run *o);

/* One step over all weights, on a pool of at most the n_threads that it was opened for. */
void optimizer_update(const optimizer_run *o, const optimizer_settings *s, threads *pool);

/* The state tensor of a weight tensor: its declaration, and where it lies.  False past the last. */
bool optimizer_state(tensor_spec *spec, float **at, const optimizer_run *o, int tensor, int state);

/* Bytes that optimizer_open takes: states, and scratch for n_threads. */
void optimizer_memory(size_t *states, size_t *scratch, const optimizer *kind, const model *m,
                      int n_threads);

/* FLOPs of the matrix products in one update of the model. */
double optimizer_flops(const optimizer *kind, const model *m);

#endif
