/* test_study_file.c - the `sweep` section: what it may and may not contain. */
#include "experiments/study_file.h"
#include "experiments/study_write.h"

#include "tests/workspace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE "model: {vocab_size: 100}\nsweep:\n  name: s\n"
#define AXIS                                                                                       \
    "  axes: {model.attention: [mha, mqa], model.context: [256, 512]}\n"                           \
    "  baseline: {model.attention: mha}\n"

static void refused(const char *text, const char *setting, const char *where, const char *words)
{
    study_file s;
    error e = { 0 };
    char *settings[] = { (char *)setting };
    workspace_write("study.yaml", text);
    if (study_file_read(&s, "study.yaml", settings, setting != NULL, &e))
        fail_msg("accepted: %s", text);
    assert_int_equal(e.status, STATUS_USAGE);
    if (!strstr(e.msg, words)) fail_msg("'%s' is not in '%s'", words, e.msg);
    if (strncmp(e.msg, where, strlen(where)) != 0) fail_msg("'%s' is not at %s", e.msg, where);
    assert_null(s.file);
}

static void test_read(void **state)
{
    (void)state;
    study_file s;
    error e;
    char *settings[] = { (char *)"train.tokens=1M", (char *)"sweep.name=other",
                         (char *)"sweep.margin=0.05", (char *)"sweep.question=why: {not?",
                         (char *)"sweep.axes={model.attention: [mha, [mqa, mha]]}" };
    workspace_write("study.yaml", BASE AXIS "  seeds: 5\n  match: {params: model.ffn_dim}\n"
                                            "  metric: val_bpb@64\n  exclude:\n"
                                            "    - {model.attention: mqa}\n");
    if (!study_file_read(&s, "study.yaml", NULL, 0, &e)) fail_msg("%s", e.msg);
    assert_string_equal(s.name, "s");
    assert_int_equal(s.seeds, 5);
    assert_int_equal(s.axes, 2);
    assert_string_equal(s.axis[1].key->name, "model.context");
    assert_int_equal(s.axis[1].n, 2);
    assert_int_equal(s.match, MATCH_PARAMS);
    assert_true(isnan(s.margin) && s.alpha == 0.05);
    assert_string_equal(s.metric, "val_bpb@64");
    study_file_close(&s);
    study_file_close(&s); /* harmless */

    workspace_write("study.yaml", BASE AXIS "  metric: tasks:bench/recall\n  margin: 0.02\n");
    if (!study_file_read(&s, "study.yaml", NULL, 0, &e)) fail_msg("%s", e.msg);
    assert_string_equal(s.metric, "tasks:bench/recall");
    study_file_close(&s);

    workspace_write("study.yaml", BASE AXIS);
    if (!study_file_read(&s, "study.yaml", settings, 5, &e)) fail_msg("%s", e.msg);
    assert_string_equal(s.name, "other");
    assert_string_equal(s.question, "why: {not?");
    assert_true(s.margin == 0.05);
    assert_int_equal(s.base.train.tokens, 1000000);
    assert_int_equal(s.axes, 1);
    assert_int_equal(s.axis[0].value[1].kind, YAML_LIST);
    assert_non_null(strstr(s.text, "model.context"));
    assert_string_equal(s.text, BASE AXIS); /* settings are no part of it */
    assert_string_equal(s.settings_json,
                        "[\"train.tokens=1M\",\"sweep.name=other\",\"sweep.margin=0.05\","
                        "\"sweep.question=why: {not?\","
                        "\"sweep.axes={model.attention: [mha, [mqa, mha]]}\"]");
    char value[64];
    study_file_value(value, sizeof value, &s.axis[0].value[1]);
    assert_string_equal(value, "[mqa, mha]");

    study_file again; /* text and settings are all that it takes, and it takes more settings */
    char *more[] = { settings[0], settings[1], settings[2],
                     settings[3], settings[4], (char *)"sweep.margin=0.1" };
    if (!study_file_recall(&again, s.text, more, 5, 6, &e)) fail_msg("%s", e.msg);
    assert_string_equal(again.question, s.question);
    assert_int_equal(again.base.train.tokens, 1000000);
    assert_int_equal(again.axes, 1);
    assert_true(again.margin == 0.1);
    assert_non_null(strstr(again.settings_json, "\"sweep.margin=0.1\"]"));
    assert_null(strstr(again.settings_json, "sweep.margin=0.05")); /* without effect */
    study_file_close(&again);
    study_file_close(&s);
}

