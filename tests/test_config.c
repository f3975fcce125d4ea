/* test_config.c - keys, derived values, refused values, and the identity of a configuration.
 *
 * The corpus is a stand-in, so that no text is needed: it replaces the two functions of corpus.c
 * that run_spec_resolve calls.
 */
#include "trainer/config/run_spec.h"
#include "trainer/corpus/corpus.h"

#include "tests/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *corpus_hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

bool corpus_open(corpus *c, const char *path, corpus_part part, error *e)
{
    assert_int_equal(part, CORPUS_MANIFEST);
    assert_int_equal(path[0], '/');
    if (strcmp(path, "/usr") == 0) return error_set(e, "%s: no manifest", path);
    *c = (corpus){ .vocab_size = 4096,
                   .train = { .n_tokens = 100000, .n_bytes = 400000 },
                   .val = { .n_tokens = 3000, .n_bytes = 12000 } };
    snprintf(c->sha256, sizeof c->sha256, "%s", corpus_hash);
    return true;
}

void corpus_close(corpus *c)
{
    *c = (corpus){ 0 };
}

/* The defaults, a vocabulary, and what the words of `overrides` (up to NULL) say. */
static config with(const char *const *overrides)
{
    config c;
    error e;
    config_init(&c);
    if (!config_override(&c, "model.vocab_size=1000", &e)) fail_msg("%s", e.msg);
    for (; *overrides; overrides++)
        if (!config_override(&c, *overrides, &e)) fail_msg("%s: %s", *overrides, e.msg);
    return c;
}

#define WITH(...) with((const char *const[16]){ "train.lanes=8", __VA_ARGS__ })

static run_spec spec_of(config c)
{
    error e;
    run_spec spec;
    if (!run_spec_resolve(&spec, &c, &e)) fail_msg("%s", e.msg);
    return spec;
}

static config resolved(config c)
{
    return spec_of(c).config;
}

static void check_refusal(const error *e, int status, const char *words)
{
    assert_int_equal(e->status, status);
    if (!strstr(e->msg, words)) fail_msg("'%s' is not in '%s'", words, e->msg);
    assert_null(strchr(e->msg, '\n'));
}

static void refused_override(const char *assignment, const char *words)
{
    error e = { 0 };
    config c, before;
    config_init(&c);
    before = c;
    if (config_override(&c, assignment, &e)) fail_msg("accepted: %s", assignment);
    assert_memory_equal(&c, &before, sizeof c);
    check_refusal(&e, STATUS_USAGE, words);
}

static void refused_together(config c, const char *words)
{
    error e = { 0 };
    run_spec spec;
    if (run_spec_resolve(&spec, &c, &e)) fail_msg("resolved, where '%s' was to be refused", words);
    check_refusal(&e, STATUS_USAGE, words);
}

static void test_table(void **state)
{
    (void)state;
    for (const config_key *k = config_keys; k->name; k++) {
        assert_ptr_equal(config_find(k->name), k);
        assert_string_equal(config_nearest(k->name), k->name);
        assert_non_null(strchr(k->name, '.'));
        assert_true(k->derived ? !*k->initial : *k->initial || k->type == CONFIG_TEXT);
        assert_true((k->type == CONFIG_CHOICE) == (k->word != NULL));
        assert_true(k->offset < offsetof(config, corpus_sha256));
    }
    assert_null(config_find("model"));
}

static void test_distance(void **state)
{
    (void)state;
    assert_int_equal(config_distance("kitten", "sitting"), 3);
    assert_int_equal(config_distance("", "abc"), 3);
    assert_int_equal(config_distance("abc", ""), 3);
    assert_int_equal(config_distance("same", "same"), 0);
    assert_string_equal(config_nearest("model.n_layer"), "model.n_layers");
    assert_string_equal(config_nearest("model.n_haeds"), "model.n_heads");
    assert_string_equal(config_nearest("n_layers"), "model.n_layers");
    assert_string_equal(config_nearest("train.context"), "model.context");
    assert_string_equal(config_nearest("model.dmi"), "model.dim");
    assert_string_equal(config_nearest("train.warmup"), "train.warmup_tokens");
    assert_non_null(config_nearest("zzzzzzzzzzzzzzzzzz"));
}

