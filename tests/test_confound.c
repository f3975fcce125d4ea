/* test_confound.c - every other difference between two arms is named, once and only for that arm,
 * in the table's notes and in the database; and nothing else is. */
#include "tests/heads.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG(label) "(SELECT config_id FROM arm WHERE label = '" label "')"
#define RUNS(label, and)                                                                           \
    "(SELECT run_id FROM arm_run JOIN arm USING(arm_id) WHERE label = '" label "'" and ")"
#define TWO_CORPORA                                                                                \
    "INSERT INTO dataset VALUES(1, 'aaaaaaaa11', '/text/one', 4096, 9000, 30000, 900, 3000),"      \
    " (2, 'bbbbbbbb22', '/text/two', 4096, 9000, 30000, 800, 2900),"                               \
    " (3, 'cccccccc33', '/text/three', 4096, 9000, 30000, 850, 3000)"
#define OTHER_KERNELS                                                                              \
    "INSERT INTO host(host_id, hostname, cpu_model, isa, blas, blas_kernel)"                       \
    " VALUES(9, 'here', 'cpu', 'plain', 'OpenBLAS', 'Zen')"
#define RESUMED(step, which)                                                                       \
    "INSERT INTO attempt(run_id, attempt, host_id, code_id, threads, from_step, started_ms)"       \
    " SELECT run_id, 2, 9, code_id, 1, " step ", 1 FROM attempt WHERE run_id " which
#define PARTS(name)                                                                                \
    "INSERT INTO code_file SELECT code_id, '" name "', 'old' FROM code",                           \
        "INSERT INTO code(code_id, binary_sha256, version) VALUES(9, 'newbuild', '1')",            \
        "INSERT INTO code_file VALUES(9, 'core', 'c0de'), (9, '" name "', 'new')",                 \
        "UPDATE run SET code_id = 9 WHERE run_id IN " RUNS("mqa", "")
#define CORPUS_AXIS                                                                                \
    "UPDATE sweep SET axes_json = json_insert(axes_json, '$.\"data.corpus\"', json('[]'))"

/* A change to a study in which nothing else differs, and the confound that is then named for mqa;
 * NULL for none. */
