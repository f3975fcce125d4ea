/* memory.c - see memory.h. */
#include "trainer/memory.h"

#include "trainer/evaluation.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

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

size_t memory_available(void)
{
    enum { NOWHERE = 0 };
    static const uint64_t MOST = UINT64_MAX / 1024;
    uint64_t bytes = 1024 * least(number_in("/proc/meminfo", "MemAvailable:", MOST), MOST);

    const uint64_t group = number_in("/sys/fs/cgroup/memory.max", "", UINT64_MAX);
    const uint64_t used = number_in("/sys/fs/cgroup/memory.current", "", NOWHERE);
    if (group != UINT64_MAX) bytes = least(bytes, group > used ? group - used : 0);

    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        const uint64_t mapped = 1024 * least(number_in("/proc/self/status", "VmSize:", 0), MOST);
        bytes = least(bytes, limit.rlim_cur > mapped ? limit.rlim_cur - mapped : 0);
    }
    return bytes < SIZE_MAX ? (size_t)bytes : SIZE_MAX;
}

void memory_print(char out[MEMORY_TEXT], double bytes)
{
    static const char *const UNIT[] = { "bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    int i = 0;
    while (bytes >= 1000 && i < 6) bytes /= 1024, i++;
    snprintf(out, MEMORY_TEXT, i && bytes < 100 ? "%.3g %s" : "%.0f %s", bytes, UNIT[i]);
}

bool memory_weigh(model_memory *p, const config *c, int n_threads, error *e)
{
    const kernels_precision precision =
        c->train.precision == PRECISION_BFLOAT16 ? KERNELS_BFLOAT16 : KERNELS_FLOAT32;
    model m;
    model_config mc;
    if (!config_model(c, &mc, e) || !model_open(&m, &mc, e)) return false;
    model_weigh(p, &mc, precision, (int)(c->train.batch_tokens / c->model.context),
                (int)c->train.lanes, n_threads);
    p->total += evaluation_weigh(c, &m, n_threads);
    model_close(&m);
    return true;
}

bool memory_check(const model_memory *p, error *e)
{
    const size_t there = memory_available();
    char needed[MEMORY_TEXT], has[MEMORY_TEXT];
    if (p->total <= there) return true;
    memory_print(needed, (double)p->total);
    memory_print(has, (double)there);
    return error_usage(e,
                       "this configuration needs %zu bytes (%s), and %zu (%s) are available: make "
                       "model, context or batch smaller, or use fewer threads",
                       p->total, needed, there, has);
}
