/* bench.c - attnlab bench train [key=value...] */
#include "trainer/run/bench.h"
#include "cli/command.h"
#include "core/base/file.h"
#include "core/base/table.h"
#include "core/compute/kernels.h"
#include "core/compute/threads.h"
#include "core/db/db.h"
#include "trainer/run/build_row.h"
#include "trainer/run/run_row.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef struct options {
    const char *config, *save;
    int64_t reps;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "config", 'c', OPTION_TEXT,    "FILE", offsetof(options, config), "start from this configuration" },
    { "reps",   'n', OPTION_INTEGER, "N",    offsetof(options, reps),   "steps to measure", "9", 1, 10000 },
    { "save",   's', OPTION_TEXT,    "FILE", offsetof(options, save),   "write the weights and tokens of the first step (safetensors)" },
    { 0 },
};
// clang-format on

/* The defaults are small: a vocabulary of 4096 and 8 sequences of 512. */
static bool read_config(run_spec *spec, const command_call *call, const char *path, error *e)
{
    config *settings = &spec->config;
    yaml_node *file = NULL;
    config_init(settings);
    bool ok = !path || config_load(settings, path, &file, NULL, e);
    yaml_close(file);
    for (int i = 1; ok && i < call->arguments; i++)
        ok = config_override(settings, call->argument[i], e);
    if (ok && !config_given(settings, config_find("model.vocab_size")) && !*settings->data.corpus)
        ok = config_override(settings, "model.vocab_size=4096", e);
    if (ok && !path && !config_given(settings, config_find("train.batch_tokens"))) {
        char batch[64];
        snprintf(batch, sizeof batch, "train.batch_tokens=%lld",
                 8 * (long long)settings->model.context);
        ok = config_override(settings, batch, e);
    }
    return ok && run_spec_resolve(spec, settings, e);
}

static bool write_rows(db *d, const bench *b, const run_spec *spec, error *e)
{
    const config *settings = &spec->config;
    int64_t host, code, block;
    if (!run_row_config(d, spec, e) || !build_row_host(d, &host, e) ||
        !build_row_code(d, &code, e) ||
        !db_integer(d, &block, 0, e, "SELECT 1 + coalesce(max(block), 0) FROM bench", NULL))
        return false;
    bool ok = true;
    for (int i = 0; ok && i < b->reps; i++)
        ok = db_run(d, e,
                    "INSERT INTO bench(config_id, host_id, code_id, phase, context, batch, threads,"
                    " block, rep, ns, tokens, flops, sgemm_gflops, at_ms)"
                    " VALUES(?,?,?,'train',?,?,?,?,?,?,?,?,?,?)",
                    "tiiiininiiddi", spec->id, host, code, settings->model.context,
                    settings->train.batch_tokens / settings->model.context, b->threads, block, i,
                    (int64_t)(1e9 * b->rep[i].seconds), b->tokens, b->flops, 1e-9 * b->rep[i].sgemm,
                    db_now_ms());
    return ok;
}

static bool record(const char *path, const bench *b, const run_spec *spec, error *e)
{
    db d;
    if (!db_open(&d, path, DB_WRITE, e)) return false;
    bool ok = db_begin(&d, e);
    if (ok && !write_rows(&d, b, spec, e)) {
        db_rollback(&d);
        ok = false;
    }
    ok = ok && db_commit(&d, e);
    db_close(&d);
    return ok;
}

/* One row, with the parts of a step as a list in it. */
static void print_json(const bench *b, table_format f)
{
    json_t *parts = json_array();
    for (int i = 0; i < PARTS; i++)
        json_array_append_new(parts,
                              json_pack("{s:s, s:f}", "name", pass_parts[i], "share", b->share[i]));
    json_t *j = json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:s, s:s, s:i, s:i, s:I, s:I, s:o}",
                          "tokens_per_s", b->tokens_per_s, "gflops", 1e-9 * b->flops_per_s,
                          "sgemm_gflops", 1e-9 * b->sgemm, "fraction_of_sgemm", b->fraction,
                          "optimizer_flops", b->update_flops / b->flops, "loss", b->loss, "kernels",
                          kernels_name(), "blas_kernel", kernels_blas_core(), "threads", b->threads,
                          "reps", b->reps, "memory_predicted", (json_int_t)b->predicted,
                          "memory_peak", (json_int_t)b->peak, "parts", parts);
    if (f == TABLE_JSON) putchar('[');
    json_dumpf(j, stdout, JSON_REAL_PRECISION(6));
    puts(f == TABLE_JSON ? "]" : "");
    json_decref(j);
}

static void print(const bench *b, table_format f)
{
    table t;
    if (f == TABLE_JSON || f == TABLE_JSONL) {
        print_json(b, f);
        return;
    }
    table_open(&t, f, stdout, 10,
               (const char *[]){ "kernels", "blas_kernel", "threads", "tokens_per_s", "gflops",
                                 "sgemm_gflops", "fraction_of_sgemm", "optimizer_flops_%",
                                 "predicted_mib", "peak_mib" });
    table_text(&t, kernels_name()), table_text(&t, kernels_blas_core()), table_int(&t, b->threads),
        table_real(&t, b->tokens_per_s, 0);
    table_real(&t, 1e-9 * b->flops_per_s, 1), table_real(&t, 1e-9 * b->sgemm, 1);
    table_real(&t, b->fraction, 3), table_real(&t, 100 * b->update_flops / b->flops, 1);
    table_real(&t, (double)b->predicted / (1 << 20), 1);
    table_real(&t, (double)b->peak / (1 << 20), 1);
    table_close(&t);
    if (f == TABLE_CSV) return;
    putchar('\n');
    table_open(&t, f, stdout, 2, (const char *[]){ "part", "share_%" });
    for (int i = 0; i < PARTS; i++)
        table_text(&t, pass_parts[i]), table_real(&t, 100 * b->share[i], 1);
    table_close(&t);
}

static int run(command_call *call, const void *given)
{
    static run_spec spec;
    const options *o = given;
    bench b;
    error e;
    if (strcmp(call->argument[0], "train") != 0)
        return command_refuse(call, "'%.100s' cannot be measured: only train can",
                              call->argument[0]);
    if (!read_config(&spec, call, o->config, &e) ||
        (o->save && !file_output_check(o->save, BENCH_MAKER, NULL, NULL, &e)))
        return command_fail(call, &e);
    const int asked = (int)spec.config.train.threads;
    const int n = asked > 0 ? asked : threads_available();
    if (!bench_train(&b, &spec, n, (int)o->reps, o->save, &e)) return command_fail(call, &e);
    command_rows(call);
    print(&b, command_format(call));
    const bool ok = record(call->db, &b, &spec, &e);
    bench_close(&b);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_bench = {
    .name = "bench",
    .group = COMMAND_TRAIN,
    .help = "how fast it trains, against the rate of sgemm",
    .arguments = "train [KEY=VALUE...]",
    .summary =
        "Measure training steps on random tokens against OpenBLAS's sgemm on the same threads, "
        "in turn: medians, and where the time goes. No corpus is needed.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
