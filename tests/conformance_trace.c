/* conformance_trace.c - intermediate values: a tensor by its name, after each pass that fills it.
 *
 * The passes are forward, backward (dy is all 1) and extend over the whole sequence in one call. */
#include "tests/conformance.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 8, COLUMNS = 8 };

/* The first rows, along the last axis. */
static void print(const char *pass, const char *list, const tensor_spec *s, const float *at)
{
    char text[STORE_TEXT];
    int rank = 0;
    while (rank < TENSOR_RANK && s->dim[rank] > 0) rank++;
    const size_t width = rank ? (size_t)s->dim[rank - 1] : 1, rows = tensor_floats(s) / width;
    store_describe(text, s);
    printf("after %s, %s %s\n", pass, list, text);
    for (size_t i = 0; i < rows && i < ROWS; i++) {
        printf("  row %-3zu", i);
        for (size_t j = 0; j < width && j < COLUMNS; j++) printf(" %11.5g", at[i * width + j]);
        puts(width > COLUMNS ? " ..." : "");
    }
    if (rows > ROWS) printf("  ... %zu rows\n", rows);
}

static int print_store(const char *pass, const store *s, const char *name)
{
    int found = 0;
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->spec[i].name, name) == 0)
            print(pass, s->list, &s->spec[i], s->at[i]), found++;
    return found;
}

static int print_data(const char *pass, const char *name, const char *wanted, const trial *t,
                      const float *at)
{
    const attn_dims *d = &t->r.l.dims;
    const tensor_spec s = { name, { d->B, d->T, d->D } };
    if (strcmp(name, wanted) != 0) return 0;
    print(pass, "data", &s, at);
    return 1;
}

bool trace(const trial *t, const char *name)
{
    const rig *r = &t->r;
    float *y = rig_block("y", t->n, NAN), *dy = rig_block("dy", t->n, 0),
          *dx = rig_block("dx", t->n, NAN);
    int found = print_store("initialization", &r->w, name) +
                print_data("initialization", "x", name, t, t->x);
    for (size_t i = 0; i < t->n; i++) dy[i] = 1;
    if (r->v->forward) {
        rig_forward(r, y, t->x);
        found += print_store("forward", &r->act, name) + print_store("forward", &r->tmp, name) +
                 print_data("forward", "y", name, t, y);
    }
    if (r->v->forward && r->v->backward) {
        rig_backward(r, dx, dy, t->x);
        found += print_store("backward", &r->tmp, name) + print_store("backward", &r->dw, name) +
                 print_data("backward", "dx", name, t, dx) +
                 print_data("backward", "dy", name, t, dy);
    }
    if (r->v->extend) {
        rig_extend(r, y, t->x, 0, r->l.dims.T);
        found += print_store("extend", &r->tmp, name) + print_store("extend", &r->cache, name) +
                 print_data("extend", "y", name, t, y);
    }
    rig_free(y), rig_free(dy), rig_free(dx);
    return found > 0;
}
