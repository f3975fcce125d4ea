/* fixture.c - writes studies with chosen losses into a database, and captures what commands print.
 */
#include "tests/fixture.h"

#include "cli/run.h"
#include "core/base/file.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 40, TOKENS = 4096, EVALS = 8, LENGTH = 512, WINDOWS = 40, HEADS = 8 };

#define DO(...)                                                                                    \
    do {                                                                                           \
        error why_;                                                                                \
        if (!(__VA_ARGS__)) fail_msg("%s", why_.msg);                                              \
    } while (0)

void fixture_open(fixture *f)
{
    *f = (fixture){ 0 };
    snprintf(f->folder, sizeof f->folder, "/tmp/attnlab-test-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/test.db", f->folder);
    DO(db_open(&f->d, f->path, DB_WRITE, &why_));
    DO(db_run(&f->d, &why_, "INSERT INTO code(binary_sha256, version) VALUES('b0b0', '1')", NULL));
    f->code_id = db_last_id(&f->d);
    DO(db_run(&f->d, &why_, "INSERT INTO code_file VALUES(?, 'core', 'c0de')", "i", f->code_id));
    DO(db_run(&f->d, &why_,
              "INSERT INTO host(hostname, cpu_model, isa, os, blas, blas_kernel)"
              " VALUES('here', 'cpu', 'avx2', 'linux', 'OpenBLAS', 'Zen')",
              NULL));
    f->host_id = db_last_id(&f->d);
}

void fixture_close(fixture *f)
{
    char words[128];
    db_close(&f->d);
    snprintf(words, sizeof words, "rm -rf '%s'", f->folder);
    if (system(words) != 0) fail_msg("%s: not removed", f->folder);
}

void fixture_run(fixture *f, const char *sql)
{
    DO(db_run(&f->d, &why_, sql, NULL));
}

static void put_config(fixture *f, const char *id, const fixture_arm *a)
{
    db *d = &f->d;
    const double kv = a->n_kv_heads * 2 * 32 * 4 * 6;
    DO(db_run(d, &why_,
              "INSERT OR IGNORE INTO config(config_id, canon_json, attention, n_layers, dim,"
              " n_heads, n_kv_heads, head_dim, ffn_dim, vocab_size, context, n_params,"
              " n_params_nonembed, n_params_attn, train_flops_per_token, kv_bytes_per_token)"
              " VALUES(?, ?1, ?, 6, 256, ?, nullif(?, 0), 32, 704, 4096, ?, 5000000, 4000000,"
              " 1500000, 3e7, ?)",
              "ttnnnd", id, a->attention, HEADS, a->n_kv_heads, a->context, kv));
    DO(db_run(d, &why_, "INSERT OR IGNORE INTO config_param VALUES(?, 'model.attention', ?)", "tt",
              id, a->attention));
    DO(db_run(d, &why_, "INSERT OR IGNORE INTO config_param VALUES(?, 'model.context', ?)", "tn",
              id, a->context));
    DO(db_run(d, &why_, "INSERT OR IGNORE INTO config_param VALUES(?, 'train.lr', 0.001)", "t",
              id));
}

/* A run whose losses fall to `value`; if it is NaN, the run diverges. */
static int64_t put_run(fixture *f, const char *id, int seed, double value)
{
    db *d = &f->d;
    char uid[32];
    snprintf(uid, sizeof uid, "%.6s%06x", id, (unsigned)seed);
    const bool dead = isnan(value);
    const int last = dead ? STEPS / 2 : STEPS;
    DO(db_run(d, &why_,
              "INSERT INTO run(run_uid, config_id, seed_init, seed_data, code_id, status,"
              " last_step, target_step, attempts, train_ms, message)"
              " VALUES(?, ?, ?, ?3, ?, ?, ?, ?, 1, 60000, ?)",
              "ttnitnnt", uid, id, seed, f->code_id, dead ? "diverged" : "done", last, STEPS,
              dead ? "the loss is not finite" : NULL));
    const int64_t run = db_last_id(d);
    DO(db_run(d, &why_,
              "INSERT INTO attempt(run_id, attempt, host_id, code_id, threads, from_step,"
              " started_ms) VALUES(?, 1, ?, ?, 1, 0, 0)",
              "iii", run, f->host_id, f->code_id));
    for (int step = 1; step <= last; step++) {
        const double loss = (dead ? 3 : value) + 5 * exp(-step / 8.0) + 0.05 * sin(step * seed);
        DO(db_run(d, &why_, "INSERT INTO train_step VALUES(?, ?, 1, ?, 100, ?, 1.0, 0.001, 0)",
                  "inid", run, step, (int64_t)step * TOKENS, loss));
        if (dead || step % (STEPS / EVALS)) continue;
        const double val = value + 5 * (exp(-step / 8.0) - exp(-STEPS / 8.0));
        const int n = WINDOWS * LENGTH;
        DO(db_run(d, &why_,
                  "INSERT INTO eval(run_id, step, context, stride, n_tok, n_bytes, nll_sum,"
                  " last_n_tok, last_nll_sum) VALUES(?, ?, ?, ?3, ?, ?, ?, ?, ?)",
                  "innnndnd", run, step, LENGTH, n, 4 * n, val * n, n / 4, val * n / 4));
    }
    return run;
}

