/* test_arms.c - the arms of a grid: which there are, their names, and what each is compared with.
 */
#include "experiments/arms.h"

#include "tests/workspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static study_file s;
static arms a;

/* A study of small models; `section` is what `sweep` says besides the name. */
static bool expand(const char *keys, const char *section, error *e)
{
    char text[2048];
    snprintf(text, sizeof text,
             "model: {vocab_size: 500, dim: 64, n_heads: 4, n_layers: 2, context: 64}\n"
             "train: {batch_tokens: 1024}\n%s\nsweep:\n  name: s\n%s",
             keys, section);
    workspace_write("study.yaml", text);
    if (!study_file_read(&s, "study.yaml", NULL, 0, e)) return false;
    if (arms_open(&a, &s, e)) return true;
    study_file_close(&s);
    return false;
}

static void expanded(const char *keys, const char *section)
{
    error e;
    if (!expand(keys, section, &e)) fail_msg("%s", e.msg);
}

static void refused(const char *keys, const char *section, const char *words)
{
    error e = { 0 };
    if (expand(keys, section, &e)) fail_msg("accepted: %s", section);
    assert_int_equal(e.status, STATUS_USAGE);
    if (!strstr(e.msg, words)) fail_msg("'%s' is not in '%s'", words, e.msg);
}

static void done(void)
{
    arms_close(&a);
    study_file_close(&s);
}

static void test_one_axis(void **state)
{
    (void)state;
    static const char *const THETA[] = { "rope_theta=500000", "rope_theta=100000",
                                         "rope_theta=12345.5" };
    expanded("", "  axes: {model.rope_theta: [5e5, 100000, 12345.5]}\n"
                 "  baseline: {model.rope_theta: 1e5}\n");
    for (int i = 0; i < 3; i++) assert_string_equal(a.arm[i].label, THETA[i]);
    done();
    expanded("", "  axes: {model.attention: [mqa, mha, gqa, [mha, mqa]]}\n"
                 "  baseline: {model.attention: mha}\n");
    static const char *const LABEL[] = { "mqa", "mha", "gqa:n_kv_heads=2", "[mha, mqa]" };
    assert_int_equal(a.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(a.arm[i].label, LABEL[i]);
        assert_int_equal(a.arm[i].base, i == 1 ? -1 : 1);
        assert_int_equal(a.arm[i].spec.config.model.ffn_dim, 192);
        assert_true(a.arm[i].cost.total > 0);
    }
    assert_string_equal(s.metric, "val_loss@64");
    assert_true(a.arm[0].residual < 0);
    run_spec spec;
    arm_spec(&spec, &a.arm[0], 7);
    assert_int_equal(spec.config.train.seed, 7);
    assert_int_equal(spec.config.train.data_seed, 7);
    done();
}

/* An arm is compared with the baseline that equals it in everything else; all have the same span.
 */
static void test_two_axes(void **state)
{
    (void)state;
    expanded("eval: {context: [64, 128]}",
             "  axes: {model.attention: [mha, mqa], model.context: [64, 128]}\n"
             "  baseline: {model.attention: mha}\n  metric: val_loss@128\n");
    static const char *const LABEL[] = { "mha @64", "mha @128", "mqa @64", "mqa @128" };
    static const int BASE[] = { -1, -1, 0, 1 };
    assert_int_equal(a.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(a.arm[i].label, LABEL[i]);
        assert_int_equal(a.arm[i].base, BASE[i]);
        assert_int_equal(a.arm[i].spec.config.data.span, 128);
    }
    done();
    expanded("eval: {context: [64, 128]}\ndata: {span: 256}",
             "  axes: {model.attention: [mha, mqa], model.context: [64, 128]}\n"
             "  baseline: {model.attention: mha, model.context: 64}\n  metric: val_loss@128\n");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(a.arm[i].base, i ? 0 : -1);
        assert_int_equal(a.arm[i].spec.config.data.span, 256);
    }
    done();
}

static void test_exclude(void **state)
{
    (void)state;
    const char *axes = "  axes: {model.attention: [mha, gqa, mqa], train.lr: [1e-3, 2e-3], "
                       "model.tie_embeddings: [false]}\n";
    char text[512];
    snprintf(text, sizeof text,
             "%s  baseline: {model.attention: mha}\n"
             "  exclude: [{model.attention: gqa, train.lr: 0.002}]\n",
             axes);
    expanded("", text);
    assert_int_equal(a.n, 5);
    assert_string_equal(a.arm[1].label, "mha lr=0.002");
    assert_string_equal(a.arm[2].label, "gqa:n_kv_heads=2 lr=0.001");
    assert_string_equal(a.arm[4].label, "mqa lr=0.002");
    assert_int_equal(a.arm[4].base, 1);
    done();
    snprintf(text, sizeof text,
             "%s  baseline: {model.attention: mha}\n"
             "  exclude: [{model.attention: mha, train.lr: 0.002}]\n",
             axes);
    refused("", text, "excludes the baseline");
    snprintf(text, sizeof text,
             "%s  baseline: {model.attention: mha}\n"
             "  exclude: [{train.lr: 0.001}, {train.lr: 0.002}]\n",
             axes);
    refused("", text, "excludes every arm");
}

/* One arm and no axis; and replicas, which differ only in their initial weights. */
static void test_plain(void **state)
{
    (void)state;
    expanded("", "  seeds: 2\n");
    assert_int_equal(a.n, 1);
    assert_string_equal(a.arm[0].label, "mha");
    assert_int_equal(a.arm[0].base, -1);
    done();
    expanded("", "  axes: {train.replica: [0, 1, 2]}\n  baseline: {train.replica: 0}\n");
    assert_int_equal(a.n, 3);
    assert_string_equal(a.arm[2].label, "replica=2");
    assert_string_equal(a.arm[0].spec.id, a.arm[2].spec.id);
    done();
}

static void test_refused(void **state)
{
    (void)state;
    refused("",
            "  axes: {model.attention: [mha, gqa:n_kv_heads=3]}\n  baseline: {model.attention: "
            "mha}\n",
            "arm model.attention=gqa:n_kv_heads=3: study.yaml:6: model.attention");
    refused("",
            "  axes: {model.attention: [mha, gqa:n_kv_heads=4]}\n  baseline: {model.attention: "
            "mha}\n",
            "are the same configuration");
    refused("", "  axes: {model.context: [64, 128]}\n  baseline: {model.context: 64}\n",
            "the context is an axis");
    refused("",
            "  axes: {model.context: [64, 128]}\n  baseline: {model.context: 64}\n"
            "  metric: val_loss@64\n",
            "'@128' is not evaluated at 64");
    refused("", "  metric: val_loss@32\n", "not evaluated at 32");
    refused("",
            "  axes: {model.context: [48, 64]}\n  baseline: {model.context: 48}\n"
            "  metric: val_loss@48\n",
            "data.span: 64 is not a multiple of model.context 48");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_axis), cmocka_unit_test(test_two_axes),
        cmocka_unit_test(test_exclude),  cmocka_unit_test(test_plain),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, workspace_open, workspace_close);
}