static void test_defaults(void **state)
{
    (void)state;
    const config c = resolved(WITH());
    assert_int_equal(c.model.n_layers, 6);
    assert_int_equal(c.model.dim, 256);
    assert_int_equal(c.model.head_dim, 32);
    assert_int_equal(c.model.ffn_dim, 704);
    assert_int_equal(c.model.context, 512);
    assert_string_equal(c.model.attention.item[0], "mha");
    assert_int_equal(c.model.rope_original_context, 512);
    assert_int_equal(c.data.span, 512);
    assert_int_equal(c.train.tokens, 2000000);
    assert_int_equal(c.train.warmup_tokens, 100000);
    assert_int_equal(c.train.save_every_tokens, 200000);
    assert_int_equal(c.eval.every_tokens, 200000);
    assert_int_equal(c.eval.context.n, 1);
    assert_int_equal(c.eval.context.item[0], 512);
    assert_true(c.train.lr == 1e-3 && c.train.beta2 == 0.95 && c.train.eps == 1e-5);
    const config other = resolved(WITH("model.dim=4096", "model.n_heads=32"));
    assert_int_equal(other.model.ffn_dim,
                     10944); /* as Llama's 11008, but for its multiple of 256 */
    assert_int_equal(resolved(WITH("train.tokens=100001")).eval.every_tokens, 10001);
    assert_int_equal(resolved(WITH("train.warmup_tokens=0")).train.warmup_tokens, 0);
}

static void test_counts(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } CASE[] = { { "train.tokens=1", 1 },
                 { "train.tokens=500k", 500000 },
                 { "train.tokens=2M", 2000000 },
                 { "train.tokens=1G", 1000000000 },
                 { "train.tokens=64Ki", 65536 },
                 { "train.tokens=1Mi", 1048576 },
                 { "train.tokens=2Gi", 2147483648 },
                 { "train.tokens=1e6", 1000000 },
                 { "train.tokens=1.5M", 1500000 },
                 { "train.tokens=2.5e+3", 2500 },
                 { "train.tokens=1_000_000", 1000000 },
                 { "train.tokens=0.5Ki", 512 },
                 { "train.tokens=1_500.50k", 1500500 },
                 { "train.tokens=+64", 64 },
                 { "train.tokens=12000e-3", 12 },
                 { "train.tokens=9_007_199.254_740_99e8", 900719925474099 } };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++)
        assert_int_equal(WITH(CASE[i].text).train.tokens, CASE[i].value);
    static const char *const BAD[] = { "2m",      "1K",    "1ki",   "1.5",   "M",       "",
                                       "2 M",     "0x10",  "1e",    "+",     "- 1",     "2M x",
                                       "nan",     "2MM",   "[2M]",  "~",     "no",      "{}",
                                       "1__0",    "12Ki3", "1_",    "_1",    "1e-",     "1.",
                                       ".",       "1e6k",  "1,000", "1.5e0", "1.25Ki1", "1e6.5",
                                       "1.0001k", "1B",    "1_.5",  "1._5" };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        char text[64];
        snprintf(text, sizeof text, "train.tokens=%s", BAD[i]);
        refused_override(text, "train.tokens");
    }
    refused_override("train.tokens=9223372036854775808", "outside 1..1000000000000000");
    refused_override("train.tokens=9223372036854775807G", "outside 1..1000000000000000");
    refused_override("train.tokens=-9223372036854775809", "outside");
    refused_override("train.seed=9007199254740992", "outside 0..9007199254740991");
    refused_override("train.seed=9223372036854775808", "outside 0..9007199254740991");
    refused_override("train.seed=-1", "outside 0..9007199254740991");
    refused_override("eval.context=[32, 18446744073709551616]", "outside 1..4194304");
    refused_override("train.tokens=1e99999999999999999999", "not a count");
    refused_override("train.tokens=1e9999", "outside");
    assert_int_equal(WITH("model.dim=1Ki").model.dim, 1024); /* whole numbers that are no lengths */
    assert_int_equal(WITH("train.seed=1_000").train.seed, 1000);
    assert_true(WITH("model.rope_theta=500k").model.rope_theta == 500000);
    assert_true(WITH("model.rope_theta=1_000_000").model.rope_theta == 1e6);
    refused_override("train.tokens=-5", "outside");
    refused_override("train.tokens=0", "outside");
    refused_override("model.n_layers=6k", "outside 1..128");
    refused_override("model.n_layers=6.5", "whole number");
    refused_override("model.n_layers=", "the value is missing");
    refused_override("model.n_layers=1000000", "outside 1..128");
    refused_override("model.context=2147483648", "outside");
}

