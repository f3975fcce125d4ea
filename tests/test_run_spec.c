/* test_run_spec.c - configurations resolved: values that must fit each other, the corpus, paths,
 * and the identity. */
#include "tests/scratch.h"
#include "tests/specs.h"
#include "trainer/config/run_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void refused_together(config c, const char *words)
{
    error e = { 0 };
    run_spec spec;
    if (run_spec_resolve(&spec, &c, &e)) fail_msg("resolved, where '%s' was to be refused", words);
    check_refusal(&e, STATUS_USAGE, words);
}

static void test_together(void **state)
{
    (void)state;
    refused_together(WITH("model.n_heads=7"), "7 does not divide model.dim 256");
    assert_int_equal(resolved(WITH("model.n_heads=7", "model.head_dim=20")).model.head_dim, 20);
    refused_together(WITH("model.head_dim=33"), "the head width 33 is not even");
    refused_together(WITH("model.attention=gqa:n_kv_heads=3"), "3 does not divide 8");
    refused_together(WITH("model.attention=gqa:kv=2"), "no option 'kv'");
    refused_together(WITH("model.attention=mla"), "no attention variant 'mla'");
    refused_together(WITH("model.attention=[mha, mha, mha]", "model.n_layers=2"),
                     "3 values given for 2");
    refused_together(WITH("data.span=700"), "not a multiple of model.context 512");
    refused_together(WITH("model.context=500"), "8192 is not a multiple of model.context 500");
    refused_together(WITH("train.batch_tokens=512", "data.span=1024"), "data.span 1024");
    refused_together(WITH("eval.context=[96, 512]"), "96 does not divide");
    refused_together(WITH("eval.stride=100"), "100 does not divide");
    refused_together(WITH("eval.tokens=100"), "one window of 512");
    refused_together(WITH("train.warmup_tokens=2M"), "not below train.tokens");
    refused_together(WITH("train.schedule=wsd", "train.decay_tokens=1900001"),
                     "train.decay_tokens: 1900001, but 1900000 of train.tokens 2000000 are left");
    refused_together(WITH("model.rope_theta=1"), "theta 1");
    refused_together(WITH("model.rope_scaling=ntk", "model.rope_factor=2", "model.head_dim=2"),
                     "width above 2");
    refused_together(WITH("model.attention=gqa:n_kv_heads=9223372036854775808"),
                     "n_kv_heads=9223372036854775808 is outside 1..2147483647");
    for (const rope_scaling *const *s = rope_scalings; *s; s++) {
        char text[64];
        snprintf(text, sizeof text, "model.rope_scaling=%s", (*s)->name);
        if ((*s)->reads_factor)
            refused_together(WITH(text), "needs model.rope_factor");
        else
            assert_true(resolved(WITH(text)).model.rope_factor == 1);
        assert_true(resolved(WITH(text, "model.rope_factor=1")).model.rope_factor == 1);
    }
    refused_together(WITH("model.n_heads=3"), "does not divide");
    config c;
    config_init(&c);
    refused_together(c, "model.vocab_size: not set: set it");
    const config d = resolved(WITH("eval.context=[512, 128, 512, 256]", "eval.stride=64"));
    assert_int_equal(d.eval.context.n, 3);
    assert_int_equal(d.eval.context.item[0], 128);
}

static void test_corpus(void **state)
{
    (void)state;
    config c;
    error e;
    config_init(&c);
    assert_true(config_override(&c, "data.corpus=/tmp/../tmp", &e));
    run_spec spec;
    const config r = resolved(c);
    assert_int_equal(r.model.vocab_size, 4096);
    assert_string_equal(r.corpus_sha256, specs_corpus_hash);
    assert_string_equal(r.data.corpus, "/tmp");
    spec = spec_of(c);
    assert_int_equal(spec.model.V, 4096);
    assert_int_equal(spec.corpus.train_tokens, 100000);
    assert_int_equal(spec.corpus.val_bytes, 12000);
    assert_true(run_spec_resolve(&spec, &spec.config, &e)); /* in place, and again */
    assert_string_equal(spec.id, spec_of(c).id);
    assert_int_equal(spec_of(WITH()).corpus.val_tokens, 0);
    refused_together(WITH("data.corpus=/tmp"), "1000, but /tmp has 4096 pieces");

    config d = c;
    assert_true(config_override(&d, "eval.context=4096", &e));
    refused_together(d, "the held-out text of /tmp has only 3000 tokens");
    d = c;
    assert_true(config_override(&d, "model.context=131072", &e));
    assert_true(config_override(&d, "train.batch_tokens=262144", &e));
    refused_together(d, "the training text of /tmp has only 100000 tokens");

    d = c; /* missing, or not a corpus: STATUS_FAILED, because the configuration is right */
    assert_true(config_override(&d, "data.corpus=/nowhere/at/all", &e));
    assert_false(run_spec_resolve(&spec, &d, &e));
    check_refusal(&e, STATUS_FAILED, "/nowhere/at/all");
    d = c;
    assert_true(config_override(&d, "data.corpus=/usr", &e));
    assert_false(run_spec_resolve(&spec, &d, &e));
    check_refusal(&e, STATUS_FAILED, "no manifest");
    d = c;
    assert_true(config_override(&d, "train.init_from=/nowhere", &e));
    assert_false(run_spec_resolve(&spec, &d, &e));
    check_refusal(&e, STATUS_FAILED, "/nowhere");
}