static const struct {
    const char *sql[6], *key, *said, *metric;
} CASE[] = {
    { { NULL }, NULL, NULL, NULL },
    /* Keys of the configuration. */
    { { "UPDATE config_param SET value = 0.002 WHERE key = 'train.lr' AND config_id = " CONFIG(
          "mqa") },
      "train.lr",
      "train.lr (0.001 -> 0.002)",
      NULL },
    { { "UPDATE config_param SET value = 0.002 WHERE key = 'train.lr' AND config_id = " CONFIG(
            "mqa"),
        "UPDATE sweep SET axes_json = '{\"model.attention\":[],\"train.lr\":[]}'" },
      NULL,
      NULL,
      NULL },
    { { "UPDATE config_param SET value = 0.002 WHERE key = 'train.lr' AND config_id = " CONFIG(
            "mqa"),
        "UPDATE sweep SET match_json = '{\"params\":\"train.lr\"}'" },
      NULL,
      NULL,
      NULL },
    /* Code: other files. */
    { { "INSERT INTO code(code_id, binary_sha256, version) VALUES(9, 'newbuild', '1')",
        "INSERT INTO code_file VALUES(9, 'core', 'other')",
        "UPDATE run SET code_id = 9 WHERE run_id IN " RUNS("mqa", " AND pair_key = 2") },
      "code",
      "code (core c0de -> core c0de | core other)",
      NULL },
    { { "INSERT INTO code(code_id, binary_sha256, version) VALUES(9, 'newbuild', '1')",
        "INSERT INTO code_file VALUES(9, 'core', 'c0de'), (9, 'variants/mine.c', 'mine')",
        "UPDATE run SET code_id = 9 WHERE run_id IN " RUNS("mqa", "") },
      NULL,
      NULL,
      NULL },
    /* Of the entries of a table only those count that both runs used: mha and mqa are in one file.
     */
    { { PARTS("variants/grouped.c") },
      "code",
      "code (core c0de, variants/grouped.c old -> core c0de, variants/grouped.c new)",
      NULL },
    { { PARTS("variants/template.c") }, NULL, NULL, NULL },
    { { PARTS("variants/unknown.c") }, NULL, NULL, NULL },
    { { PARTS("core/compute/ropes/yarn.c") }, NULL, NULL, NULL },
    { { PARTS("trainer/model/optimizers/lion.c") }, NULL, NULL, NULL },
    { { PARTS("trainer/model/optimizers/adamw.c") },
      "code",
      "code (core c0de, trainer/model/optimizers/adamw.c old -> core c0de, "
      "trainer/model/optimizers/adamw.c new)",
      NULL },
    /* A variant that this build doesn't have may be in any of them. */
    { { PARTS("variants/unknown.c"), "UPDATE config_param SET value = 'gone' WHERE value = 'mqa'",
        "UPDATE config_param SET value = 'lost' WHERE value = 'mha'" },
      "code",
      "code (core c0de, variants/unknown.c old -> core c0de, variants/unknown.c new)",
      NULL },
    { { "UPDATE code SET compiler = 'gcc 12'",
        "INSERT INTO code(code_id, binary_sha256, version, compiler) VALUES(9, 'new', '1', 'clang "
        "14')",
        "INSERT INTO code_file VALUES(9, 'core', 'c0de')",
        "UPDATE run SET code_id = 9 WHERE run_id IN " RUNS("mqa", "") },
      "compiler",
      "compiler (gcc 12 -> clang 14)",
      NULL },
    /* Both arms alike, seed by seed: half of the study was made by the other build. */
    { { "INSERT INTO code(code_id, binary_sha256, version) VALUES(9, 'newbuild', '1')",
        "INSERT INTO code_file VALUES(9, 'core', 'other')",
        "UPDATE run SET code_id = 9 WHERE run_id IN (SELECT run_id FROM arm_run WHERE pair_key = "
        "2)" },
      NULL,
      NULL,
      NULL },
    /* Machines. */
    { { "INSERT INTO host(host_id, hostname, cpu_model, isa, blas, blas_kernel)"
        " VALUES(9, 'there', 'cpu', 'avx2', 'OpenBLAS', 'Zen')",
        "UPDATE attempt SET host_id = 9 WHERE run_id IN " RUNS("mqa", "") },
      "host",
      "host (here, cpu -> there, cpu)",
      NULL },
    { { "INSERT INTO host(host_id, hostname, cpu_model, isa, blas, blas_kernel)"
        " VALUES(9, 'here', 'cpu', 'avx2', 'OpenBLAS', 'SkylakeX')",
        "UPDATE attempt SET host_id = 9 WHERE run_id IN " RUNS("mqa", "") },
      "BLAS kernel",
      "BLAS kernel (OpenBLAS Zen -> OpenBLAS SkylakeX)",
      NULL },
    { { "UPDATE attempt SET host_id = NULL WHERE run_id IN " RUNS("mqa", "") },
      "host", /* and its kernels */
      "host (here, cpu -> none); kernels (avx2 -> none); BLAS kernel (OpenBLAS Zen -> none)",
      NULL },
    { { OTHER_KERNELS, "UPDATE attempt SET host_id = 9 WHERE run_id IN " RUNS("mqa", "") },
      "kernels",
      "kernels (avx2 -> plain)",
      NULL },
    /* Runs that were resumed with other kernels, in one arm or in both. */
    { { OTHER_KERNELS, RESUMED("10", "IN " RUNS("mqa", " AND pair_key = 2")) },
      "mixed runs",
      "kernels (avx2 -> avx2 | avx2 + plain); mixed runs (0 of 3 -> 1 of 3)",
      NULL },
    { { OTHER_KERNELS, RESUMED("0", "IN " RUNS("mqa", "")),
        "UPDATE attempt SET host_id = 9 WHERE attempt = 1 AND run_id IN " RUNS("mqa", ""),
        "UPDATE attempt SET host_id = (SELECT min(host_id) FROM host) WHERE attempt = 2" },
      NULL, /* nothing is left of the first attempt */
      NULL,
      NULL },
    { { "INSERT INTO host(host_id, hostname, cpu_model, isa, os, blas, blas_kernel)"
        " VALUES(9, 'here', 'cpu', 'avx2', 'newer', 'OpenBLAS', 'Zen')",
        RESUMED("10", "IN " RUNS("mqa", "")) },
      NULL, /* the same in all that matters */
      NULL,
      NULL },
    /* Text: another corpus; as an axis, other held-out text, by what the metric counts. */
    { { TWO_CORPORA, "UPDATE config SET dataset_id = 1",
        "UPDATE config SET dataset_id = 2 WHERE config_id = " CONFIG("mqa"),
        "INSERT INTO config_param SELECT config_id, 'data.corpus', sha256 FROM config JOIN dataset"
        " USING(dataset_id)" },
      "corpus",
      "corpus (/text/one (aaaaaaaa) -> /text/two (bbbbbbbb))",
      NULL },
    { { TWO_CORPORA, "UPDATE config SET dataset_id = 1",
        "UPDATE config SET dataset_id = 2 WHERE config_id = " CONFIG("mqa"), CORPUS_AXIS },
      "held-out text",
      "held-out text (3000 bytes in 900 tokens -> 2900 bytes in 800 tokens)",
      NULL },
    { { TWO_CORPORA, "UPDATE config SET dataset_id = 1",
        "UPDATE config SET dataset_id = 3 WHERE config_id = " CONFIG("mqa"), CORPUS_AXIS },
      "held-out text",
      "held-out text (3000 bytes in 900 tokens -> 3000 bytes in 850 tokens)",
      NULL },
    { { TWO_CORPORA, "UPDATE config SET dataset_id = 1",
        "UPDATE config SET dataset_id = 3 WHERE config_id = " CONFIG("mqa"), CORPUS_AXIS },
      NULL,
      NULL,
      "val_bpb@512" },
    /* Budgets. */
    { { "UPDATE train_step SET tokens = 2 * tokens WHERE run_id IN " RUNS("mqa", "") },
      "tokens trained",
      "tokens trained (163840 -> 327680)",
      NULL },
    { { "UPDATE eval SET n_tok = n_tok / 2, nll_sum = nll_sum / 2 WHERE run_id IN " RUNS("mqa",
                                                                                         "") },
      "tokens evaluated",
      "tokens evaluated (20480 in strides of 512 -> 10240 in strides of 512)",
      NULL },
    /* Seeds. */
    { { "UPDATE run SET status = 'failed' WHERE run_id IN " RUNS("mqa", " AND pair_key = 3") },
      "seeds finished",
      "seeds finished (3 -> 2)",
      NULL },
};