static void test_types(void **state)
{
    (void)state;
    refused_override("train.lr=nan", "finite");
    refused_override("train.lr=inf", "finite");
    refused_override("train.lr=1e999", "finite");
    refused_override("train.lr=0x1p3", "finite");
    refused_override("train.lr=-1", "outside");
    refused_override("train.lr=fast", "finite");
    refused_override("train.beta1=1", "outside");
    refused_override("model.tie_embeddings=yes", "true or false");
    refused_override("train.schedule=linear", "not one of cosine, constant, wsd");
    refused_override("model.attention=[]", "0 values given");
    refused_override("model.attention=[[mha]]", "inside a list");
    refused_override("model.attention={a: mha}", "map");
    refused_override("train.lr=[1, 2]", "list");
    refused_override("eval.context=[128, 1x]", "count");
    refused_override("model.n_layer=3", "did you mean model.n_layers?");
    refused_override("model.zzzzzzzzz=3", "attnlab keys");
    refused_override("nothing", "key=value");
    refused_override("=3", "key=value");
    refused_override("model.attention=[mha", "model.attention");
    refused_override("data.corpus=a\nb", "control");
    refused_override("data.corpus=caf\xe9", "not UTF-8");
    refused_override("train.init_from=caf\xe9", "not UTF-8");
    const config c = WITH("data.corpus=[a: {b #c", "model.tie_embeddings=true", "train.lr=-0.0",
                          "train.schedule=constant", "eval.context=[1Ki, 256]");
    assert_string_equal(c.data.corpus, "[a: {b #c");
    assert_true(c.model.tie_embeddings);
    assert_false(signbit(c.train.lr));
    assert_int_equal(c.train.schedule, SCHEDULE_CONSTANT);
    assert_int_equal(c.eval.context.item[0], 1024);
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
    assert_string_equal(r.corpus_sha256, corpus_hash);
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
    corpus_hash = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    const run_spec after = spec_of(c);
    corpus_hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    assert_string_not_equal(before.id, after.id);
}

static void test_init_from(void **state)
{
    (void)state;
    char path[] = "/tmp/test_config.XXXXXX", text[64];
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    snprintf(text, sizeof text, "train.init_from=%s", path);
    const run_spec before = spec_of(WITH(text));
    assert_int_equal(strncmp(before.config.init_sha256, "e3b0c44298fc1c14", 16),
                     0); /* of nothing */
    assert_int_equal(write(fd, "x", 1), 1);
    assert_string_not_equal(before.id, spec_of(WITH(text)).id);
    close(fd);
    assert_int_equal(remove(path), 0);
}

/* A configuration that is written and read again is the same. */
static void test_write(void **state)
{
    (void)state;
    config c;
    error e;
    config_init(&c);
    assert_true(config_override(&c, "data.corpus=/tmp", &e));
    assert_true(config_override(&c, "model.attention=[window:size=8, mha, mqa]", &e));
    assert_true(config_override(&c, "train.lr=0.1234567890123456789", &e));
    assert_true(config_override(&c, "train.keep=none", &e));
    assert_true(config_override(&c, "train.seed=9007199254740991", &e));
    c = resolved(c);
    char path[] = "/tmp/test_config.XXXXXX";
    const int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    config_write(f, &c);
    fclose(f);

    config d;
    yaml_node *file;
    const yaml_node *sweep;
    config_init(&d);
    if (!config_load(&d, path, &file, &sweep, &e)) fail_msg("%s", e.msg);
    assert_null(sweep);
    yaml_close(file);
    assert_int_equal(remove(path), 0);
    d = resolved(d);
    char *x = config_canonical(&c, true), *y = config_canonical(&d, true);
    assert_string_equal(x, y);
    free(x), free(y);
    assert_memory_equal(&c.train, &d.train, sizeof c.train);
    assert_string_equal(c.data.corpus, d.data.corpus);
}

/* What data.corpus: corpus in FOLDER/exp/run.yaml means, from FOLDER. */
static void expect_corpus(const char *folder, const char *setting, const char *where,
                          bool elsewhere)
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
    assert_int_equal(run_spec_elsewhere(&c, "data.corpus"), elsewhere);
    if (!run_spec_resolve(&spec, &c, &e)) fail_msg("%s", e.msg);
    snprintf(expected, sizeof expected, "%s/%s", folder, where);
    assert_string_equal(spec.config.data.corpus, expected);
}

/* A path in a file is relative to the file; what is only in the current folder is found, too. */
static void test_relative(void **state)
{
    (void)state;
    char folder[] = "/tmp/test_config.XXXXXX", old[256];
    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(system("mkdir exp corpus && echo 'data: {corpus: corpus}' >exp/run.yaml"), 0);
    expect_corpus(folder, NULL, "corpus", true);
    assert_int_equal(system("mkdir exp/corpus"), 0);
    expect_corpus(folder, NULL, "exp/corpus", false);
    expect_corpus(folder, "data.corpus=corpus", "corpus", false); /* the command line is here */
    assert_int_equal(system("rmdir corpus"), 0);
    expect_corpus(folder, NULL, "exp/corpus", false);
    assert_int_equal(system("echo 'data: {corpus: ../other}' >exp/run.yaml && mkdir other"), 0);
    expect_corpus(folder, NULL, "other", false);
    assert_int_equal(chdir(old), 0);
    char words[64];
    snprintf(words, sizeof words, "rm -r %s", folder);
    assert_int_equal(system(words), 0);
}

