/* rig.c - guarded memory for one layer, and the passes of a variant in it.
 *
 *     no access | guard bytes | tensor | guard bytes up to a cache line | no access
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "tests/rig.h"

#include "tests/promise.h"

#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { PAGE = 4096, LINE = 64, BELOW = 1 << 16, ABOVE = 1 << 20, BLOCKS = 512, STORE_NAME = 64 };

static const unsigned char GUARD_BYTE = 0xfd; /* as a float: a NaN other than the usual one */

typedef struct block {
    char name[STORE_NAME]; /* "k (cache)" */
    char *map;             /* all of it */
    size_t mapped;
    unsigned char *low, *high; /* what may be accessed */
    float *data;
    size_t n;
} block;

static block blocks[BLOCKS];
static const char *stage = "the test"; /* which pass runs */

static uint64_t state = 0x9e3779b97f4a7c15u;

float rig_uniform(void)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (float)(state >> 40) / (float)(1 << 23) - 1;
}

void rig_fill(float *x, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++) x[i] = isnan(scale) ? NAN : scale * rig_uniform();
}

double rig_dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return sum;
}

float rig_gap(const float *a, const float *b, size_t n)
{
    float gap = 0;
    for (size_t i = 0; i < n; i++) gap = fabsf(a[i] - b[i]) <= gap ? gap : fabsf(a[i] - b[i]);
    return gap; /* NaN when any difference is NaN */
}

size_t rig_nan(const float *x, size_t n)
{
    size_t i = 0;
    while (i < n && !isnan(x[i])) i++;
    return i;
}

/* An access without permission: say whose neighbour it was. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
    const char *at = info->si_addr;
    (void)signal, (void)context;
    promise_report_all();
    for (int i = 0; i < BLOCKS; i++) {
        const block *b = &blocks[i];
        if (!b->map || at < b->map || at >= b->map + b->mapped) continue;
        const bool after = at >= (char *)b->data;
        promise_broken(
            "guard: %s uses memory %s %s, %zu bytes from it: is it declared too small, or a "
            "stride wrong?",
            stage, after ? "after the end of" : "before", b->name,
            (size_t)(after ? at - (char *)(b->data + b->n) : (char *)b->data - at));
        _Exit(1);
    }
    promise_broken(
        "guard: %s uses memory far from every tensor: is an index wrong, or a tensor not "
        "declared?",
        stage);
    _Exit(1);
}

static void watch(void)
{
    static bool watching;
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO };
    if (watching) return;
    watching = true;
    if (sigaction(SIGSEGV, &action, NULL) != 0 || sigaction(SIGBUS, &action, NULL) != 0) abort();
}

static float *guarded(const char *name, const char *list, size_t n, float scale)
{
    int i = 0;
    while (i < BLOCKS && blocks[i].map) i++;
    const size_t room = (n * sizeof(float) + LINE - 1) / LINE * LINE,
                 used = (LINE + room + PAGE - 1) / PAGE * PAGE;
    block *b = &blocks[i];
    if (i == BLOCKS) abort();
    *b = (block){ .mapped = BELOW + used + ABOVE, .n = n };
    if (list)
        snprintf(b->name, sizeof b->name, "%.40s (%s)", name, list);
    else
        snprintf(b->name, sizeof b->name, "%.40s", name);
    b->map = mmap(NULL, b->mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b->map == MAP_FAILED || mprotect(b->map + BELOW, used, PROT_READ | PROT_WRITE) != 0)
        abort();
    b->low = (unsigned char *)b->map + BELOW, b->high = b->low + used;
    b->data = (float *)(void *)(b->high - room);
    memset(b->low, GUARD_BYTE, used);
    rig_fill(b->data, n, scale);
    watch();
    return b->data;
}

float *rig_block(const char *name, size_t n, float scale)
{
    return guarded(name, NULL, n, scale);
}

static void check_guards(const block *b)
{
    const unsigned char *data = (unsigned char *)b->data, *end = (unsigned char *)(b->data + b->n);
    bool before = true, after = true;
    for (const unsigned char *at = data - LINE; at < data; at++)
        before = before && *at == GUARD_BYTE;
    for (const unsigned char *at = end; at < b->high; at++) after = after && *at == GUARD_BYTE;
    promise(before && after, "guard: %s writes %s %s: is it declared too small, or a stride wrong?",
            stage, before ? "after the end of" : "before", b->name);
}

static void check_all(void)
{
    for (int i = 0; i < BLOCKS; i++)
        if (blocks[i].map) check_guards(&blocks[i]);
}

void rig_free(float *x)
{
    for (int i = 0; i < BLOCKS; i++) {
        block *b = &blocks[i];
        if (!b->map || b->data != x) continue;
        munmap(b->map, b->mapped);
        *b = (block){ 0 };
        return;
    }
    abort();
}

void store_describe(char out[STORE_TEXT], const tensor_spec *t)
{
    size_t n = (size_t)snprintf(out, STORE_TEXT, "%.40s", t->name);
    for (int i = 0; i < TENSOR_RANK && t->dim[i] > 0; i++)
        n += (size_t)snprintf(out + n, STORE_TEXT - n, "%s%d", i ? ", " : " (", t->dim[i]);
    snprintf(out + n, STORE_TEXT - n, ")");
}

static void store_open(store *s, const char *name, void (*list)(const attn_dims *, tensor_spec *),
                       const attn_dims *d, float scale)
{
    *s = (store){ .list = name };
    list(d, s->spec);
    s->n = tensor_list_length(s->spec);
    for (int i = 0; i < s->n; i++)
        s->at[i] = guarded(s->spec[i].name, name, tensor_floats(&s->spec[i]), scale);
}

void store_fill(const store *s, float scale)
{
    for (int i = 0; i < s->n; i++) rig_fill(s->at[i], tensor_floats(&s->spec[i]), scale);
}

static void store_close(store *s)
{
    for (int i = 0; i < s->n; i++) rig_free(s->at[i]);
    s->n = 0;
}

/* Weights such that sizes near 1 stay near 1. */
static void draw(const store *w)
{
    for (int i = 0; i < w->n; i++) {
        const tensor_spec *t = &w->spec[i];
        const float columns = t->dim[1] > 0 ? (float)t->dim[1] : 1;
        rig_fill(w->at[i], tensor_floats(t), 2 / sqrtf(columns));
        for (size_t j = 0; j < tensor_floats(t); j++) w->at[i][j] += t->mean;
    }
}