/* `attnlab compare heads --fail-if confounded`; NULL is the study's metric. */
static int compare(const fixture *f, char **out, char **err, const char *metric)
{
    return fixture_command("compare", out, err,
                           (const char *[]){ "attnlab compare", "--db", f->path, "heads",
                                             "--fail-if", "confounded", metric ? "--metric" : NULL,
                                             metric, NULL });
}

static void each(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        fixture f;
        char *out, *err, line[512];
        int64_t rows, other;
        error e;
        fixture_open(&f);
        fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
        for (int k = 0; k < 6 && CASE[i].sql[k]; k++) fixture_run(&f, CASE[i].sql[k]);
        const int status = compare(&f, &out, &err, CASE[i].metric);
        snprintf(line, sizeof line,
                 "! mqa also differs from mha in %s: the difference may come from that.\n",
                 CASE[i].key ? CASE[i].said : "");
        const char *all = strstr(out, "also differs");
        if (status != (CASE[i].key ? STATUS_VERDICT : STATUS_DONE) ||
            (CASE[i].key && !strstr(out, line)) || (!CASE[i].key && all))
            fail_msg("case %zu: status %d, no '%s' in:\n%s%s", i, status, line, out, err);
        if (all && strstr(all + 1, "also differs")) fail_msg("case %zu: twice in:\n%s", i, out);
        assert_true(
            db_integer(&f.d, &rows, 9, &e,
                       "SELECT count(*) FROM comparison_row r JOIN arm USING(arm_id), json_each("
                       "confounds_json) WHERE label = 'mqa' AND json_extract(value, '$.key') = ?",
                       "t", CASE[i].key ? CASE[i].key : "") &&
            db_integer(&f.d, &other, 9, &e,
                       "SELECT count(*) FROM comparison_row JOIN arm USING(arm_id)"
                       " WHERE confounds_json NOTNULL AND label <> 'mqa'",
                       NULL));
        if (rows != (CASE[i].key != NULL) || other)
            fail_msg("case %zu: %lld and %lld on record", i, (long long)rows, (long long)other);
        free(out), free(err);
        fixture_close(&f);
    }
}

