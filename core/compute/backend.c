/* backend.c - the backends of this build, and the one that this process computes with.
 *
 * The choice is made once a process: the backend that ATTNLAB_KERNELS names, or else the fastest
 * one that this processor runs.
 */
#include "core/compute/backend.h"

#include "core/compute/openblas/openblas.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const backend *const backends[] = {
    &backend_plain, &backend_openblas,
#ifdef __x86_64__
    &backend_avx2,  &backend_avx512,
#endif
    NULL,
};

static struct {
    pthread_once_t once;
    const backend *backend; /* NULL: see error */
    error error;
} chosen = { .once = PTHREAD_ONCE_INIT };

static const backend *find(const char *name, error *e)
{
    const backend *fastest = NULL;
    for (int i = 0; backends[i]; i++) {
        if (name && !strcmp(name, backends[i]->name)) {
            if (backends[i]->runs()) return backends[i];
            error_usage(e, "ATTNLAB_KERNELS=%s: this processor cannot run these kernels", name);
            return NULL;
        }
        if (backends[i]->runs()) fastest = backends[i];
    }
    if (!name) return fastest;
    char known[64] = "";
    for (int i = 0, at = 0; backends[i]; i++)
        at += snprintf(known + at, sizeof known - (size_t)at, "%s%s", i > 0 ? ", " : "",
                       backends[i]->name);
    error_usage(e, "ATTNLAB_KERNELS='%s' is unknown; it can be one of: %s", name, known);
    return NULL;
}

static void choose(void)
{
    const char *name = getenv("ATTNLAB_KERNELS");
    chosen.backend = find(name && *name ? name : NULL, &chosen.error);
    if (chosen.backend && !blas_load(&chosen.error)) chosen.backend = NULL;
}

bool backend_choose(error *e)
{
    pthread_once(&chosen.once, choose);
    if (!chosen.backend) *e = chosen.error;
    return chosen.backend != NULL;
}

const backend *backend_chosen(void)
{
    pthread_once(&chosen.once, choose);
    assert(chosen.backend && "kernels_init would have failed");
    return chosen.backend;
}