static void canonical_attention(const char *given, const char *canonical)
{
    char text[ATTN_SPEC + 32], value[CONFIG_VALUE];
    snprintf(text, sizeof text, "model.attention=%s", given);
    const config c = resolved(WITH(text));
    config_value(value, sizeof value, &c, config_find("model.attention"));
    assert_string_equal(value, canonical);
}

static void test_canonical_attention(void **state)
{
    (void)state;
    canonical_attention("mha", "mha");
    canonical_attention("gqa:n_kv_heads=8", "mha");
    canonical_attention("gqa:n_kv_heads=1", "mqa");
    canonical_attention("gqa", "gqa:n_kv_heads=2");
    canonical_attention("[mha]", "mha");
    canonical_attention("[mha, gqa:n_kv_heads=8, mha]", "mha");
    canonical_attention("[mha, mqa, mha, mqa]", "[mha, mqa]");
    canonical_attention("[mha, mqa, mha]", "[mha, mqa, mha]");
    canonical_attention("[mha, mqa, mha, mqa, mha]", "[mha, mqa, mha, mqa, mha]");
    canonical_attention(
        "[window:size=64, window:size=64, mha:rope=0, window:size=64, window:size=64, "
        "mha:rope=0]",
        "[window:size=64:n_kv_heads=8, window:size=64:n_kv_heads=8, mha:rope=0]");
    canonical_attention("window:n_kv_heads=2:size=4096", "window:size=4096:n_kv_heads=2");
}

static void check_same(bool same, config a, config b)
{
    const run_spec x = spec_of(a), y = spec_of(b);
    assert_int_equal(strcmp(x.id, y.id) == 0, same);
}

/* The identity of a released configuration never changes, because stored runs are found by it. */
static void test_identity_is_pinned(void **state)
{
    (void)state;
    const run_spec spec = spec_of(WITH("model.attention=[gqa, mha]", "train.lr=2.5e-4",
                                       "train.tokens=1M", "model.tie_embeddings=true",
                                       "model.rope_scaling=yarn", "model.rope_factor=2"));
    char *json = config_canonical(&spec.config, false), uid[CONFIG_UID];
    assert_string_equal(
        json, "{\"data.span\":512,\"eval.context\":[512],"
              "\"model.attention\":[\"gqa:n_kv_heads=2\",\"mha\"],\"model.ffn_dim\":704,"
              "\"model.head_dim\":32,\"model.rope_factor\":2.0,\"model.rope_original_context\":512,"
              "\"model.rope_scaling\":\"yarn\",\"model.tie_embeddings\":true,"
              "\"model.vocab_size\":1000,\"train.lr\":0.00025,\"train.tokens\":1000000,"
              "\"train.warmup_tokens\":50000}");
    free(json);
    assert_string_equal(spec.id, "85d2468ec9e9b0b7");
    run_spec_uid(uid, &spec, 0);
    assert_string_equal(uid, "4008921aab4c");
}

