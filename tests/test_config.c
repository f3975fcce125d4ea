/* test_config.c - keys, values and files: what is read, what is refused, and where. */
#include "tests/scratch.h"
#include "tests/specs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    assert_int_equal(other.model.ffn_dim, 10944); /* Llama's 11008 is a multiple of 256 */
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
    refused_override("train.tokens=9223372036854775808", "outside 0..1000000000000000");
    refused_override("train.tokens=9223372036854775807G", "outside 0..1000000000000000");
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
    const char *path = scratch_path(&dir, "run.yaml");
    FILE *f = fopen(path, "w");
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
    d = resolved(d);
    char *x = config_canonical(&c, true), *y = config_canonical(&d, true);
    assert_string_equal(x, y);
    free(x), free(y);
    assert_memory_equal(&c.train, &d.train, sizeof c.train);
    assert_string_equal(c.data.corpus, d.data.corpus);
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
    char where[64];
    const char *path = scratch_text(&dir, "bad.yaml", text);
    config c;
    run_spec spec;
    yaml_node *file = NULL;
    error e = { 0 };
    config_init(&c);
    const bool ok = config_load(&c, path, &file, NULL, &e) && run_spec_resolve(&spec, &c, &e);
    yaml_close(file);
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
    /* All sections may be empty. */
    refused_file("model:\n  # dim: 64\ndata:\ntrain: ~\neval: null\nsweep:\nmodle: 1\n", 7, 1,
                 "modle");
    refused_file("model:\n  dim:\n  n_heads: 4\n", 2, 7, "model.dim: the value is missing");
    refused_file("models:\n", 1, 1, "unknown section 'models': did you mean model?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),    cmocka_unit_test(test_distance),
        cmocka_unit_test(test_defaults), cmocka_unit_test(test_counts),
        cmocka_unit_test(test_types),    cmocka_unit_test(test_write),
        cmocka_unit_test(test_synonyms), cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, scratch_setup, scratch_teardown);
}
