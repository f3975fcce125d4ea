/* test_design.c - the arms of each design, against the list that its definition gives; named
 * levels, ranges, crossed axes; and what is refused, with its place.
 */
#include "experiments/arms.h"
#include "experiments/plan_json.h"
#include "experiments/study_tune.h"
#include "experiments/study_write.h"

#include "tests/workspace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static study_file s;
static arms a;

#define MODEL                                                                                      \
    "model: {vocab_size: 500, dim: 64, n_heads: 4, n_layers: 2, context: 64}\n"                    \
    "train: {batch_tokens: 1024}\n"

static bool expand(const char *section, error *e)
{
    char text[4096];
    snprintf(text, sizeof text, MODEL "sweep:\n  name: s\n%s", section);
    workspace_write("study.yaml", text);
    if (!study_file_read(&s, "study.yaml", NULL, 0, e)) return false;
    if (arms_open(&a, &s, e)) return true;
    study_file_close(&s);
    return false;
}

/* The study has these arms, each as "label < label of its base". */
static void arms_are(const char *section, const char *const *wanted)
{
    error e;
    int n = 0;
    if (!expand(section, &e)) fail_msg("%s\n%s", section, e.msg);
    for (; wanted[n]; n++) {
        char text[2 * ARM_LABEL + 8];
        if (n == a.n) fail_msg("no arm '%s'", wanted[n]);
        const arm *x = &a.arm[n];
        snprintf(text, sizeof text, "%s%s%s", x->label, x->base < 0 ? "" : " < ",
                 x->base < 0 ? "" : a.arm[x->base].label);
        assert_string_equal(text, wanted[n]);
    }
    assert_int_equal(a.n, n);
}

static void done(void)
{
    arms_close(&a);
    study_file_close(&s);
}

#define ARMS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define AXES      "  axes: {model.attention: [mha, mqa], train.beta1: [0.8, 0.9, 0.7]}\n"
#define BASELINE  "  baseline: {model.attention: mha, train.beta1: 0.9}\n"

static void test_designs(void **state)
{
    (void)state;
    arms_are(AXES BASELINE, ARMS("mha beta1=0.8 < mha beta1=0.9", "mha beta1=0.9",
                                 "mha beta1=0.7 < mha beta1=0.9", "mqa beta1=0.8 < mha beta1=0.9",
                                 "mqa beta1=0.9 < mha beta1=0.9", "mqa beta1=0.7 < mha beta1=0.9"));
    done();
    arms_are("  design: one-at-a-time\n" AXES BASELINE,
             ARMS("mha beta1=0.9", "mqa beta1=0.9 < mha beta1=0.9", "mha beta1=0.8 < mha beta1=0.9",
                  "mha beta1=0.7 < mha beta1=0.9"));
    done();
    arms_are("  design: staircase\n" AXES,
             ARMS("mha beta1=0.8", "mqa beta1=0.8 < mha beta1=0.8", "mqa beta1=0.9 < mqa beta1=0.8",
                  "mqa beta1=0.7 < mqa beta1=0.9"));
    done();
    arms_are("  design: zip\n  axes: {model.attention: [mha, mqa, gqa], train.beta1: [0.8, 0.9, "
             "0.7]}\n  baseline: {model.attention: mha, train.beta1: 0.8}\n",
             ARMS("mha beta1=0.8", "mqa beta1=0.9 < mha beta1=0.8",
                  "gqa:n_kv_heads=2 beta1=0.7 < mha beta1=0.8"));
    done();
    arms_are("  design: list\n  arms:\n  - {model.attention: mha, train.beta1: 0.9}\n"
             "  - {train.beta1: 0.70, model.attention: mqa}\n"
             "  - {train.beta1: 0.7, model.attention: [mha, mqa]}\n" BASELINE,
             ARMS("mha beta1=0.9", "mqa beta1=0.7 < mha beta1=0.9",
                  "[mha, mqa] beta1=0.7 < mha beta1=0.9"));
    assert_int_equal(s.axis[1].n, 2); /* 0.70 is 0.7 */
    done();
    arms_are(
        "  design: one-at-a-time\n" AXES BASELINE "  exclude: [{train.beta1: 0.8}]\n",
        ARMS("mha beta1=0.9", "mqa beta1=0.9 < mha beta1=0.9", "mha beta1=0.7 < mha beta1=0.9"));
    done();
}