static void test_identity(void **state)
{
    (void)state;
    check_same(true, WITH(), WITH("train.threads=3", "train.keep=all", "eval.every_tokens=7"));
    check_same(true, WITH(), WITH("train.save_every_tokens=1k", "train.lr=0.001"));
    check_same(true, WITH(), WITH("train.seed=2", "train.data_seed=3", "train.replica=1"));
    check_same(true, WITH(), WITH("model.head_dim=32", "eval.context=[512, 512]"));
    check_same(true, WITH(), WITH("model.rope_factor=4", "model.rope_original_context=64"));
    check_same(true, WITH(), WITH("train.decay_tokens=100k"));
    check_same(true, WITH("train.schedule=wsd"),
               WITH("train.schedule=wsd", "train.decay_tokens=400k"));
    check_same(false, WITH("train.schedule=wsd"),
               WITH("train.schedule=wsd", "train.decay_tokens=401k"));
    check_same(false, WITH("train.schedule=wsd"), WITH("train.schedule=constant"));
    check_same(true, WITH("model.attention=mqa"), WITH("model.attention=[gqa:n_kv_heads=1]"));
    check_same(false, WITH(), WITH("train.lr=0.0010000000000000002"));
    check_same(false, WITH(), WITH("train.lanes=4"));
    check_same(false, WITH(), WITH("eval.tokens=1024"));
    check_same(false, WITH(), WITH("data.span=1024"));
    check_same(false, WITH("model.attention=mha"), WITH("model.attention=window:size=4096"));

    config c = resolved(WITH()), d;
    const run_spec spec = spec_of(c);
    run_spec other = spec;
    char *with_seeds = config_canonical(&c, true), *same = config_canonical(&c, false);
    assert_string_equal(with_seeds, same); /* at their defaults */
    free(with_seeds), free(same);
    char u[CONFIG_UID], v[CONFIG_UID];
    run_spec_uid(u, &spec, 0);
    run_spec_uid(v, &spec, 1);
    assert_string_not_equal(u, v);
    other.config.train.replica = 1;
    run_spec_uid(v, &other, 0);
    assert_string_not_equal(u, v);
    other = spec, other.config.train.data_seed = 2;
    run_spec_uid(v, &other, 0);
    assert_string_not_equal(u, v);
    other = spec_of(WITH("train.threads=2"));
    run_spec_uid(v, &other, 0);
    assert_string_equal(u, v);

    config_init(&c); /* the corpus by its content, wherever it lies */
    error e;
    d = c;
    assert_true(config_override(&c, "data.corpus=/tmp", &e));
    assert_true(config_override(&d, "data.corpus=/", &e));
    check_same(true, c, d);
    const run_spec before = spec_of(c);
    specs_corpus_hash = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const run_spec after = spec_of(c);
    specs_corpus_hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert_string_not_equal(before.id, after.id);
}

static void test_init_from(void **state)
{
    (void)state;
    char text[160];
    snprintf(text, sizeof text, "train.init_from=%s", scratch_text(&dir, "weights", ""));
    const run_spec before = spec_of(WITH(text));
    static const char EMPTY[] = "e3b0c44298fc1c14"; /* the hash of an empty file begins like this */
    assert_memory_equal(before.config.init_sha256, EMPTY, 16);
    scratch_text(&dir, "weights", "x");
    assert_string_not_equal(before.id, spec_of(WITH(text)).id);
}

/* What data.corpus: corpus in exp/run.yaml means. */
static void expect_corpus(const char *setting, const char *where, bool elsewhere)
{
    char expected[256];
    config c;
    run_spec spec;
    yaml_node *file;
    error e;
    config_init(&c);
    assert_true(config_load(&c, "exp/run.yaml", &file, NULL, &e));
    yaml_close(file);
    assert_true(!setting || config_override(&c, setting, &e));
    assert_int_equal(run_paths_elsewhere(&c, "data.corpus"), elsewhere);
    if (!run_spec_resolve(&spec, &c, &e)) fail_msg("%s", e.msg);
    snprintf(expected, sizeof expected, "%s/%s", dir.folder, where);
    assert_string_equal(spec.config.data.corpus, expected);
}

/* A path in a file is relative to the file; what is only in the current folder is found, too. */
static void test_relative(void **state)
{
    (void)state;
    char old[256];
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(dir.folder), 0);
    assert_int_equal(system("mkdir exp corpus && echo 'data: {corpus: corpus}' >exp/run.yaml"), 0);
    expect_corpus(NULL, "corpus", true);
    assert_int_equal(system("mkdir exp/corpus"), 0);
    expect_corpus(NULL, "exp/corpus", false);
    expect_corpus("data.corpus=corpus", "corpus", false); /* the command line is here */
    assert_int_equal(system("rmdir corpus"), 0);
    expect_corpus(NULL, "exp/corpus", false);
    assert_int_equal(system("echo 'data: {corpus: ../other}' >exp/run.yaml && mkdir other"), 0);
    expect_corpus(NULL, "other", false);
    assert_int_equal(chdir(old), 0);
}

/* A folder that is missing is looked for where the message says. */
static void test_missing(void **state)
{
    (void)state;
    char folder[CONFIG_PATH], words[CONFIG_PATH + 192];
    const char *path = scratch_text(&dir, "run.yaml", "data:\n  corpus: none/at all\n");
    config c;
    run_spec spec;
    yaml_node *file;
    error e;
    config_init(&c);
    assert_true(config_load(&c, path, &file, NULL, &e));
    yaml_close(file);
    assert_false(run_spec_resolve(&spec, &c, &e));
    assert_non_null(getcwd(folder, sizeof folder));
    snprintf(words, sizeof words,
             "%s:2: data.corpus: none/at all: No such file or directory; it is neither beside "
             "this file nor in the current folder, %s",
             path, folder);
    check_refusal(&e, STATUS_FAILED, words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_together),           cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_relative),           cmocka_unit_test(test_canonical_attention),
        cmocka_unit_test(test_identity_is_pinned), cmocka_unit_test(test_identity),
        cmocka_unit_test(test_init_from),          cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