void fixture_study(fixture *f, const char *name, const fixture_arm *arm, int arms, int seeds,
                   double margin)
{
    db *d = &f->d;
    DO(db_begin(d, &why_));
    DO(db_run(d, &why_,
              "INSERT INTO sweep(name, created_ms, design, axes_json, baseline_json) VALUES(?, 0,"
              " 'grid', '{\"model.attention\":[],\"model.context\":[]}', '{}')",
              "t", name));
    f->sweep_id = db_last_id(d);
    DO(db_run(d, &why_,
              "INSERT INTO sweep_version(sweep_id, version, at_ms, spec_text, question, hypothesis,"
              " metric, direction, margin, alpha, seeds, runs_done, looks)"
              " VALUES(?, 1, 0, '', 'Does sharing cost anything?', NULL,"
              " 'val_loss@512', 'min', ?, 0.05, ?, 0, 0)",
              "idn", f->sweep_id, margin, seeds));
    int64_t *ids = calloc((size_t)arms, sizeof *ids);
    assert_non_null(ids);
    for (int a = 0; a < arms; a++) {
        char id[17], axis[128];
        snprintf(id, sizeof id, "%x%x%04d%010x", (unsigned)f->sweep_id % 16, (unsigned)a % 16, a,
                 0xabcdefu);
        put_config(f, id, &arm[a]);
        snprintf(axis, sizeof axis, "{\"model.attention\":\"%s\"}", arm[a].attention);
        DO(db_run(d, &why_,
                  "INSERT INTO arm(sweep_id, ord, label, config_id, axis_json)"
                  " VALUES(?, ?, ?, ?, ?)",
                  "intt"
                  "t",
                  f->sweep_id, a, arm[a].label, id, arm[a].axis_json ? arm[a].axis_json : axis));
        ids[a] = db_last_id(d);
        for (int s = 0; s < seeds; s++)
            DO(db_run(d, &why_, "INSERT INTO arm_run(arm_id, run_id, pair_key) VALUES(?, ?, ?)",
                      "iin", ids[a], put_run(f, id, s + 1, arm[a].value[s]), s + 1));
    }
    for (int a = 0; a < arms; a++)
        if (arm[a].base >= 0)
            DO(db_run(d, &why_, "UPDATE arm SET base_arm_id = ? WHERE arm_id = ?", "ii",
                      ids[arm[a].base], ids[a]));
    free(ids);
    DO(db_commit(d, &why_));
}

static char *slurp(FILE *f)
{
    const long n = ftell(f);
    char *text = calloc((size_t)n + 1, 1);
    assert_non_null(text);
    rewind(f);
    assert_int_equal(fread(text, 1, (size_t)n, f), n);
    fclose(f);
    return text;
}

int fixture_command(const char *name, char **out, char **err, const char *const *argv)
{
    enum { MOST = 32 };
    const command *c = command_find(name);
    char *word[MOST];
    int n = 0;
    assert_non_null(c);
    for (; argv[n + 1]; n++) {
        assert_true(n < MOST);
        word[n] = strdup(argv[n + 1]);
        assert_non_null(word[n]);
    }
    FILE *to[2] = { tmpfile(), tmpfile() };
    assert_true(to[0] && to[1]);
    fflush(stdout), fflush(stderr);
    const int saved[2] = { dup(1), dup(2) };
    dup2(fileno(to[0]), 1), dup2(fileno(to[1]), 2);
    const int status = run_command(c, NULL, word, n);
    fflush(stdout), fflush(stderr);
    dup2(saved[0], 1), dup2(saved[1], 2);
    close(saved[0]), close(saved[1]);
    for (int i = 0; i < 2; i++) fseek(to[i], 0, SEEK_END);
    *out = slurp(to[0]), *err = slurp(to[1]);
    for (int i = 0; i < n; i++) free(word[i]);
    return status;
}

json_t *fixture_rows(const char *out)
{
    json_t *answer = json_loads(out, 0, NULL), *rows = json_object_get(answer, "rows");
    if (!json_is_array(rows) || !json_is_array(json_object_get(answer, "notes")))
        fail_msg("no rows and notes in: %s", out);
    json_incref(rows);
    json_decref(answer);
    return rows;
}

void fixture_expect(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no '%s' in:\n%s", part, text);
}

char *fixture_file(const char *path)
{
    char *text;
    size_t n;
    error e;
    if (!file_read(&text, &n, path, 1 << 26, &e)) fail_msg("%s", e.msg);
    assert_int_equal(strlen(text), n);
    return text;
}

bool fixture_has(const char *program)
{
    char line[64];
    snprintf(line, sizeof line, "%s --version >/dev/null 2>&1", program);
    return system(line) == 0;
}

double fixture_number(const json_t *row, const char *key)
{
    const json_t *x = json_object_get(row, key);
    return json_is_number(x) ? json_number_value(x) : NAN;
}
