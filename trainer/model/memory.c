/* memory.c - what a run allocates, added up from the same declarations that allocate it, and what
 * Linux says is available (/proc/meminfo, cgroup v2, RLIMIT_AS).
 */
#include "trainer/model/memory.h"

#include "core/compute/openblas/openblas.h"
#include "trainer/model/evaluation.h"
#include "trainer/model/train_step.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const uint64_t MOST = UINT64_MAX / 1024; /* in KiB */

/* Address space for each thread after the first (its stack, and what malloc reserves for it), and
 * for the rest of the process: SQLite, the tokenizer. */
enum { THREAD = (8 + 128) << 20, REST = 16 << 20 };

/* The number after `name` in a file of "name: number" lines, or the first number if name is "";
 * `otherwise` if there is none. */
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

/* What RLIMIT_AS (ulimit -v) leaves of the address space; UINT64_MAX if there is no limit. */
static uint64_t address_space(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return UINT64_MAX;
    const uint64_t mapped = 1024 * least(number_in("/proc/self/status", "VmSize:", 0), MOST);
    return limit.rlim_cur > mapped ? limit.rlim_cur - mapped : 0;
}

size_t memory_available(void)
{
    uint64_t bytes = 1024 * least(number_in("/proc/meminfo", "MemAvailable:", MOST), MOST);

    const uint64_t group = number_in("/sys/fs/cgroup/memory.max", "", UINT64_MAX);
    const uint64_t used = number_in("/sys/fs/cgroup/memory.current", "", 0);
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

/* Panels of every weight that a linear layer multiplies by. */
static size_t panels_of(const model *m, kernels_precision precision)
{
    panels_weight *weight = error_zeroed((size_t)m->n, sizeof *weight);
    const int n = model_linears(m, NULL, weight);
    size_t bytes = 0;
    for (int i = 0; i < n; i++)
        bytes += panels_bytes(weight[i].out, weight[i].in, kernels_layout(precision));
    free(weight);
    return bytes > 0 ? tensor_block_bytes(bytes / sizeof(float)) : 0;
}

/* What train_step_open takes, and the batch that a step reads. */
static void training_of(memory *out, const config *c, const model *m, int n_threads)
{
    const train_step_cut cut = train_step_cut_of(c, n_threads);
    const int T = m->config.T;
    const size_t workers = (size_t)cut.workers, tokens = (size_t)cut.sequences * (size_t)T;
    const size_t block = tensor_block_bytes(m->floats);
    size_t activations, scratch, update;
    pass_memory(&activations, &scratch, m, PASS_TRAIN, cut.most, T, T);
    optimizer_memory(&out->optimizer, &update, optimizers[c->train.optimizer], m, n_threads);
    out->weights = block;
    out->gradients = block * (workers + 1);
    out->activations = activations * workers;
    out->scratch = scratch * workers + update + panels_of(m, train_step_precision(c)) +
                   tokens * (2 * sizeof(int32_t) + sizeof(float)); /* token, target, nll */
}

bool memory_estimate(memory *out, const run_spec *spec, int n_threads, error *e)
{
    model m;
    *out = (memory){ 0 };
    if (!model_open(&m, &spec->model, e)) return false;
    training_of(out, &spec->config, &m, n_threads);
    out->evaluation = evaluation_memory(&spec->config, &m, n_threads);
    out->total = out->weights + out->gradients + out->optimizer + out->activations + out->scratch +
                 out->evaluation;
    model_close(&m);
    return true;
}

/* The address space that a run maps beyond what it allocates, most of it never touched. */
static bool check_limit(const memory *m, int n_threads, error *e)
{
    const uint64_t there = address_space();
    const uint64_t n = (uint64_t)n_threads, besides = REST + n * BLAS_BUFFER + (n - 1) * THREAD;
    char needed[MEMORY_TEXT], has[MEMORY_TEXT];
    if (there == UINT64_MAX || m->total + besides <= there) return true;
    memory_print(needed, (double)(m->total + besides));
    memory_print(has, (double)there);
    return error_usage(e,
                       "a run with %d thread%s needs %s of address space (with the buffers of "
                       "OpenBLAS), but ulimit -v leaves %s: raise the limit, or use fewer threads",
                       n_threads, n_threads == 1 ? "" : "s", needed, has);
}

bool memory_check(const memory *m, int n_threads, error *e)
{
    const size_t there = memory_available();
    char needed[MEMORY_TEXT], has[MEMORY_TEXT];
    if (m->total <= there) return check_limit(m, n_threads, e);
    memory_print(needed, (double)m->total);
    memory_print(has, (double)there);
    return error_usage(e,
                       "this configuration needs %zu bytes (%s), but only %zu (%s) are available: "
                       "make model, context or batch smaller, or use fewer threads",
                       m->total, needed, there, has);
}
