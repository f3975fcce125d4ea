/* load.c - OpenBLAS, loaded when a process begins to compute, with one thread and with the kernels
 * of this processor.
 *
 * Threads.  If the program were linked with OpenBLAS, OpenBLAS would start one thread per processor
 * before main, although attnlab only calls it from its own threads.  Each of its threads maps a
 * buffer of 128 MiB; if that fails (ulimit -v), the thread retries forever, and the process cannot
 * exit (0.3.21, blas_memory_alloc and blas_thread_shutdown).  OpenBLAS reads the number of threads
 * from the environment when it is loaded, so it is loaded here, with that variable set.
 *
 * Kernels.  OpenBLAS looks up the processor's model in a list that ends with its release date; for
 * a newer model it falls back to kernels without AVX (on Emerald Rapids, 0.3.21 took "Prescott",
 * which runs at a seventh of the speed).  What matters is what the processor can do, so such
 * kernels are exchanged for better ones that it can run.  OPENBLAS_CORETYPE is read when the
 * library is loaded; choose_core makes the library read it again.  If the user has set
 * OPENBLAS_CORETYPE, it stands.
 */
#define _DEFAULT_SOURCE
#include "core/compute/backend.h"
#include "core/compute/openblas/openblas.h"

#include <assert.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char LIBRARY[] = "libopenblas.so.0", THREADS[] = "OPENBLAS_NUM_THREADS";

static struct {
    pthread_once_t once;
    blas_library library;
    bool loaded;
    error error;
} openblas = { .once = PTHREAD_ONCE_INIT };

// clang-format off
static const char *const WITHOUT_AVX2[] = {
    "Katmai", "Coppermine", "Northwood", "Prescott", "Banias", "Atom", "Core2", "Penryn",
    "Dunnington", "Nehalem", "Athlon", "Opteron", "Bobcat", "Nano", "Barcelona", "Sandybridge",
    "Bulldozer", "Opteron_SSE3", NULL,
};
// clang-format on
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

static void choose_core(const blas_library *b)
{
#ifdef __x86_64__
    const char *better = blas_core_for(b->corename(), backend_avx2.runs(), backend_avx512.runs());
    if (!better || getenv("OPENBLAS_CORETYPE") || !b->forget || !b->choose) return;
    setenv("OPENBLAS_CORETYPE", better, 1);
    b->forget();
    b->choose();
    unsetenv("OPENBLAS_CORETYPE"); /* child processes choose for themselves */
#else
    (void)b;
#endif
}

/* Set *function, a pointer to a function, to the library's function of this name.  False if it has
 * none; *function is then NULL. */
static bool find(void *function, void *library, const char *name)
{
    void *at = dlsym(library, name);
    memcpy(function, &at, sizeof at);
    return at != NULL;
}

/* Load the library with one thread and leave the environment as it was. */
static void *open_library(void)
{
    const char *set = getenv(THREADS);
    char *before = set ? strdup(set) : NULL;
    setenv(THREADS, "1", 1);
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (before)
        setenv(THREADS, before, 1);
    else
        unsetenv(THREADS);
    free(before);
    return library;
}

static void load(void)
{
    blas_library *b = &openblas.library;
    void *library = open_library();
    openblas.loaded = library && find(&b->sgemm, library, "cblas_sgemm") &&
                      find(&b->sgemv, library, "cblas_sgemv") &&
                      find(&b->config, library, "openblas_get_config") &&
                      find(&b->corename, library, "openblas_get_corename");
    if (!openblas.loaded) {
        error_set(&openblas.error, "cannot load OpenBLAS: %s", dlerror());
        return;
    }
    /* Undocumented, and missing in builds for a single processor. */
    find(&b->forget, library, "gotoblas_dynamic_quit");
    find(&b->choose, library, "gotoblas_dynamic_init");
    choose_core(b);
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
    assert(openblas.loaded && "call blas_load first: it reports the error");
    return &openblas.library;
}
