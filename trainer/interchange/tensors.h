/* tensors.h - foreign tensors into a bundle, with everything that does not fit counted and named.
 *
 * A reader offers each tensor of its file once.  Afterwards every weight of the model must have
 * been offered, with its shape, and nothing else.
 */
#ifndef TRAINER_INTERCHANGE_TENSORS_H
#define TRAINER_INTERCHANGE_TENSORS_H

#include "trainer/interchange/bundle.h"

/* A tensor of the file, row-major. */
typedef struct tensors_foreign {
    const char *type; /* "F32", "F16", "BF16"; anything else is refused */
    int rank;
    const size_t *dim; /* (rank) */
    const void *data;  /* may be unaligned */
} tensors_foreign;

typedef struct tensors {
    bundle *b;
    int *sorted; /* (m.n) indices of the model's tensors, by name */
    bool *taken; /* (m.n) */
    int64_t unknown;
    char names[256]; /* of the first unknown ones */
} tensors;

void tensors_open(tensors *t, bundle *b);

/* The index of the model's tensor of this name, or -1. */
int tensors_find(const tensors *t, const char *name);

/* Note a tensor that the model has no place for. */
void tensors_refuse(tensors *t, const char *name);

/* Copy a tensor into weight i.  Fails if it was there already or has another shape or type. */
bool tensors_take(tensors *t, int i, const tensors_foreign *from, error *e);

/* Is everything there, and nothing else? */
bool tensors_check(const tensors *t, error *e);
void tensors_close(tensors *t);

/* Bytes of an element of a float type; 0: another type. */
size_t tensors_width(const char *type);

#endif