void rig_open(rig *r, const attn_variant *v, const attn_dims *d)
{
    error e;
    *r = (rig){ .v = v, .l.dims = *d };
    store_open(&r->w, "params", v->params, d, 0);
    draw(&r->w);
    store_open(&r->dw, "gradients", v->params, d, 0);
    store_open(&r->act, "acts", v->acts, d, NAN);
    store_open(&r->tmp, "scratch", v->scratch, d, NAN);
    store_open(&r->cache, "cache", v->cache, d, NAN);
    for (int i = 0; i < r->w.n; i++) r->l.w[i] = r->w.at[i];
    memcpy(r->l.dw, r->dw.at, sizeof r->l.dw);
    memcpy(r->l.act, r->act.at, sizeof r->l.act);
    memcpy(r->l.tmp, r->tmp.at, sizeof r->l.tmp);
    memcpy(r->l.cache, r->cache.at, sizeof r->l.cache);

    const rope_config plain = { .theta = RIG_THETA, .scaling = &rope_none };
    const int width = attn_rotary(v, d);
    if (width <= 0) return;
    if (promise(rope_open(&r->rope, &plain, d->T, width, &e), "rotary: %s", e.msg))
        r->l.rope = &r->rope;
}

void rig_close(rig *r)
{
    store_close(&r->w), store_close(&r->dw), store_close(&r->act), store_close(&r->tmp);
    store_close(&r->cache);
    rope_close(&r->rope);
}

void rig_forward(const rig *r, float *y, const float *x)
{
    store_fill(&r->act, NAN), store_fill(&r->tmp, NAN);
    stage = "forward";
    r->v->forward(&r->l, y, x);
    check_all();
}

void rig_backward(const rig *r, float *dx, const float *dy, const float *x)
{
    store_fill(&r->tmp, NAN);
    stage = "backward";
    r->v->backward(&r->l, dx, dy, x);
    check_all();
}

void rig_extend(const rig *r, float *y, const float *x, int t, int S)
{
    store_fill(&r->tmp, NAN);
    stage = "extend";
    r->v->extend(&r->l, y, x, t, S);
    check_all();
}
