/* optimizer.c - an optimizer at work: where its states lie, and how its work is handed out.
 *
 * The states of all tensors lie in one block, in the order of the model's tensors, each on a cache
 * line.  The list of pieces is made once; threads take the next piece from a shared counter.
 */
#include "trainer/model/optimizer.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

tensor_spec optimizer_state_like(const char *name, const model_tensor *t)
{
    tensor_spec s = { .name = name };
    memcpy(s.dim, t->spec.dim, sizeof s.dim);
    return s;
}

adamw optimizer_adam(const optimizer_piece *p, const optimizer_settings *s)
{
    return (adamw){ .lr = s->lr,
                    .beta1 = s->beta1,
                    .beta2 = s->beta2,
                    .eps = s->eps,
                    .decay = p->tensor->decay ? s->weight_decay : 0,
                    .clip = s->scale,
                    .t = s->step };
}

/* The declared states of one weight tensor; returns how many. */
static int states_of(tensor_spec out[TENSOR_MAX], const optimizer *kind, const model_tensor *t)
{
    memset(out, 0, TENSOR_MAX * sizeof *out);
    kind->states(out, t);
    const int n = tensor_list_length(out);
    assert(n <= OPTIMIZER_STATES);
    return n;
}

/* Most entries of one piece of a tensor. */
static size_t piece_of(const optimizer *kind, const model_tensor *t)
{
    return kind->whole && kind->whole(t) ? t->n : OPTIMIZER_PIECE;
}

typedef struct extent {
    size_t states, scratch; /* floats: of all tensors; of one thread */
    size_t pieces;
} extent;

static extent measure(const optimizer *kind, const model *m)
{
    extent x = { 0 };
    for (int i = 0; i < m->n; i++) {
        const model_tensor *t = &m->tensor[i];
        tensor_spec list[TENSOR_MAX];
        states_of(list, kind, t);
        x.states += tensor_list_floats(list);
        const size_t scratch = kind->scratch ? kind->scratch(t) : 0;
        if (scratch > x.scratch) x.scratch = scratch;
        const size_t most = piece_of(kind, t);
        x.pieces += (t->n + most - 1) / most;
    }
    return x;
}

static void place_states(optimizer_run *o)
{
    float *at = o->state;
    for (int i = 0; i < o->m->n; i++) {
        tensor_spec list[TENSOR_MAX];
        states_of(list, o->kind, &o->m->tensor[i]);
        tensor_list_place(list, at, o->place + (size_t)i * OPTIMIZER_STATES);
        at += tensor_list_floats(list);
    }
}

static void list_pieces(optimizer_run *o)
{
    for (int i = 0; i < o->m->n; i++) {
        const size_t n = o->m->tensor[i].n, most = piece_of(o->kind, &o->m->tensor[i]);
        for (size_t from = 0; from < n; from += most)
            o->piece[o->pieces++] = (optimizer_range){ i, from, n - from < most ? n - from : most };
    }
}

bool optimizer_open(optimizer_run *o, const optimizer *kind, const model *m, float *w,
                    const float *g, int n_threads, error *e)
{
    const extent x = measure(kind, m);
    *o = (optimizer_run){ .kind = kind, .m = m, .w = w, .g = g, .floats = x.states };
    o->scratch_floats = x.scratch;
    o->place = calloc((size_t)m->n * OPTIMIZER_STATES, sizeof *o->place);
    o->piece = calloc(x.pieces, sizeof *o->piece);
    o->state = x.states > 0 ? tensor_block(x.states) : NULL;
    o->scratch = x.scratch > 0 ? tensor_block(x.scratch * (size_t)n_threads) : NULL;
    if (!o->place || !o->piece || (x.states > 0 && !o->state) || (x.scratch > 0 && !o->scratch)) {
        optimizer_close(o);
        return error_set(e, "out of memory for the state of the optimizer %s (%zu numbers)",
                         kind->name, x.states);
    }
    optimizer_clear(o);
    place_states(o);
    list_pieces(o);
    return true;
}

void optimizer_close(optimizer_run *o)
{
    free(o->state), free(o->place), free(o->scratch), free(o->piece);
    *o = (optimizer_run){ 0 };
}

void optimizer_clear(optimizer_run *o)
{
    if (o->state) memset(o->state, 0, o->floats * sizeof *o->state);
}

bool optimizer_state(tensor_spec *spec, float **at, const optimizer_run *o, int tensor, int state)
{
    tensor_spec list[TENSOR_MAX];
    if (state >= states_of(list, o->kind, &o->m->tensor[tensor])) return false;
    *spec = list[state];
    *at = o->place[(size_t)tensor * OPTIMIZER_STATES + (size_t)state];
    return true;
}

void optimizer_memory(size_t *states, size_t *scratch, const optimizer *kind, const model *m,
                      int n_threads)
{
    const extent x = measure(kind, m);
    *states = x.states > 0 ? tensor_block_bytes(x.states) : 0;
    *scratch = x.scratch > 0 ? tensor_block_bytes(x.scratch * (size_t)n_threads) : 0;
}

double optimizer_flops(const optimizer *kind, const model *m)
{
    double flops = 0;
    for (int i = 0; kind->flops && i < m->n; i++) flops += kind->flops(&m->tensor[i]);
    return flops;
}

typedef struct work {
    const optimizer_run *o;
    const optimizer_settings *settings;
    atomic_int next; /* piece to be taken */
} work;

static void take_pieces(void *arg, int thread)
{
    work *k = arg;
    const optimizer_run *o = k->o;
    for (int i; (i = atomic_fetch_add(&k->next, 1)) < o->pieces;) {
        const optimizer_range *range = &o->piece[i];
        const model_tensor *t = &o->m->tensor[range->tensor];
        float *const *place = o->place + (size_t)range->tensor * OPTIMIZER_STATES;
        optimizer_piece p = { .tensor = t,
                              .n = range->n,
                              .w = o->w + t->at + range->from,
                              .g = o->g + t->at + range->from };
        for (int j = 0; j < OPTIMIZER_STATES; j++)
            p.state[j] = place[j] ? place[j] + range->from : NULL;
        if (o->scratch) p.scratch = o->scratch + (size_t)thread * o->scratch_floats;
        o->kind->update(&p, k->settings);
    }
}

void optimizer_update(const optimizer_run *o, const optimizer_settings *s, threads *pool)
{
    work k = { .o = o, .settings = s };
    threads_run(pool, take_pieces, &k);
}