/* What looks like a setting in the file is a comment. */
static void test_comment(void **state)
{
    (void)state;
    study_file s;
    error e;
    workspace_write("study.yaml", "train: {lr: 4e-3}\nsweep:\n  name: s\n# set: train.lr=1e-5\n"
                                  "# set: sweep.seeds=nonsense\n");
    if (!study_file_read(&s, "study.yaml", NULL, 0, &e)) fail_msg("%s", e.msg);
    assert_true(s.base.train.lr == 4e-3);
    assert_int_equal(s.seeds, 6);
    assert_string_equal(s.settings_json, "[]");
    study_file_close(&s);
}

/* A number n means 1..n; a list means its numbers. */
/* Seeds may be added until the contrasts are decided; written and read again it is the same. */
static void test_seed_plan(void **state)
{
    (void)state;
    study_file s;
    error e;
    char *settings[] = { (char *)"sweep.seeds=4" };
    workspace_write("study.yaml", BASE AXIS "  seeds: {start: 6, step: 4, max: 13}\n");
    if (!study_file_read(&s, "study.yaml", NULL, 0, &e)) fail_msg("%s", e.msg);
    assert_true(s.start == 6 && s.step == 4 && s.seeds == 13 && s.seed[12] == 13);
    FILE *f = fopen("again.yaml", "w");
    assert_non_null(f);
    study_write(f, &s, NULL);
    fclose(f);
    study_file_close(&s);
    if (!study_file_read(&s, "again.yaml", NULL, 0, &e)) fail_msg("%s", e.msg);
    assert_true(s.start == 6 && s.step == 4 && s.seeds == 13);
    study_file_close(&s);
    if (!study_file_read(&s, "again.yaml", settings, 1, &e)) fail_msg("%s", e.msg);
    assert_true(s.start == 0 && s.step == 0 && s.seeds == 4);
    study_file_close(&s);
}

static void test_seeds(void **state)
{
    (void)state;
    study_file s;
    error e;
    char *settings[] = { (char *)"sweep.seeds=[7, 0, 2147483647]" };
    workspace_write("study.yaml", "sweep: {name: s, seeds: [1, 2, 5]}\n");
    if (!study_file_read(&s, "study.yaml", NULL, 0, &e)) fail_msg("%s", e.msg);
    assert_int_equal(s.seeds, 3);
    assert_true(s.seed[0] == 1 && s.seed[1] == 2 && s.seed[2] == 5);
    study_file_close(&s);
    if (!study_file_read(&s, "study.yaml", settings, 1, &e)) fail_msg("%s", e.msg);
    assert_int_equal(s.seeds, 3);
    assert_true(s.seed[0] == 7 && s.seed[1] == 0 && s.seed[2] == 2147483647);
    study_file_close(&s);
}

static void test_values(void **state)
{
    (void)state;
    study_file s;
    error e;
    yaml_node *a, *b;
    workspace_write("study.yaml", BASE);
    assert_true(study_file_read(&s, "study.yaml", NULL, 0, &e));
    /* What `keys` prints is what holds. */
    for (const study_file_key *k = study_file_keys; k->name; k++)
        if (strcmp(k->name, "sweep.seeds") == 0) assert_string_equal(k->initial, "6");
    assert_int_equal(s.seeds, 6);
    assert_true(yaml_parse(&a, "1Ki", &e) && yaml_parse(&b, "1024", &e));
    assert_true(study_file_same(&s, config_find("model.context"), a, b));
    assert_false(study_file_same(&s, config_find("model.attention"), a, b));
    char text[64] = "";
    FILE *f = fmemopen(text, sizeof text, "w");
    study_file_json(f, config_find("model.context"), a);
    fputc(' ', f);
    study_file_json(f, config_find("train.lr"), b);
    fputc(' ', f);
    study_file_json(f, config_find("model.attention"), b);
    fclose(f);
    assert_string_equal(text, "1024 1024.0 \"1024\"");
    yaml_close(a), yaml_close(b);
    study_file_close(&s);
}