static void expect_unknown(const char *key, const char *answer)
{
    char assignment[64], words[128];
    snprintf(assignment, sizeof assignment, "%s=1", key);
    snprintf(words, sizeof words, "unknown key '%s': %s", key, answer);
    refused_override(assignment, words);
}

/* The words of other programs. */
static void test_synonyms(void **state)
{
    (void)state;
    static const char TOKENS[] = "set train.tokens instead, to steps x train.batch_tokens";
    expect_unknown("train.learning_rate", "did you mean train.lr?");
    expect_unknown("learning_rate", "did you mean train.lr?");
    expect_unknown("optimizer.learning_rate", "did you mean train.lr?");
    expect_unknown("train.batch_size",
                   "set train.batch_tokens instead, to sequences in a batch x model.context");
    expect_unknown("model.hidden_size", "did you mean model.dim?");
    expect_unknown("model.n_embd", "did you mean model.dim?");
    expect_unknown("model.num_layers", "did you mean model.n_layers?");
    expect_unknown("model.num_heads", "did you mean model.n_heads?");
    expect_unknown("model.n_head", "did you mean model.n_heads?");
    expect_unknown("model.seq_len", "did you mean model.context?");
    expect_unknown("model.context_length", "did you mean model.context?");
    expect_unknown("train.steps", TOKENS);
    expect_unknown("train.max_steps", TOKENS);
    expect_unknown("train.epochs",
                   "set train.tokens instead, to epochs x tokens of the training text");
    expect_unknown("model.num_key_value_heads", "set model.attention instead, to gqa:n_kv_heads=N");
}

static void refused_file(const char *text, int line, int column, const char *words)
{
    char path[] = "/tmp/test_config.XXXXXX", where[64];
    const int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    config c;
    run_spec spec;
    yaml_node *file = NULL;
    error e = { 0 };
    config_init(&c);
    const bool ok = config_load(&c, path, &file, NULL, &e) && run_spec_resolve(&spec, &c, &e);
    yaml_close(file);
    assert_int_equal(remove(path), 0);
    if (ok) fail_msg("accepted: %s", text);
    check_refusal(&e, STATUS_USAGE, words);
    if (column)
        snprintf(where, sizeof where, "%s:%d:%d: ", path, line, column);
    else
        snprintf(where, sizeof where, "%s:%d: ", path, line);
    if (strncmp(e.msg, where, strlen(where)) != 0) fail_msg("'%s' is not at %s", e.msg, where);
}

static void test_files(void **state)
{
    (void)state;
    refused_file("model:\n  n_layer: 3\n", 2, 3, "did you mean model.n_layers?");
    refused_file("model:\n  dim: wide\n", 2, 8, "model.dim: 'wide'");
    refused_file("modle:\n  dim: 64\n", 1, 1, "did you mean model?");
    refused_file("model.dim: 64\nmodel: {dim: 64}\n", 2, 9, "twice");
    refused_file("model: mha\n", 1, 1, "model");
    refused_file("dim: 64\n", 1, 1, "did you mean model.dim?");
    refused_file("- 1\n", 1, 1, "sections");
    refused_file("", 1, 1, "sections");
    refused_file("model:\n  vocab_size: 10\n  n_heads: 7\n", 3, 0, "model.n_heads: 7");
    refused_file("model:\n  vocab_size: 10\n  attention: [mha,\n    gqa:n_kv_heads=3]\n", 3, 0,
                 "3 does not divide 8");
    refused_file("model:\n  dim: &a 64\n", 2, 8, "anchor");
    refused_file("model:\n  dim: 64\n\nmodel:\n  dim: 32\n", 4, 1,
                 "'model' is given twice, first on line 1");
    refused_file("model.dim: 64\nmodel: {dim: 64}\n", 2, 9,
                 "model.dim is set twice, first on line 1");
    refused_file("model:\n  # dim: 64\ndata:\ntrain: ~\neval: null\nsweep:\nmodle: 1\n", 7, 1,
                 "modle"); /* all sections may be empty */
    refused_file("model:\n  dim:\n  n_heads: 4\n", 2, 7, "model.dim: the value is missing");
    refused_file("models:\n", 1, 1, "unknown section 'models': did you mean model?");
}

/* A folder that is missing is looked for where the message says. */
static void test_missing(void **state)
{
    (void)state;
    char path[] = "/tmp/test_config.XXXXXX", folder[CONFIG_PATH], words[CONFIG_PATH + 128];
    const int fd = mkstemp(path);
    static const char TEXT[] = "data:\n  corpus: none/at all\n";
    assert_int_equal(write(fd, TEXT, sizeof TEXT - 1), sizeof TEXT - 1);
    close(fd);
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
    assert_int_equal(remove(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_together),
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_relative),
        cmocka_unit_test(test_canonical_attention),
        cmocka_unit_test(test_identity_is_pinned),
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_init_from),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_synonyms),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
