/* memory.c - see memory.h. */
#include "trainer/model/memory.h"

#include "core/compute/openblas/openblas.h"
#include "trainer/model/evaluation.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

static const uint64_t MOST = UINT64_MAX / 1024; /* in KiB */

/* Address space for a further thread (its stack, and what malloc reserves for it), and for the
 * rest of the process: SQLite, the tokenizer. */
enum { THREAD = (8 + 128) << 20, REST = 16 << 20 };

/* The number after `name` in a file of "name: number" lines, or the first number when name is "";
 * `otherwise` when there is none. */
static uint64_t number_in(const char *path, const char *name, uint64_t otherwise)
{
    char line[256];
    unsigned long long x;
    bool found = false;
    FILE *f = fopen(path, "r");
    while (f && !found && fgets(line, sizeof line, f))
        found =
            strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), " %llu", &x) == 1;
    if (f) fclose(f);
    return found ? x : otherwise;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What RLIMIT_AS (ulimit -v) leaves of the address space; UINT64_MAX where there is no limit. */
static uint64_t address_space(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    const uint64_t mapped = 1024 * least(number_in("/proc/self/status", "VmSize:", 0), MOST);
    return limit.rlim_cur > mapped ? limit.rlim_cur - mapped : 0;
}

size_t memory_available(void)
{
    enum { NOWHERE = 0 };
    uint64_t bytes = 1024 * least(number_in("/proc/meminfo", "MemAvailable:", MOST), MOST);

    const uint64_t group = number_in("/sys/fs/cgroup/memory.max", "", UINT64_MAX);
    const uint64_t used = number_in("/sys/fs/cgroup/memory.current", "", NOWHERE);
    if (group != UINT64_MAX) bytes = least(bytes, group > used ? group - used : 0);
    bytes = least(bytes, address_space());
    return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}

void memory_print(char out[MEMORY_TEXT], double bytes)
{
    static const char *const UNIT[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    int i = 0;
    while (bytes >= 1000 && i < 6) bytes /= 1024, i++;
    snprintf(out, MEMORY_TEXT, i && bytes < 100 ? "%.3g %s" : "%.0f %s", bytes, UNIT[i]);
}

bool memory_weigh(model_memory *p, const run_spec *spec, int n_threads, error *e)
{
    const config *c = &spec->config;
    const kernels_precision precision =
        c->train.precision == PRECISION_BFLOAT16 ? KERNELS_BFLOAT16 : KERNELS_FLOAT32;
    model m;
    if (!model_open(&m, &spec->model, e)) return false;
    model_weigh(p, &spec->model, precision, (int)(c->train.batch_tokens / c->model.context),
                (int)c->train.lanes, n_threads);
    p->total += evaluation_weigh(c, &m, n_threads);
    model_close(&m);
    return true;
}

/* The address space that is mapped besides what a run allocates, most of it never touched. */
static bool check_limit(const model_memory *p, int n_threads, error *e)
{
    const uint64_t there = address_space();
    const uint64_t n = (uint64_t)n_threads, besides = REST + n * BLAS_BUFFER + (n - 1) * THREAD;
    char needed[MEMORY_TEXT], has[MEMORY_TEXT];
    if (there == UINT64_MAX || p->total + besides <= there) return true;
    memory_print(needed, (double)(p->total + besides));
    memory_print(has, (double)there);
    return error_usage(
        e,
        "a run with %d thread%s needs %s of address space, with the buffers of "
        "OpenBLAS, and its limit (ulimit -v) leaves %s: raise it, or use fewer threads",
        n_threads, n_threads == 1 ? "" : "s", needed, has);
}

bool memory_check(const model_memory *p, int n_threads, error *e)
{
    const size_t there = memory_available();
    char needed[MEMORY_TEXT], has[MEMORY_TEXT];
    if (p->total <= there) return check_limit(p, n_threads, e);
    memory_print(needed, (double)p->total);
    memory_print(has, (double)there);
    return error_usage(e,
                       "this configuration needs %zu bytes (%s), and %zu (%s) are available: make "
                       "model, context or batch smaller, or use fewer threads",
                       p->total, needed, there, has);
}