#define SIZE "{small: {model.dim: 32, train.tokens: 1M}, large: {train.tokens: 4M}}"

/* Named levels set several keys; what a level leaves out stays as the study has it. */
static void test_levels(void **state)
{
    (void)state;
    arms_are("  axes: {size: " SIZE ", model.attention: [mha, mqa]}\n"
             "  baseline: {model.attention: mha}\n  match: {params: model.ffn_dim}\n",
             ARMS("small mha", "small mqa < small mha", "large mha", "large mqa < large mha"));
    assert_int_equal(a.arm[1].spec.config.model.dim, 32);
    assert_int_equal(a.arm[1].spec.config.train.tokens, 1000000);
    assert_int_equal(a.arm[2].spec.config.model.dim, 64);
    assert_int_equal(a.arm[2].spec.config.train.tokens, 4000000);
    assert_true(fabs(a.arm[3].residual) < 0.005);
    char *axes = plan_json_axes(&s), *values = plan_json_arm(&s, &a.arm[1]);
    assert_string_equal(axes, "{\"size\":{\"small\":{\"model.dim\":32,\"train.tokens\":1000000},"
                              "\"large\":{\"train.tokens\":4000000}},"
                              "\"model.attention\":[\"mha\",\"mqa\"]}");
    assert_string_equal(values, "{\"size\":\"small\",\"model.attention\":\"mqa\"}");
    free(axes), free(values);
    assert_true(study_file_varies(&s, "train.tokens") && !study_file_varies(&s, "train.lr"));
    done();
    arms_are("  axes: {size: " SIZE ", model.attention: [mha, mqa]}\n"
             "  baseline: {size: large, model.attention: mha}\n"
             "  exclude: [{size: small, model.attention: mqa}]\n",
             ARMS("small mha < large mha", "large mha", "large mqa < large mha"));
    done();
}

/* Crossed axes are there for every arm, which is compared within their levels. */
static void test_cross(void **state)
{
    (void)state;
    arms_are("  design: staircase\n  axes: {model.attention: [mha, mqa], train.beta1: [0.9, 0.8]}\n"
             "  cross: {size: " SIZE "}\n",
             ARMS("mha beta1=0.9 small", "mha beta1=0.9 large",
                  "mqa beta1=0.9 small < mha beta1=0.9 small",
                  "mqa beta1=0.9 large < mha beta1=0.9 large",
                  "mqa beta1=0.8 small < mqa beta1=0.9 small",
                  "mqa beta1=0.8 large < mqa beta1=0.9 large"));
    done();
    arms_are("  design: list\n  arms: [{model.attention: mha}, {model.attention: mqa}]\n"
             "  baseline: {model.attention: mha}\n  cross: {model.n_layers: [1, 2]}\n"
             "  exclude: []\n",
             ARMS("mha n_layers=1", "mha n_layers=2", "mqa n_layers=1 < mha n_layers=1",
                  "mqa n_layers=2 < mha n_layers=2"));
    done();
}

static void test_ranges(void **state)
{
    (void)state;
    arms_are("  axes: {train.lr: {log: [5e-4, 8e-3, 5]}}\n  baseline: {train.lr: 0.002}\n",
             ARMS("lr=0.0005 < lr=0.002", "lr=0.001 < lr=0.002", "lr=0.002", "lr=0.004 < lr=0.002",
                  "lr=0.008 < lr=0.002"));
    done();
    arms_are("  axes: {train.tokens: {log: [1M, 16M, 3]}}\n  baseline: {train.tokens: 4M}\n",
             ARMS("tokens=1000000 < tokens=4000000", "tokens=4000000",
                  "tokens=16000000 < tokens=4000000"));
    done();
}

