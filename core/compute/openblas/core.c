/* core.c - which processor OpenBLAS works for, where it does not recognise the one at hand.
 *
 * OpenBLAS looks for the processor's model in a list that ends where its release did; on a later
 * one it takes kernels without AVX (on Emerald Rapids, 0.3.21 took "Prescott", a seventh of the
 * rate).  What counts is what the processor can do, so kernels for less than that are exchanged for
 * those that OpenBLAS has for it.  OPENBLAS_CORETYPE is read when the library is loaded;
 * here the library is made to read it once more.  A user's own OPENBLAS_CORETYPE stands.
 */
#include "core/compute/backend.h"
#include "core/compute/openblas/openblas.h"

#include <stdlib.h>
#include <strings.h>

static const char *const WITHOUT_AVX2[] = {
    "Katmai",    "Coppermine",  "Northwood", "Prescott",     "Banias",  "Atom",   "Core2",
    "Penryn",    "Dunnington",  "Nehalem",   "Athlon",       "Opteron", "Bobcat", "Nano",
    "Barcelona", "Sandybridge", "Bulldozer", "Opteron_SSE3", NULL,
};
static const char *const WITH_AVX2[] = { "Haswell", "Zen", NULL };

static bool among(const char *const *list, const char *name)
{
    while (*list && strcasecmp(*list, name) != 0) list++;
    return *list != NULL;
}

const char *blas_core_for(const char *taken, bool avx2, bool avx512)
{
    const bool lesser = among(WITHOUT_AVX2, taken);
    if (avx512) return lesser || among(WITH_AVX2, taken) ? "SkylakeX" : NULL;
    return avx2 && lesser ? "Haswell" : NULL;
}

void blas_core_choose(const blas_library *b)
{
#ifdef __x86_64__
    const char *better = blas_core_for(b->corename(), backend_avx2.runs(), backend_avx512.runs());
    if (!better || getenv("OPENBLAS_CORETYPE") || !b->forget || !b->choose) return;
    setenv("OPENBLAS_CORETYPE", better, 1);
    b->forget();
    b->choose();
    unsetenv("OPENBLAS_CORETYPE"); /* children choose for themselves */
#else
    (void)b;
#endif
}
