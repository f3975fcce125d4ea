/* group.c - the layers of a group side by side: lists are joined, passes run one after the other.
 *
 *     y = sum_j f_j(x)      dx = sum_j df_j(dy)      j from the maker to the last; backward from
 * the last
 */
#include "tests/group.h"

#include "core/compute/kernels.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 4, LISTS = 4, NAME = 40 };

static const attn_variant *inner;
static attn_variant outer;
static char names[LISTS][TENSOR_MAX][NAME];

/* Member j of the group that a layer of these dims stands for. */
static attn_dims member(const attn_dims *d, int j)
{
    attn_dims m = *d;
    m.layer = attn_source(inner, d) + j;
    return m;
}

static int members(const attn_dims *d)
{
    const int first = attn_source(inner, d);
    int n = 0;
    for (attn_dims m = *d; first + n < d->L; n++) {
        m.layer = first + n;
        if (attn_source(inner, &m) != first) break;
    }
    assert(n <= MOST);
    return n;
}

typedef void (*list_of)(const attn_dims *d, tensor_spec *out);

/* The tensors of all members, each name with the member's number. */
static void join(tensor_spec *out, const attn_dims *d, list_of list, char (*name)[NAME])
{
    int n = 0;
    for (int j = 0; j < members(d); j++) {
        const attn_dims m = member(d, j);
        tensor_spec own[TENSOR_MAX] = { { 0 } };
        list(&m, own);
        for (int i = 0; i < tensor_list_length(own); i++, n++) {
            assert(n < TENSOR_MAX);
            snprintf(name[n], NAME, "%.30s_%d", own[i].name, j);
            out[n] = own[i], out[n].name = name[n];
        }
    }
}

static void params(const attn_dims *d, tensor_spec *out)
{
    join(out, d, inner->params, names[0]);
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    join(out, d, inner->acts, names[1]);
}

/* Members run in turn: their scratch has the same shapes, and one more tensor holds their results.
 */
static void scratch(const attn_dims *d, tensor_spec *out)
{
    inner->scratch(d, out);
    out[tensor_list_length(out)] = (tensor_spec){ "sum", { d->B, d->S, d->D } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    join(out, d, inner->cache, names[3]);
}

typedef struct views {
    attn_layer layer[MOST];
    int n;
    float *sum; /* (B, S, D) */
} views;

static int length(const attn_dims *d, list_of list)
{
    tensor_spec own[TENSOR_MAX] = { { 0 } };
    list(d, own);
    return tensor_list_length(own);
}

/* Each member's part of the group's tensors. */
static void look(views *out, const attn_layer *l)
{
    const attn_dims *d = &l->dims;
    int w = 0, act = 0, cached = 0;
    *out = (views){ .n = members(d), .sum = l->tmp[length(d, inner->scratch)] };
    for (int j = 0; j < out->n; j++) {
        attn_layer *v = &out->layer[j];
        v->dims = member(d, j), v->rope = l->rope, v->source = j > 0 ? &out->layer[0] : NULL;
        for (int i = 0; i < length(&v->dims, inner->params); i++, w++)
            v->w[i] = l->w[w], v->dw[i] = l->dw[w];
        for (int i = 0; i < length(&v->dims, inner->acts); i++) v->act[i] = l->act[act++];
        for (int i = 0; i < length(&v->dims, inner->cache); i++) v->cache[i] = l->cache[cached++];
        memcpy(v->tmp, l->tmp, sizeof v->tmp);
    }
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    views v;
    look(&v, l);
    const size_t n = (size_t)l->dims.B * (size_t)l->dims.T * (size_t)l->dims.D;
    for (int j = 0; j < v.n; j++) {
        inner->forward(&v.layer[j], j == 0 ? y : v.sum, x);
        if (j > 0) vector_add(y, v.sum, n);
    }
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    views v;
    look(&v, l);
    const size_t n = (size_t)l->dims.B * (size_t)l->dims.T * (size_t)l->dims.D;
    for (int j = v.n - 1; j >= 0; j--) {
        inner->backward(&v.layer[j], j == v.n - 1 ? dx : v.sum, dy, x);
        if (j < v.n - 1) vector_add(dx, v.sum, n);
    }
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    views v;
    look(&v, l);
    const size_t n = (size_t)l->dims.B * (size_t)S * (size_t)l->dims.D;
    for (int j = 0; j < v.n; j++) {
        inner->extend(&v.layer[j], j == 0 ? y : v.sum, x, t, S);
        if (j > 0) vector_add(y, v.sum, n);
    }
}

const attn_variant *group_of(const attn_variant *v, const attn_dims *d)
{
    inner = v;
    if (!v->source || members(d) == 1) return v;
    outer = *v;
    outer.params = params, outer.acts = acts, outer.scratch = scratch, outer.cache = cache;
    outer.forward = v->forward ? forward : NULL;
    outer.backward = v->backward ? backward : NULL;
    outer.extend = v->extend ? extend : NULL;
    return &outer;
}
