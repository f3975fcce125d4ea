/* panels.c - one block of memory for the panels of all weights, sorted by the weights' addresses,
 * so that a linear layer finds its own by bisection. */
#include "core/compute/panels.h"

#include "core/compute/tensor.h"
#include "core/compute/threads.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct panels {
    int n;
    const panels_layout *layout;
    float *block;
    atomic_int next; /* weight to lay out */
    struct {
        panels_weight weight;
        float *at;
    } entry[];
};

static panels *in_use; /* changes only while no job runs; NULL: linear layers do without */

size_t panels_bytes(int out, int in, const panels_layout *layout)
{
    return layout->floats ? layout->floats(out, in) * sizeof(float) : 0;
}

/* By address, for panels_find. */
static int by_address(const void *a, const void *b)
{
    const panels_weight *x = a, *y = b;
    return (x->W > y->W) - (x->W < y->W);
}

bool panels_open(panels **out, const panels_layout *layout, const panels_weight *weight, int n,
                 error *e)
{
    size_t floats = 0;
    for (int i = 0; i < n; i++)
        floats += panels_bytes(weight[i].out, weight[i].in, layout) / sizeof(float);
    panels *p = calloc(1, sizeof *p + (size_t)n * sizeof p->entry[0]);
    if (p && floats > 0) p->block = tensor_block(floats);
    if (!p || (floats > 0 && !p->block)) {
        free(p);
        return error_set(e, "out of memory for the panels of %d weights", n);
    }
    p->n = floats > 0 ? n : 0;
    p->layout = layout;
    float *at = p->block;
    for (int i = 0; i < p->n; i++) p->entry[i].weight = weight[i];
    qsort(p->entry, (size_t)p->n, sizeof p->entry[0], by_address);
    for (int i = 0; i < p->n; i++) {
        const panels_weight *w = &p->entry[i].weight;
        p->entry[i].at = at;
        at += panels_bytes(w->out, w->in, layout) / sizeof(float);
    }
    *out = p;
    return true;
}

void panels_close(panels *p)
{
    if (!p) return;
    panels_leave(p);
    free(p->block), free(p);
}

/* From the last to the first: the head is the largest, so it should not be the one that all others
 * wait for at the end. */
static void lay_out(void *arg, int thread)
{
    (void)thread;
    panels *p = arg;
    for (int i; (i = p->n - 1 - atomic_fetch_add(&p->next, 1)) >= 0;)
        p->layout->make(p->entry[i].at, p->entry[i].weight.W, p->entry[i].weight.out,
                        p->entry[i].weight.in);
}

void panels_make(panels *p, threads *pool)
{
    assert(!in_use);
    if (p->n == 0) return;
    atomic_store(&p->next, 0);
    threads_run(pool, lay_out, p);
    in_use = p;
}

void panels_leave(panels *p)
{
    if (in_use == p) in_use = NULL;
}

const void *panels_find(const float *W, int out, int in, panels_maker *make)
{
    const panels *p = in_use;
    if (!p || p->layout->make != make) return NULL;
    int low = 0, high = p->n;
    while (low < high) {
        const int mid = (low + high) / 2;
        if (p->entry[mid].weight.W < W)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == p->n || p->entry[low].weight.W != W) return NULL;
    return p->entry[low].weight.out == out && p->entry[low].weight.in == in ? p->entry[low].at
                                                                            : NULL;
}
