/* tensors.c - what a foreign file offers against what the model needs. */
#define _GNU_SOURCE /* qsort_r */
#include "trainer/interchange/tensors.h"

#include "trainer/interchange/narrow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t tensors_width(const char *type)
{
    return strcmp(type, "F32") == 0                                ? 4
           : strcmp(type, "F16") == 0 || strcmp(type, "BF16") == 0 ? 2
                                                                   : 0;
}

static int by_name(const void *a, const void *b, void *context)
{
    const model *m = context;
    return strcmp(m->tensor[*(const int *)a].name, m->tensor[*(const int *)b].name);
}

void tensors_open(tensors *t, bundle *b)
{
    const size_t n = (size_t)b->m.n;
    *t = (tensors){ .b = b,
                    .sorted = error_zeroed(n, sizeof *t->sorted),
                    .taken = error_zeroed(n, sizeof *t->taken) };
    for (int i = 0; i < b->m.n; i++) t->sorted[i] = i;
    qsort_r(t->sorted, n, sizeof *t->sorted, by_name, &b->m);
}

int tensors_find(const tensors *t, const char *name)
{
    int low = 0, high = t->b->m.n;
    while (low < high) {
        const int middle = (low + high) / 2, i = t->sorted[middle];
        const int order = strcmp(t->b->m.tensor[i].name, name);
        if (order == 0) return i;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

void tensors_refuse(tensors *t, const char *name)
{
    enum { NAMED = 3 };
    const size_t n = strlen(t->names);
    if (t->unknown++ < NAMED)
        snprintf(t->names + n, sizeof t->names - n, "%s%.70s", n ? ", " : "", name);
}

static bool same_shape(const tensor_spec *spec, const tensors_foreign *from)
{
    int rank = 0;
    while (rank < TENSOR_RANK && spec->dim[rank] > 0) rank++;
    bool same = rank == from->rank;
    for (int i = 0; same && i < rank; i++) same = (size_t)spec->dim[i] == from->dim[i];
    return same;
}

static void shape_text(char *out, size_t size, int rank, const size_t *dim)
{
    size_t n = (size_t)snprintf(out, size, "(");
    for (int i = 0; i < rank && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%zu", i ? ", " : "", dim[i]);
    if (n < size) snprintf(out + n, size - n, ")");
}

bool tensors_take(tensors *t, int i, const tensors_foreign *from, error *e)
{
    const model_tensor *to = &t->b->m.tensor[i];
    const size_t width = tensors_width(from->type);
    float *w = bundle_weights(t->b, i);
    if (t->taken[i]) return error_set(e, "the tensor %s is there twice", to->name);
    if (!same_shape(&to->spec, from)) {
        char has[128], needs[128];
        size_t dim[TENSOR_RANK];
        int rank = 0;
        for (; rank < TENSOR_RANK && to->spec.dim[rank] > 0; rank++)
            dim[rank] = (size_t)to->spec.dim[rank];
        shape_text(has, sizeof has, from->rank, from->dim);
        shape_text(needs, sizeof needs, rank, dim);
        return error_set(e, "the tensor %s has shape %s, but the model's shape needs %s", to->name,
                         has, needs);
    }
    if (!width)
        return error_set(e,
                         "the tensor %s is of type %.20s; only float32, float16 and bfloat16 "
                         "can be imported",
                         to->name, from->type);
    t->taken[i] = true;
    if (width == 4) {
        memcpy(w, from->data, to->n * sizeof *w);
        return true;
    }
    const bool bfloat16 = *from->type == 'B';
    const char *data = from->data;
    for (size_t k = 0; k < to->n; k++) {
        uint16_t bits;
        memcpy(&bits, data + k * sizeof bits, sizeof bits);
        w[k] = bfloat16 ? narrow_from_bfloat16(bits) : narrow_from_float16(bits);
    }
    return true;
}

bool tensors_check(const tensors *t, error *e)
{
    int missing = 0, first = 0;
    if (t->unknown)
        return error_set(e, "%" PRId64 " tensor%s that attnlab's model has no place for: %s%s",
                         t->unknown, t->unknown == 1 ? "" : "s", t->names,
                         t->unknown > 3 ? ", ..." : "");
    for (int i = 0; i < t->b->m.n; i++)
        if (!t->taken[i] && !missing++) first = i;
    return !missing || error_set(e, "%d of the model's %d tensors are missing; the first is %s",
                                 missing, t->b->m.n, t->b->m.tensor[first].name);
}

void tensors_close(tensors *t)
{
    free(t->sorted), free(t->taken);
    *t = (tensors){ 0 };
}