/* What is written is the same study. */
static void test_written(void **state)
{
    (void)state;
    static const char *const SECTION[] = {
        "  design: staircase\n" AXES "  cross: {size: " SIZE "}\n",
        "  design: list\n  arms: [{model.attention: mha}, {model.attention: mqa}]\n"
        "  baseline: {model.attention: mha}\n",
        "  axes: {model.rope_theta: {log: [1e4, 1e6, 3]}}\n  baseline: {model.rope_theta: 1e4}\n"
        "  tune: {train.lr: {from: 1e-3, to: 4e-3, points: 3, seeds: 2}}\n",
    };
    for (size_t i = 0; i < sizeof SECTION / sizeof *SECTION; i++) {
        error e;
        if (!expand(SECTION[i], &e)) fail_msg("%s", e.msg);
        char *before = plan_json(&s, &a);
        FILE *f = fopen("written.yaml", "w");
        study_write(f, &s, NULL);
        fclose(f);
        done();
        if (!study_file_read(&s, "written.yaml", NULL, 0, &e) || !arms_open(&a, &s, &e))
            fail_msg("%s", e.msg);
        char *after = plan_json(&s, &a);
        assert_string_equal(before, after);
        free(before), free(after);
        done();
    }
}

/* The study that tunes another has its arms at every value, and other seeds. */
static void test_tuning(void **state)
{
    (void)state;
    error e;
    double point[TUNE_POINTS];
    study_file t;
    arms b;
    if (!expand("  design: staircase\n  axes: {model.attention: [mha, mqa, [mqa, mha]]}\n"
                "  match: {params: model.ffn_dim}\n"
                "  tune: {train.lr: {from: 5e-4, to: 8e-3, points: 5, seeds: 2}}\n",
                &e))
        fail_msg("%s", e.msg);
    assert_int_equal(study_tune_points(point, &s.tune, 2, 1), 8);
    static const double WANTED[] = { 1.25e-4, 2.5e-4, 5e-4, 1e-3, 2e-3, 4e-3, 8e-3, 1.6e-2 };
    for (int i = 0; i < 8; i++) assert_true(point[i] == WANTED[i]);
    if (!study_tune_open(&t, &s, point, 8, &e) || !arms_open(&b, &t, &e)) fail_msg("%s", e.msg);
    assert_string_equal(t.name, "s.tune");
    assert_int_equal(t.seeds, 2);
    assert_int_equal(t.seed[0], TUNE_SEED);
    assert_null(t.tune.key);
    assert_int_equal(b.n, 3 * 8);
    for (int i = 0; i < b.n; i++) { /* arms as they are, but for the rate */
        const arm *own = &a.arm[i / 8];
        assert_true(b.arm[i].spec.config.train.lr == WANTED[i % 8]);
        assert_int_equal(b.arm[i].spec.config.model.ffn_dim, own->spec.config.model.ffn_dim);
        assert_int_equal(b.arm[i].cost.total, own->cost.total);
    }
    study_file again; /* from its own text and settings */
    assert_true(study_tune_open(&again, &s, point, 3, &e));
    study_file_close(&again);
    const double best[] = { 0.0021, 0.003, 0.0012 };
    if (!arms_tune(&a, &s, best, &e)) fail_msg("%s", e.msg);
    for (int i = 0; i < 3; i++) assert_true(a.arm[i].spec.config.train.lr == best[i]);
    assert_string_not_equal(a.arm[0].spec.id, a.arm[1].spec.id);
    arms_close(&b), study_file_close(&t);
    done();
}

static void refused(const char *section, const char *where, const char *words)
{
    error e = { 0 };
    if (expand(section, &e)) fail_msg("accepted: %s", section);
    assert_int_equal(e.status, STATUS_USAGE);
    if (!strstr(e.msg, words)) fail_msg("'%s' is not in '%s'", words, e.msg);
    if (strncmp(e.msg, where, strlen(where)) != 0) fail_msg("'%s' is not at %s", e.msg, where);
    if (strchr(e.msg, '\n')) fail_msg("more than a line: %s", e.msg);
}