/* The ranges that `attnlab keys` prints are those that are checked, ends included. */
static void test_ranges(void **state)
{
    (void)state;
    static const char *const NAME[] = { "alpha", "margin" };
    static const double LEAST[] = { STUDY_FILE_ALPHA_MIN, 0 },
                        MOST[] = { STUDY_FILE_ALPHA_MAX, STUDY_FILE_MARGIN_MAX };
    for (int i = 0; i < 2; i++)
        for (const study_file_key *k = study_file_keys; k->name; k++) {
            if (strcmp(k->name + strlen("sweep."), NAME[i]) != 0) continue;
            char lo[64], hi[64];
            const char *to = strstr(k->range, "..");
            assert_true(to && strtod(k->range, NULL) == LEAST[i]);
            assert_true(strtod(to + 2, NULL) == MOST[i]);
            snprintf(lo, sizeof lo, "sweep.%s=%.17g", NAME[i], LEAST[i]);
            snprintf(hi, sizeof hi, "sweep.%s=%.17g", NAME[i], MOST[i]);
            char *setting[] = { lo, hi };
            for (int end = 0; end < 2; end++) {
                study_file s;
                error e;
                assert_true(study_file_recall(&s, "sweep: {name: s}\n", &setting[end], 0, 1, &e));
                assert_true((i ? s.margin : s.alpha) == (end ? MOST[i] : LEAST[i]));
                study_file_close(&s);
            }
        }
}

