/* model.h - Llama 2 with a pluggable attention (Touvron et al. 2023): its weights and its cost.
 *
 *     x = embed[token];  L times:  x += attention(rmsnorm(x));  x += down(swiglu(gate x', up x'))
 *     with x' = rmsnorm(x);        logits = head rmsnorm(x)
 *
 * Weights are one list of tensors with Hugging Face names, placed in one block; a gradient is a
 * block of the same layout.  pass.h computes with them.
 */
#ifndef TRAINER_MODEL_MODEL_H
#define TRAINER_MODEL_MODEL_H

#include "core/base/error.h"
#include "core/compute/panels.h"
#include "core/compute/tensor.h"
#include "trainer/config/run_spec.h"

#include <stdint.h>

enum { MODEL_NAME = 80 };

/* The dimensions of one layer's attention: B sequences of T positions, S of them in one call. */
attn_dims model_dims(const model_config *c, int layer, int B, int T, int S);

/* What a weight tensor is for.  A layer's tensors are in this order, those of its attention where
 * ROLE_ATTENTION stands. */
typedef enum model_role {
    ROLE_EMBEDDING,
    ROLE_NORM1, /* before the attention     */
    ROLE_ATTENTION,
    ROLE_NORM2, /* before the feed-forward  */
    ROLE_GATE,
    ROLE_UP,
    ROLE_DOWN,
    ROLE_NORM, /* after the last layer     */
    ROLE_HEAD,
    MODEL_ROLES
} model_role;

/* The parts that parameters are counted by. */
typedef enum model_part {
    MODEL_EMBED,
    MODEL_ATTENTION,
    MODEL_FFN,
    MODEL_NORM,
    MODEL_HEAD,
    MODEL_PARTS
} model_part;

typedef struct model_tensor {
    char name[MODEL_NAME]; /* "model.layers.3.self_attn.q_proj.weight"            */
    tensor_spec spec;      /* spec.name is the leaf                               */
    model_role role;
    model_part part;
    int layer;    /* -1 outside the layers                               */
    int index;    /* ROLE_ATTENTION: its place in the variant's own list */
    size_t at, n; /* place in a block, and floats                        */
    bool decay;   /* rank 2 or more                                      */
} model_tensor;

typedef struct model {
    model_config config;
    int n;
    model_tensor *tensor; /* (n) embedding, layers in order, norm, head */
    size_t floats;        /* of one block                               */
} model;

/* The configuration has been checked.  Fails if memory runs out. */
bool model_open(model *m, const model_config *c, error *e);
void model_close(model *m);

/* Fill a block w with the initial weights of (seed, replica). */
void model_init(const model *m, float *w, uint64_t seed, uint64_t replica);

/* List the weights that linear layers multiply by, in a block w (or NULL): at most m->n.  Returns
 * how many. */
int model_linears(const model *m, const float *w, panels_weight *out);

/* The cost of a configuration, known without running it. */
typedef struct model_cost {
    int64_t params[MODEL_PARTS], total, nonembed; /* nonembed: without embedding and head        */
    double train_flops; /* a token: 6 x matmul parameters + 12 H E x visible pairs + 3 x
                           state_flops, all layers */
    double kv_bytes;    /* a token: float32 cache of all layers at T, over T                  */
    double kv_constant; /* bytes of that cache if no layer's grows with T, else 0             */
    int n_kv_heads;     /* 0 if a layer has no such number, or layers differ                  */
} model_cost;
void model_cost_of(model_cost *out, const model_config *c);

#endif
