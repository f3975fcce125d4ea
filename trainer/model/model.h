/* model.h - Llama 2 with a pluggable attention (Touvron et al. 2023): what it holds, what it costs.
 *
 *     x = embed[token];  L times:  x += attention(rmsnorm(x));  x += down(swiglu(gate x', up x'))
 *     with x' = rmsnorm(x);        logits = head rmsnorm(x)
 *
 * Weights are one list of tensors by their Hugging Face names, placed in one block; gradients and
 * moments are blocks of the same layout.  pass.h computes with them.
 */
#ifndef TRAINER_MODEL_MODEL_H
#define TRAINER_MODEL_MODEL_H

#include "core/base/error.h"
#include "core/compute/kernels.h"
#include "core/compute/panels.h"
#include "core/compute/tensor.h"
#include "trainer/config/run_spec.h"

enum { MODEL_NAME = 80 };

/* Dims of one layer for B sequences of T positions, S of them in one call. */
attn_dims model_dims(const model_config *c, int layer, int B, int T, int S);

typedef enum model_part {
    MODEL_EMBED,
    MODEL_ATTENTION,
    MODEL_FFN,
    MODEL_NORM,
    MODEL_HEAD,
    MODEL_PARTS
} model_part;

typedef struct model_tensor {
    char name[MODEL_NAME]; /* "model.layers.3.self_attn.q_proj.weight" */
    tensor_spec spec;      /* spec.name is the leaf                    */
    model_part part;
    int layer;    /* -1 outside the layers               */
    size_t at, n; /* place in a block, and floats        */
    bool decay;   /* rank 2 or more                      */
} model_tensor;

typedef struct model {
    model_config config;
    int n;
    model_tensor *tensor;        /* embed, layers in order, norm, head */
    size_t floats;               /* of one block                       */
    int first[MODEL_LAYERS + 1]; /* index of each layer's first tensor, and of what follows */
} model;

/* Fails on no memory only; the configuration has been checked. */
bool model_open(model *m, const model_config *c, error *e);
void model_close(model *m);

/* Fill a block with the weights that (seed, replica) start from. */
void model_init(const model *m, float *w, uint64_t seed, uint64_t replica);

/* The weights that linear layers multiply by, at most m->n, in a block w; returns how many. */
int model_linears(const model *m, const float *w, panels_weight *out);

/* What a configuration costs, known without running it. */
typedef struct model_cost {
    int64_t params[MODEL_PARTS], total, nonembed; /* nonembed: without embedding and head        */
    double train_flops; /* a token: 6 x matmul parameters + 12 H E x visible pairs, all layers */
    double kv_bytes;    /* a token: float32 cache of all layers at T, over T                  */
    int n_kv_heads;     /* 0 where a layer has none, or layers differ                         */
} model_cost;
void model_price(model_cost *p, const model_config *c);

/* Bytes that a training run allocates. */
typedef struct model_memory {
    size_t weights, gradients, moments, activations, scratch, total;
} model_memory;
void model_weigh(model_memory *p, const model_config *c, kernels_precision precision, int sequences,
                 int lanes, int threads);

#endif