static void test_refused(void **state)
{
    (void)state;
    refused("model: {dim: 64}\n", NULL, "study.yaml:1:1: ", "section `sweep`");
    refused("sweep: {seeds: 3}\n", NULL, "study.yaml: ", "sweep.name is missing");
    refused("sweep: {name: a/b}\n", NULL, "study.yaml:1:15: ", "not a name");
    refused("sweep: {name: s, nmae: t}\n", NULL, "study.yaml:1:18: ", "did you mean sweep.name?");
    refused("sweep: {name: s, seeds: 0}\n", NULL, "study.yaml:1:25: ", "outside 1..1000");
    refused("sweep: {name: s, seeds: 2.5}\n", NULL, "study.yaml:1:25: ", "whole number");
    refused("sweep: {name: s, seeds: []}\n", NULL, "study.yaml:1:25: ", "0 seeds given");
    refused("sweep: {name: s, seeds: [1, 2, 1]}\n", NULL, "study.yaml:1:32: ", "1 is given twice");
    refused("sweep: {name: s, seeds: [1, -2]}\n", NULL, "study.yaml:1:29: ", "-2");
    refused("sweep: {name: s, seeds: [1, 2.5]}\n", NULL, "study.yaml:1:29: ", "whole number");
    refused("sweep: {name: s, seeds: [3000000000]}\n", NULL, "study.yaml:1:26: ", "3000000000");
    refused("sweep: {name: s, seeds: {a: 1}}\n", NULL,
            "study.yaml:1:26: ", "unknown key 'a': use start, step and max");
#define PLAN "sweep: {name: s, seeds: "
    refused(PLAN "{start: 6, step: 3}}\n", NULL, "study.yaml:1:25: ", "max is missing");
    refused(PLAN "{start: 9, step: 3, max: 6}}\n", NULL,
            "study.yaml:1:33: ", "start is 9, which is above max, 6");
    refused(PLAN "{start: 2, step: 3, max: 6}}\n", NULL, "study.yaml:1:33: ", "3..100");
    refused(PLAN "{start: 3, step: 0, max: 6}}\n", NULL, "study.yaml:1:42: ", "1..100");
    refused(PLAN "{start: 3, step: 1, max: 101}}\n", NULL, "study.yaml:1:50: ", "3..100");
    refused(PLAN "{start: 3, step: 1, max: many}}\n", NULL,
            "study.yaml:1:50: ", "sweep.seeds: max");
    refused(PLAN "{start: 6, step: 3, max: 24}}\n", NULL, "study.yaml: ", "nothing to decide");
    refused("sweep: {name: s, margin: nan}\n", NULL, "study.yaml:1:26: ", "finite");
    refused("sweep: {name: s, margin: -1}\n", NULL, "study.yaml:1:26: ", "outside");
    refused("sweep: {name: s, margin: 2e6}\n", NULL, "study.yaml:1:26: ", "outside 0..1e+06");
    refused("sweep: {name: s, alpha: 0}\n", NULL, "study.yaml:1:25: ", "outside 1e-09..0.5");
    refused("sweep: {name: s, alpha: 0.6}\n", NULL, "study.yaml:1:25: ", "outside 1e-09..0.5");
    refused("sweep: {name: s, design: maze}\n", NULL, "study.yaml:1:26: ", "not one of grid");
    refused("sweep: {name: s, metric: loss}\n", NULL, "study.yaml:1:26: ", "loss, bpb, last");
    refused("sweep: {name: s, metric: val_loss@12x}\n", NULL,
            "study.yaml:1:26: ", "no metric 'val_loss@12x'");
    refused("sweep: {name: s, metric: train_loss@64}\n", NULL, "study.yaml:1:26: ", "lm.val");
    refused("sweep: {name: s, metric: mqar.val_loss@64}\n", NULL,
            "study.yaml:1:26: ", "nothing evaluates mqar.val");
    refused("sweep: {name: s, metric: 'tasks:'}\n", NULL, "study.yaml:1:26: ", "tasks:SUITE");
    refused("sweep: {name: s, metric: val_bpb}\n", NULL, "study.yaml:1:26: ", "write val_bpb@N");
    refused("sweep: {name: s, match: {flops: x}}\n", NULL, "study.yaml:1:25: ", "params");
    refused("sweep: {name: s, axes: [mha]}\n", NULL, "study.yaml:1:24: ", "{key: [values]}");
    refused("sweep: {name: s, axes: {model.x: [1]}}\n", NULL, "study.yaml:1:25: ", "unknown key");
    refused("sweep: {name: s, axes: {model.dim: 64}}\n", NULL, "study.yaml:1:36: ", "list");
    refused("sweep: {name: s, axes: {train.seed: [1]}}\n", NULL, "study.yaml:1:25: ", "seeds");
    refused("sweep: {name: s, axes: {train.keep: [all]}}\n", NULL,
            "study.yaml:1:25: ", "no result");
    refused("sweep: {name: s, axes: {model.dim: [64]}}\n", NULL, "study.yaml: ", "baseline");
    refused(BASE "  axes: {model.dim: [64, x]}\n  baseline: {model.dim: 64}\n", NULL,
            "study.yaml:4:26: ", "'x' is not");
    refused(BASE "  axes: {model.context: [1Ki, 1024]}\n  baseline: {model.context: 1Ki}\n", NULL,
            "study.yaml:4:31: ", "twice");
    refused(BASE AXIS "  exclude: [{model.attention: gqa}]\n", NULL,
            "study.yaml:6:31: ", "not one of the values");
    refused(BASE AXIS "  exclude: [{model.dim: 64}]\n", NULL, "study.yaml:6:14: ", "not an axis");
    refused(BASE AXIS "  exclude: {model.context: 256}\n", NULL, "study.yaml:6:12: ", "list");
    refused(BASE AXIS, "sweep.baseline={model.attention: gqa}", "", "not one of the values");
    refused(BASE AXIS, "sweep.seed=3", "", "did you mean sweep.seeds?");
    refused(BASE AXIS, "model.context=512", "", "model.context=512: model.context is an axis");
    refused(BASE AXIS, "model.attention=mqa", "", "change its values in sweep.axes");
    refused(BASE AXIS, "train.seed=3", "study.yaml: ", "set by sweep.seeds");
    refused(BASE AXIS, "model.dims=3", "", "model.dim");
    refused(BASE AXIS, "sweep.axes={model.ffn_dim: [8", "", "sweep.axes");
    refused(BASE "  axes: {model.ffn_dim: [64, 96]}\n  baseline: {model.ffn_dim: 64}\n"
                 "  match: {params: model.ffn_dim}\n",
            NULL, "", "is an axis");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),      cmocka_unit_test(test_comment),
        cmocka_unit_test(test_seed_plan), cmocka_unit_test(test_seeds),
        cmocka_unit_test(test_values),    cmocka_unit_test(test_refused),
        cmocka_unit_test(test_ranges),
    };
    return cmocka_run_group_tests(tests, workspace_open, workspace_close);
}
