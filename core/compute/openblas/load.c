/* load.c - OpenBLAS, loaded when a process begins to compute.
 *
 * Linked in, it would start a thread for each processor before main, though here it computes on the
 * threads of others alone.  Each of them maps a buffer of 128 MiB, and where there is no room for
 * it (ulimit -v) tries for ever, and the end of the process waits for that (0.3.21,
 * blas_memory_alloc and blas_thread_shutdown).  How many threads it starts is read from the
 * environment when it is loaded; so it is loaded here, with that set.
 */
#define _DEFAULT_SOURCE
#include "core/compute/openblas/openblas.h"

#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char LIBRARY[] = "libopenblas.so.0", THREADS[] = "OPENBLAS_NUM_THREADS";

static struct {
    pthread_once_t once;
    blas_library library;
    bool loaded;
    error error;
} openblas = { .once = PTHREAD_ONCE_INIT };

/* *function, a pointer to a function, is the library's of this name; NULL: it has none. */
static bool find(void *function, void *library, const char *name)
{
    void *at = dlsym(library, name);
    memcpy(function, &at, sizeof at);
    return at != NULL;
}

static void *open_alone(void)
{
    const char *set = getenv(THREADS);
    char *before = set ? strdup(set) : NULL;
    setenv(THREADS, "1", 1);
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (before) /* children choose for themselves */
        setenv(THREADS, before, 1);
    else
        unsetenv(THREADS);
    free(before);
    return library;
}

static void load(void)
{
    blas_library *b = &openblas.library;
    void *library = open_alone();
    openblas.loaded = library && find(&b->sgemm, library, "cblas_sgemm") &&
                      find(&b->config, library, "openblas_get_config") &&
                      find(&b->corename, library, "openblas_get_corename");
    if (!openblas.loaded) {
        error_set(&openblas.error, "OpenBLAS cannot be loaded (%s)", dlerror());
        return;
    }
    /* Forget the choice of kernels, and make one: in no header, and not in every build. */
    find(&b->forget, library, "gotoblas_dynamic_quit");
    find(&b->choose, library, "gotoblas_dynamic_init");
    blas_core_choose(b);
}

bool blas_load(error *e)
{
    pthread_once(&openblas.once, load);
    if (!openblas.loaded) *e = openblas.error;
    return openblas.loaded;
}

const blas_library *blas(void)
{
    pthread_once(&openblas.once, load);
    assert(openblas.loaded && "blas_load would have said no");
    return &openblas.library;
}