#define MHA         "  baseline: {model.attention: mha}\n"
#define TUNE(range) "  axes: {model.attention: [mha, mqa]}\n" MHA "  tune: {train.lr: " range "}\n"

static void test_refused(void **state)
{
    (void)state;
    refused("  design: maze\n", "study.yaml:5:11: ", "grid, zip, one-at-a-time, staircase, list");
    refused("  design: zip\n" AXES BASELINE,
            "study.yaml:6:39: ", "train.beta1 has 3 values where model.attention has 2");
    refused("  design: zip\n  axes: {model.attention: [mha, mqa], train.beta1: [0.8, 0.9]}\n" MHA,
            "study.yaml:7:13: ", "'mqa beta1=0.9' has no baseline");
    refused("  design: one-at-a-time\n" AXES MHA, "study.yaml:7:13: ", "train.beta1 is missing");
    refused("  design: staircase\n" AXES MHA, "study.yaml:7:13: ", "leave the baseline out");
    refused("  design: staircase\n", "study.yaml: ", "needs an axis");
    refused("  design: staircase\n" AXES "  exclude: [{model.attention: mha}]\n",
            "study.yaml:7:12: ", "nothing to leave out");
    refused("  design: list\n" AXES BASELINE, "study.yaml: ", "sweep.arms is missing");
    refused("  arms: [{model.attention: mha}]\n" MHA, "study.yaml:5:9: ", "set it to list");
    refused("  design: list\n  arms: [{model.attention: mha}, {train.lr: 1}]\n" MHA,
            "study.yaml:6:35: ", "the first arm has no train.lr");
    refused("  design: list\n  arms: [{model.attention: mha, train.lr: 1}, {train.lr: 2}]\n" MHA,
            "study.yaml:6:47: ", "arm 2 has no model.attention");
    refused("  axes: {size: " SIZE "}\n  baseline: {size: huge}\n",
            "study.yaml:6:20: ", "not one of the levels of size: small, large");
    refused("  axes: {size: {a: {}, b: {model.dims: 3}}}\n  baseline: {size: a}\n",
            "study.yaml:5:28: ", "did you mean");
    refused("  axes: {size: [1, 2]}\n  baseline: {size: 1}\n",
            "study.yaml:5:16: ", "'size' is not a key");
    refused("  axes: {size: {a: {}, b: 3}}\n  baseline: {size: a}\n",
            "study.yaml:5:27: ", "the level 'b' must be");
    refused("  axes: {model.dim: [32, 64], size: " SIZE "}\n  baseline: {size: small}\n",
            "study.yaml:5:46: ", "sets model.dim, which the axis 'model.dim' sets already");
    refused("  axes: {size: " SIZE ", model.dim: [32, 64]}\n  baseline: {size: small}\n",
            "study.yaml:5:87: ", "set by the levels of 'size' already");
    refused("  axes: {size: {a: {train.seed: 3}}}\n  baseline: {size: a}\n",
            "study.yaml:5:21: ", "set by sweep.seeds");
    refused("  axes: {train.lr: {log: [8e-3, 5e-4, 5]}}\n  baseline: {train.lr: 1}\n",
            "study.yaml:5:26: ", "the range is empty: 8e-3 is not below 5e-4");
    refused("  axes: {train.lr: {log: [0, 5e-4, 5]}}\n  baseline: {train.lr: 1}\n",
            "study.yaml:5:27: ", "above 0");
    refused("  axes: {train.lr: {log: [1e-4, 5e-4, 1]}}\n  baseline: {train.lr: 1}\n",
            "study.yaml:5:39: ", "outside 2..64");
    refused("  axes: {train.lr: {log: [1e-4, 5e-4]}}\n  baseline: {train.lr: 1}\n",
            "study.yaml:5:26: ", "from, to, points");
    refused("  axes: {model.attention: {log: [1, 2, 3]}}\n" MHA,
            "study.yaml:5:33: ", "log is for numbers");
    refused("  axes: {model.n_layers: {log: [1, 2, 5]}}\n  baseline: {model.n_layers: 1}\n",
            "study.yaml:5:32: ", "given twice");
    refused(TUNE("{from: 1e-3, to: 4e-3, points: 3}"), "study.yaml:7:20: ", "'seeds' is missing");
    refused(TUNE("{from: 4e-3, to: 4e-3, points: 3, seeds: 1}"),
            "study.yaml:7:20: ", "the range is empty");
    refused(TUNE("{from: 1e-3, to: 4e-3, points: 2, seeds: 1}"), "study.yaml:7:", "outside 3..16");
    refused(TUNE("{from: 1e-3, to: 4e-3, points: 3, seeds: 0}"), "study.yaml:7:", "outside 1..100");
    refused(TUNE("{from: 1e-3, to: 4e-3, points: 3, seeds: 1, steps: 2}"),
            "study.yaml:7:", "unknown field 'steps'");
    refused(TUNE("3e-3"), "study.yaml:7:20: ", "must be {from");
    refused(TUNE("{from: 1e-3, to: 4e-3, points: 3, seeds: 1}, train.eps: {}"),
            "study.yaml:7:9: ", "with one key");
    refused("  axes: {train.lr: [1, 2]}\n  baseline: {train.lr: 1}\n"
            "  tune: {train.lr: {from: 1e-3, to: 4e-3, points: 3, seeds: 1}}\n",
            "study.yaml:7:9: ", "set by the axis 'train.lr' already");
    refused("  tune: {model.dim: {from: 1, to: 4, points: 3, seeds: 1}}\n",
            "study.yaml:5:10: ", "not a real number");
    refused("  seeds: [1, 1000002]\n"
            "  tune: {train.lr: {from: 1e-3, to: 4e-3, points: 3, seeds: 2}}\n",
            "study.yaml:6:9: ", "1000002 is one of the seeds that sweep.tune uses");
    refused("  axes: {train.eps: {log: [1e-9, 1e-3, 9]}, train.lr: {log: [1, 64, 64]}}\n"
            "  baseline: {train.lr: 1}\n",
            "sweep.axes", "more than 512 arms");
    refused("  axes: {train.lr: {log: [1, 64, 64]}, train.eps: {log: [1e-9, 1e-3, 64]},"
            " train.clip: {log: [1, 64, 64]}}\n  baseline: {train.lr: 1}\n",
            "sweep.axes", "more than 100000 combinations");
}

