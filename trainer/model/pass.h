/* pass.h - one thread's walk through the model: forward, loss, backward, or through the cache.
 *
 * A pass owns the activations of B sequences of S positions and points into weights and gradients
 * that it does not own.  It runs serially; several passes over one model run side by side.
 *
 *     PASS_TRAIN   keeps every layer's activations for backward                 S = T
 *     PASS_EVAL    layers take turns in one layer's memory; forward only        S = T
 *     PASS_DECODE  the same, with a key/value cache of T positions a layer      S <= T
 *
 * Logits are never kept whole: the head works on slices of PASS_SLICE rows.
 */
#ifndef TRAINER_MODEL_PASS_H
#define TRAINER_MODEL_PASS_H

#include "trainer/model/model.h"

enum { PASS_SLICE = 128 };

/* What the time of a step is spent on; train_step measures the last three. */
typedef enum pass_part {
    PART_ATTENTION,
    PART_ATTENTION_BACKWARD,
    PART_FFN,
    PART_FFN_BACKWARD,
    PART_NORM,
    PART_HEAD,
    PART_EMBED,
    PART_REDUCE,
    PART_UPDATE,
    PART_OTHER,
    PARTS
} pass_part;
extern const char *const pass_parts[PARTS];

typedef enum pass_kind { PASS_TRAIN, PASS_EVAL, PASS_DECODE } pass_kind;

typedef struct pass_layer {
    attn_layer attention;
    const float *norm1, *norm2, *gate_w, *up_w, *down_w; /* (D), (D), (F, D), (F, D), (D, F) */
    float *dnorm1, *dnorm2, *dgate_w, *dup_w, *ddown_w;
    float *x, *h1, *xm, *h2; /* (B, S, D): input, normalized, after attention, normalized */
    float *r1, *r2;          /* (B, S): the factors of the norms                          */
    float *gate, *up;        /* (B, S, F)                                              */
} pass_layer;

typedef struct pass {
    const model *m;
    pass_kind kind;
    int B, T, S;
    pass_layer *layer; /* (L) */
    int ropes;
    rope *rope;         /* (ropes), one for each width   */
    float *block;       /* holds everything below        */
    float *caches;      /* of all layers: PASS_DECODE only */
    float *x, *h, *r;   /* (B, S, D), (B, S, D), (B, S): after the last layer */
    float *y, *a;       /* (B, S, D), (B, S, F)          */
    float *dx, *dh;     /* (B, S, D): PASS_TRAIN only    */
    float *dgate, *dup; /* (B, S, F): PASS_TRAIN only    */
    float *logits;      /* (PASS_SLICE, V)               */
    int32_t *seen;      /* (B, T) tokens so far: PASS_DECODE with a token shift only */
    const float *embed, *norm, *head;
    float *dembed, *dnorm, *dhead;
    double began, seconds[PARTS]; /* start of the current part; spent so far */
} pass;

/* w and dw are blocks of the model's layout, not owned; dw is NULL except for PASS_TRAIN.  Fails if
 * memory runs out or the RoPE settings are invalid. */
bool pass_open(pass *p, const model *m, pass_kind kind, int B, int T, int S, const float *w,
               float *dw, error *e);
void pass_close(pass *p);

/* Bytes that pass_open takes: what layers keep, and what they share. */
void pass_memory(size_t *activations, size_t *scratch, const model *m, pass_kind kind, int B, int T,
                 int S);

/* Of these, what the caches of PASS_DECODE take. */
size_t pass_cache(const model_config *c, int B, int T);

/* PASS_DECODE: copy all caches to `out` (pass_cache bytes, of B and T), or back from there.  A pass
 * that reads on after the second has forgotten what was read between the two. */
void pass_save_cache(const pass *p, float *out);
void pass_load_cache(pass *p, const float *in);

/* Run tokens (B, T) through the model, into p->h; B is at most that of pass_open. */
void pass_forward(pass *p, const int32_t *token, int B);

/* After pass_forward: nll (B, T) of the targets (B, T; -1 is not scored), and right (B, T): 1 where
 * the target is the likeliest token (of equal ones, the first).  Returns the sum of nll. */
double pass_loss(pass *p, float *nll, uint8_t *right, const int32_t *target, int B);

/* Forward and backward: add the gradient of scale times the sum of nll to dw.  Returns the sum. */
double pass_train(pass *p, float *nll, const int32_t *token, const int32_t *target, int B,
                  float scale);

/* PASS_DECODE: run S more tokens (B, S), at positions t to t+S-1, into p->h (B, S, D).  With fewer
 * than PASS_FEW positions, linear layers keep rows apart (linear_keep_apart), which is faster, and
 * no bit of a sequence depends on the others. */
enum { PASS_FEW = 16 };
void pass_extend(pass *p, const int32_t *token, int t, int S);

/* After pass_extend of S positions: out (B, V) = the logits of the last one of each sequence.  Rows
 * of p->h are moved. */
void pass_last_logits(pass *p, float *out, int S);

/* out (n, V) = logits of rows from..from+n-1 of p->h. */
void pass_logits(const pass *p, float *out, int from, int n);

#endif