/* Several at once, of one arm and of another. */
static void together(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    fixture_run(&f, "UPDATE config_param SET value = 0.002 WHERE key = 'train.lr' AND config_id ="
                    " (SELECT config_id FROM arm WHERE label = 'mqa')");
    fixture_run(&f,
                "INSERT INTO host(host_id, hostname, blas_kernel) VALUES(9, 'there', 'Haswell')");
    fixture_run(&f, "UPDATE attempt SET host_id = 9 WHERE run_id IN (SELECT run_id FROM arm_run"
                    " JOIN arm USING(arm_id) WHERE label = 'mqa' AND pair_key = 2)");
    fixture_run(&f, "INSERT INTO code(code_id, binary_sha256, version) VALUES(9, 'new', '1')");
    fixture_run(&f, "INSERT INTO code_file VALUES(9, 'core', 'other')");
    fixture_run(&f, "UPDATE run SET code_id = 9 WHERE run_id IN (SELECT run_id FROM arm_run"
                    " JOIN arm USING(arm_id) WHERE label = 'gqa:n_kv_heads=2')");
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, NULL), STATUS_VERDICT);
    fixture_expect(out, "mqa also differs from mha in train.lr (0.001 -> 0.002); host");
    fixture_expect(out, "BLAS kernel");
    fixture_expect(out, "gqa:n_kv_heads=2 also differs from mha in code (core c0de -> core other)");
    free(out), free(err);
    int64_t n;
    error e;
    assert_true(db_integer(&f.d, &n, 0, &e,
                           "SELECT count(*) FROM comparison_row, json_each(confounds_json)"
                           " WHERE json_extract(value, '$.key') IN ('train.lr', 'host', 'code')",
                           NULL));
    assert_int_equal(n, 3);
    fixture_close(&f);
}

/* A configuration stored before a key existed has the key's default. */
static void young_keys(void **state)
{
    (void)state;
    static const char *const AT[] = { "default", "other", "decay" };
    for (int i = 0; i < 3; i++) {
        fixture f;
        fixture_open(&f);
        fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
        fixture_run(&f, i < 2 ? "INSERT INTO config_param SELECT config_id, 'train.young', 7 FROM"
                                " arm WHERE label = 'mqa'"
                              : "INSERT INTO config_param SELECT config_id, 'train.decay_tokens',"
                                " CASE label WHEN 'mqa' THEN 7 ELSE 0 END FROM arm");
        if (i == 1)
            fixture_run(&f, "UPDATE config SET canon_json = '{\"train.young\":7}' WHERE config_id ="
                            " (SELECT config_id FROM arm WHERE label = 'mqa')");
        char *out, *err;
        if (compare(&f, &out, &err, NULL) != (i == 1 ? STATUS_VERDICT : STATUS_DONE))
            fail_msg("%s: %s", AT[i], out);
        free(out), free(err);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(each), cmocka_unit_test(together),
                                        cmocka_unit_test(young_keys) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