/* The command line may not set what the arms set. */
static void test_settings(void **state)
{
    (void)state;
    static const char *const SETTING[][2] = {
        { "model.dim=32", "is set by the levels of the axis 'size'" },
        { "train.lr=1e-3", "is tuned for each arm" },
    };
    workspace_write("study.yaml",
                    MODEL "sweep:\n  name: s\n  axes: {size: " SIZE "}\n  baseline: {size: large}\n"
                          "  tune: {train.lr: {from: 1e-3, to: 4e-3, points: 3, seeds: 2}}\n");
    for (int i = 0; i < 2; i++) {
        error e;
        char *setting[] = { (char *)SETTING[i][0] };
        assert_false(study_file_read(&s, "study.yaml", setting, 1, &e));
        if (!strstr(e.msg, SETTING[i][1])) fail_msg("%s", e.msg);
    }
    error e;
    char *setting[] = { (char *)"sweep.tune={}", (char *)"train.lr=1e-3" };
    if (!study_file_read(&s, "study.yaml", setting, 2, &e)) fail_msg("%s", e.msg);
    assert_null(s.tune.key);
    study_file_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_designs), cmocka_unit_test(test_levels),
        cmocka_unit_test(test_cross),   cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_written), cmocka_unit_test(test_tuning),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_settings),
    };
    return cmocka_run_group_tests(tests, workspace_open, workspace_close);
}
