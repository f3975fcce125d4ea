/* bench.c - attnlab bench train [key=value...] */
#include "trainer/run/bench.h"
#include "cli/verbs.h"
#include "core/base/table.h"
#include "core/compute/kernels.h"
#include "core/compute/threads.h"
#include "core/db/db.h"
#include "trainer/run/build_row.h"
#include "trainer/run/run_row.h"

#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SETTINGS = 256, DB = 'd', OUTPUT = 'o', REPS = 'n', CONFIG = 'c', SAVE = 's' };

typedef struct arguments {
    const char *db, *file, *save;
    table_format format;
    int reps, n;
    const char *word[MAX_SETTINGS];
} arguments;

static const struct argp_option OPTIONS[] = {
    { "db", DB, "FILE", 0, "the record [ATTNLAB_DB, or attnlab.db]", 0 },
    { "config", CONFIG, "FILE", 0, "begin with this configuration", 0 },
    { "output", OUTPUT, "FORMAT", 0, "table, md, csv, json or jsonl [table]", 0 },
    { "reps", REPS, "N", 0, "steps to measure [9]", 0 },
    { "save", SAVE, "FILE", 0, "write the weights and tokens of the first step (safetensors)", 0 },
    { 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    arguments *a = state->input;
    error e;
    switch (key) {
    case DB:
        a->db = arg;
        break;
    case CONFIG:
        a->file = arg;
        break;
    case SAVE:
        a->save = arg;
        break;
    case OUTPUT:
        if (!table_format_parse(&a->format, arg, &e)) argp_error(state, "%s", e.msg);
        break;
    case REPS:
        a->reps = atoi(arg);
        if (a->reps < 1 || a->reps > 10000) argp_error(state, "--reps %s is not 1..10000", arg);
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num == 0 && strcmp(arg, "train") != 0)
            argp_error(state, "'%s' cannot be measured: only `train` can", arg);
        if (state->arg_num == 0) break;
        if (a->n == MAX_SETTINGS) argp_error(state, "more than %d settings", MAX_SETTINGS);
        a->word[a->n++] = arg;
        break;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "what is to be measured? `attnlab bench train`");
        break;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

/* What is not said is small: a vocabulary of 4096 and 8 sequences of 512. */
static bool read_config(run_spec *spec, const arguments *a, error *e)
{
    config *c = &spec->config;
    yaml_node *file = NULL;
    const yaml_node *sweep;
    config_init(c);
    bool ok = !a->file || config_load(c, a->file, &file, &sweep, e);
    yaml_close(file);
    for (int i = 0; ok && i < a->n; i++) ok = config_override(c, a->word[i], e);
    if (ok && !config_given(c, config_find("model.vocab_size")) && !*c->data.corpus)
        ok = config_override(c, "model.vocab_size=4096", e);
    if (ok && !a->file && !config_given(c, config_find("train.batch_tokens"))) {
        char batch[64];
        snprintf(batch, sizeof batch, "train.batch_tokens=%lld", 8 * (long long)c->model.context);
        ok = config_override(c, batch, e);
    }
    return ok && run_spec_resolve(spec, c, e);
}

static bool write_rows(db *d, const bench *b, const run_spec *spec, error *e)
{
    const config *c = &spec->config;
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
                    "tiiiininiiddi", spec->id, host, code, c->model.context,
                    c->train.batch_tokens / c->model.context, b->threads, block, i,
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

static void print_json(const bench *b)
{
    json_t *parts = json_array();
    for (int i = 0; i < PARTS; i++)
        json_array_append_new(parts,
                              json_pack("{s:s, s:f}", "name", pass_parts[i], "share", b->share[i]));
    json_t *j = json_pack(
        "{s:f, s:f, s:f, s:f, s:f, s:s, s:s, s:i, s:i, s:I, s:I, s:o}", "tokens_per_s",
        b->tokens_per_s, "gflops", 1e-9 * b->flops_per_s, "sgemm_gflops", 1e-9 * b->sgemm,
        "fraction_of_sgemm", b->fraction, "loss", b->loss, "kernels", kernels_name(), "blas_kernel",
        kernels_blas_core(), "threads", b->threads, "reps", b->reps, "memory_predicted",
        (json_int_t)b->predicted, "memory_peak", (json_int_t)b->peak, "parts", parts);
    json_dumpf(j, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    putchar('\n');
    json_decref(j);
}

static void print(const bench *b, table_format f)
{
    table t;
    if (f == TABLE_JSON || f == TABLE_JSONL) {
        print_json(b);
        return;
    }
    table_open(&t, f, stdout, 9,
               (const char *[]){ "kernels", "blas_kernel", "threads", "tokens_per_s", "gflops",
                                 "sgemm_gflops", "fraction_of_sgemm", "predicted_mib",
                                 "peak_mib" });
    table_text(&t, kernels_name()), table_text(&t, kernels_blas_core()), table_int(&t, b->threads),
        table_real(&t, b->tokens_per_s, 0);
    table_real(&t, 1e-9 * b->flops_per_s, 1), table_real(&t, 1e-9 * b->sgemm, 1);
    table_real(&t, b->fraction, 3), table_real(&t, (double)b->predicted / (1 << 20), 1);
    table_real(&t, (double)b->peak / (1 << 20), 1);
    table_close(&t);
    if (f == TABLE_CSV) return;
    putchar('\n');
    table_open(&t, f, stdout, 2, (const char *[]){ "part", "share_%" });
    for (int i = 0; i < PARTS; i++)
        table_text(&t, pass_parts[i]), table_real(&t, 100 * b->share[i], 1);
    table_close(&t);
}

int bench_verb(int argc, char **argv)
{
    static const struct argp ARGP = { OPTIONS,
                                      parse,
                                      "train [key=value...]",
                                      "Measure training steps on random tokens against OpenBLAS's "
                                      "sgemm on the same threads, in turn: "
                                      "medians, and where the time goes. No corpus is needed.",
                                      NULL,
                                      NULL,
                                      NULL };
    static run_spec spec;
    arguments a = { .db = db_default_path(), .reps = 9 };
    bench b;
    error e;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    bool ok = read_config(&spec, &a, &e);
    const int asked = (int)spec.config.train.threads;
    const int n = asked > 0 ? asked : threads_available();
    ok = ok && bench_train(&b, &spec, n, a.reps, a.save, &e);
    if (ok) {
        print(&b, a.format);
        ok = record(a.db, &b, &spec, &e);
        bench_close(&b);
    }
    if (!ok) fprintf(stderr, "attnlab bench: %s\n", e.msg);
    return ok ? STATUS_DONE : e.status;
}
