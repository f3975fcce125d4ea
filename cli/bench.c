/* bench.c - attnlab bench train|decode|prefill [key=value...] */
#include "trainer/run/bench.h"
#include "cli/bench_decode.h"
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
    const char *config, *save, *study;
    int64_t reps, tokens, memory, max_batch;
    option_texts attention;
    option_numbers context, batch, threads;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "config", 'c', OPTION_TEXT,    "FILE", offsetof(options, config), "start from this configuration" },
    { "reps",   'n', OPTION_INTEGER, "N",    offsetof(options, reps),   "repetitions: steps of training, or blocks of all arms", "9", 1, 10000 },
    { "save",   's', OPTION_TEXT,    "FILE", offsetof(options, save),   "write the weights and tokens of the first step (safetensors)" },
    { "study",  0,   OPTION_TEXT,    "STUDY", offsetof(options, study), "decode, prefill: measure the arms of this study" },
    { "attention", 'a', OPTION_TEXTS, "SPEC", offsetof(options, attention), "decode, prefill: an arm; the first is the baseline" },
    { "context", 0,  OPTION_NUMBERS, "N",    offsetof(options, context), "decode, prefill: positions", "(model.context)", 2, 1 << 24 },
    { "batch",  'b', OPTION_NUMBERS, "N",    offsetof(options, batch),  "decode, prefill: sequences", "(1, 2, 4, ... until memory is full)", 1, 1 << 20 },
    { "max-batch", 0, OPTION_COUNT,  "N",    offsetof(options, max_batch), "decode, prefill: stop doubling here", "65536", 1, 1 << 20 },
    { "memory", 'm', OPTION_COUNT,   "BYTES", offsetof(options, memory), "decode, prefill: bytes that may be used, such as 4Gi", "(what is available)", 1, 1e15 },
    { "tokens", 0,   OPTION_INTEGER, "N",    offsetof(options, tokens), "decode: tokens of each sequence in a repetition", "16", 1, 1e6 },
    { "threads", 't', OPTION_NUMBERS, "N",   offsetof(options, threads), "decode, prefill: threads", "(train.threads, or one per processor)", 1, 1024 },
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
    const char *phase = call->argument[0];
    const bool train = strcmp(phase, "train") == 0, decode = strcmp(phase, "decode") == 0;
    error e;
    if (!train && !decode && strcmp(phase, "prefill") != 0)
        return command_refuse(call, "'%.100s' cannot be measured: choose train, decode or prefill",
                              phase);
    if (train && (o->study || o->attention.n || o->context.n || o->batch.n || o->threads.n ||
                  o->memory != OPTION_UNSET))
        return command_refuse(
            call, "--study, --attention, --context, --batch, --threads and --memory are "
                  "for decode and prefill: give train keys, such as "
                  "model.attention=mqa");
    if (!train && o->save) return command_refuse(call, "--save is for train");
    if (o->study && (o->config || o->attention.n))
        return command_refuse(call, "--study brings its arms: give no --config or --attention "
                                    "with it");
    if ((!o->study && !read_config(&spec, call, o->config, &e)) ||
        (o->save && !file_output_check(o->save, BENCH_MAKER, NULL, NULL, &e)))
        return command_fail(call, &e);
    if (!train) {
        const bench_decode_grid grid = { .phase = decode ? DECODE_STEPS : DECODE_PREFILL,
                                         .study = o->study,
                                         .settings = call->argument + 1,
                                         .n_settings = call->arguments - 1,
                                         .attention = o->attention,
                                         .context = o->context,
                                         .batch = o->batch,
                                         .threads = o->threads,
                                         .tokens = (int)o->tokens,
                                         .reps = (int)o->reps,
                                         .memory = o->memory,
                                         .max_batch = o->max_batch };
        return bench_decode(call, &grid, &spec);
    }
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
    .help = "how fast a model trains, decodes or reads a prompt, against what bounds it",
    .arguments = "train|decode|prefill [KEY=VALUE...]",
    .summary =
        "Measure training steps on random tokens against OpenBLAS's sgemm on the same threads, "
        "in turn: medians, and where the time goes. No corpus is needed. Or measure decoding and "
        "the reading of prompts: attentions in turn, by context and batch.",
    .text = "decode measures the last --tokens of a context; latency_ms is the time of a token. "
            "prefill reads a whole context; latency_ms is the time to the first token. Both come "
            "with the interval of their median (95 %, order statistics; with few repetitions their "
            "range), the ratio to the first arm by blocks, the part of the machine's read "
            "bandwidth and of sgemm's rate, measured in the same process, and the memory. An arm "
            "that doesn't fit into memory has the outcome out-of-memory, with the bytes that are "
            "missing. Every repetition is stored in the table `bench`.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_QUIET,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
