/* draws.c - the shuffle of Fisher and Yates (Durstenfeld 1964), broken off after k steps, and
 * weighted samples by exponential keys (Efraimidis and Spirakis 2006):
 *
 *     the k largest of  log(u_i) / w_i,  u_i uniform in (0, 1]
 */
#include "trainer/tasks/draws.h"

#include "core/base/error.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 wide;

static uint64_t bits_of(draws *d)
{
    uint64_t bits[4];
    rng_bits(bits, &d->stream, d->row, d->next++);
    return bits[0];
}

int64_t draws_below(draws *d, int64_t n)
{
    assert(n >= 1);
    return (int64_t)(((wide)bits_of(d) * (uint64_t)n) >> 64);
}

double draws_unit(draws *d)
{
    return (double)((bits_of(d) >> 11) + 1) * 0x1p-53;
}

void draws_sample(int32_t *out, draws *d, int32_t from, int n, int k)
{
    assert(k <= n);
    int32_t *all = error_zeroed((size_t)n, sizeof *all);
    for (int i = 0; i < n; i++) all[i] = from + i;
    for (int i = 0; i < k; i++) {
        const int64_t j = i + draws_below(d, n - i);
        out[i] = all[j];
        all[j] = all[i];
    }
    free(all);
}

typedef struct candidate {
    double key;
    int32_t index;
} candidate;

static int larger_first(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->key != y->key) return x->key > y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static int ascending(const void *a, const void *b)
{
    const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

void draws_weighted(int32_t *out, draws *d, const double *weight, int n, int k)
{
    assert(k <= n);
    candidate *all = error_zeroed((size_t)n, sizeof *all);
    for (int i = 0; i < n; i++) all[i] = (candidate){ log(draws_unit(d)) / weight[i], i };
    qsort(all, (size_t)n, sizeof *all, larger_first);
    for (int i = 0; i < k; i++) out[i] = all[i].index;
    qsort(out, (size_t)k, sizeof *out, ascending);
    free(all);
}
