/* attn.h - what an attention variant is.
 *
 * A variant is one C file that ends in one `const attn_variant`, or several if they differ only in
 * their options.  It maps the normalised residual stream x (B, T, D) to an update y (B, T, D) and
 * owns every weight in between.
 *
 * A variant never allocates, fails, prints, starts a thread or keeps state of its own.  It declares
 * four lists of tensors, and receives one pointer per entry, indexed by the same local enum:
 *
 *     list      lifetime       written by           read by             sized by
 *     params    the model      the optimizer        all three passes    neither     l->w, l->dw
 *     acts      one step       forward              backward            S           l->act
 *     scratch   one call       anyone               the same call       S           l->tmp
 *     cache     one sequence   extend               extend              T           l->cache
 *
 * The caller sizes and places them, so memory is known before the first step, the KV caches
 * of two variants can be compared without running either, and the tests can poison, guard and
 * gradient-check every tensor of a variant they have never seen.
 *
 * T is how far a sequence can go and S how much of it one call may bring.  Forward and backward
 * bring all of it, so a layer that trains has S = T; one that only decodes has S = 1.
 */
#ifndef VARIANTS_ATTN_H
#define VARIANTS_ATTN_H

#include "core/base/error.h"
#include "core/compute/rope.h"
#include "core/compute/tensor.h"

#include <limits.h>

enum {
    ATTN_MAX_OPTIONS = 16,
    ATTN_SPEC = 256,      /* characters of the longest spec, with its end          */
    ATTN_HEADS = INT_MIN, /* as the value of an option: the number of query heads  */
};

/* A fixed option is implied by the name of the variant; no spec may set it. */
typedef enum attn_kind { ATTN_INTEGER, ATTN_REAL, ATTN_FIXED } attn_kind;

/* An option of one variant: { "size", ATTN_INTEGER, 128, 1, INT_MAX, "keys that a query sees" }.
 *
 * The canonical spec, which is part of the identity of a run and the label of an arm, leaves out an
 * option that has its default.  So a variant may get more options later and its runs keep their
 * identity, as long as the default stays what it is. */
typedef struct attn_option {
    const char *name; /* NULL ends a list */
    attn_kind kind;
    double value; /* the default */
    double min, max;
    const char *help;
    bool always; /* named in the canonical spec even at its default, as before 0.3 */
} attn_option;

typedef struct attn_dims {
    int B;                        /* sequences in a batch                          */
    int T;                        /* positions: of a batch, and what a cache holds */
    int S;                        /* most positions in one call                    */
    int D;                        /* width of the residual stream                  */
    int H;                        /* query heads                                   */
    int E;                        /* width of one head                             */
    int layer, L;                 /* which layer, counted from 0, of how many      */
    double opt[ATTN_MAX_OPTIONS]; /* the variant's options, in declared order      */
} attn_dims;

/* One layer's view of its memory.  Passes read it and never change it. */
typedef struct attn_layer {
    attn_dims dims;
    const struct attn_layer *source; /* the layer that source() names, or NULL */
    const rope *rope; /* tables of the width it asked for, or NULL */
    const float *w[TENSOR_MAX];
    float *dw[TENSOR_MAX];
    float *act[TENSOR_MAX];
    float *tmp[TENSOR_MAX];
    float *cache[TENSOR_MAX];
} attn_layer;

typedef struct attn_variant {
    const char *name;           /* as given on the command line    */
    const char *summary;        /* one line, with the paper        */
    const char *equation;       /* one to three lines              */
    const char *cache_size;     /* "2 G E floats a token"          */
    const attn_option *options; /* or NULL when there are none     */

    /* The variant of which this one is another name: one function, the same list of options, some
     * of them fixed here.  NULL if it is a variant of its own. */
    const struct attn_variant *alias_of;

    /* Can the variant work with these dims?  The only place to refuse, with the values in the
     * message. */
    bool (*check)(const attn_dims *d, error *e);

    /* Width of the part of a head that RoPE rotates; NULL means 0. */
    int (*rotary)(const attn_dims *d);

    /* Key/value heads, for people; NULL if a layer has no such number. */
    int (*kv_heads)(const attn_dims *d);

    /* Keys that a query is scored against, on average over a sequence of d->T positions: the cost
     * of attention beyond its weights.  NULL means 0. */
    double (*pairs)(const attn_dims *d);

    /* Floating-point operations of one forward pass per token of this layer that neither weights
     * nor pairs account for, such as the update of a recurrent state (about 6 H E^2 for a delta
     * rule). A multiplication and an addition are two; backward counts twice as much.  NULL means
     * 0. */
    double (*state_flops)(const attn_dims *d);

    /* The earlier layer whose activations and cache this one uses, or its own number; NULL means its
     * own.  That layer has the same variant and options, and its passes run first: backward, last,
     * so the layers that use it may leave gradients in activations that it declares for them. */
    int (*source)(const attn_dims *d);

    /* Fill a zeroed array of TENSOR_MAX entries; the first unnamed entry ends the list. */
    void (*params)(const attn_dims *d, tensor_spec *out);
    void (*acts)(const attn_dims *d, tensor_spec *out);
    void (*scratch)(const attn_dims *d, tensor_spec *out);
    void (*cache)(const attn_dims *d, tensor_spec *out);

    /* y = f(x) over a whole batch, causal: row t of y depends on rows 0..t of x. */
    void (*forward)(const attn_layer *l, float *y, const float *x);

    /* Called after forward, with the same x.  dx is overwritten; gradients are added to l->dw. */
    void (*backward)(const attn_layer *l, float *dx, const float *dy, const float *x);

    /* The same function through the cache: x and y are (B, S, D), positions t..t+S-1, S at most
     * dims.S.  Each call continues where the last one ended; at t == 0 the cache may hold anything.
     */
    void (*extend)(const attn_layer *l, float *y, const float *x, int t, int S);
} attn_variant;

/* Every variant in this build, NULL last.  Generated from variants/meson.build. */
extern const attn_variant *const attn_variants[];

/* The file each of them is in, as "variants/grouped.c", in the same order. */
extern const char *const attn_files[];

int attn_rotary(const attn_variant *v, const attn_dims *d);
int attn_kv_heads(const attn_variant *v, const attn_dims *d); /* 0: it has no such number */
double attn_pairs(const attn_variant *v, const attn_dims *d);
double attn_state_flops(const attn_variant *v, const attn_dims *d);
int attn_source(const attn_variant *v, const attn_dims *d);

/* Floats of the cache of one sequence of d->T positions, and whether the cache is a state whose
 * size no length changes: it is the same at 1, T and 2 T positions. */
double attn_cache_floats(const attn_variant *v, const attn_dims *d);
bool attn_cache_constant(const attn_variant *v, const attn_dims *d);

/* Standard deviation of initial weights: 0.02, and 0.02 / sqrt(2 L) for those that write to the
 * residual stream. */
float attn_std(void);
float attn_std_out(const attn_dims *d);

/* Read "window:size=128:n_kv_heads=2" into *v and d->opt (cleared first), then check d, whose other
 * fields are inputs.  Fails if the name or an option is unknown, an option is given twice, or a
 * value is not a number of its kind or out of range. */
bool attn_parse(const char *spec, const attn_variant **v, attn_dims *d, error *e);

/* The canonical spec of what was parsed: the options that differ from their defaults or are always
 * named, in declared order.  If an alias stands for these options, its name is used:
 * gqa:n_kv_heads=1 is mqa. */
void attn_describe(char out[ATTN_SPEC], const attn_variant *v, const attn_dims *d);

#endif
