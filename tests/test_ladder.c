/* test_ladder.c - a study at other sizes and lengths, and written down so that it reads the same.
 */
#include "experiments/ladder.h"
#include "experiments/study_stored.h"
#include "experiments/study_write.h"
#include "tests/workspace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char STUDY[] = "model: {n_layers: 3, dim: 32, n_heads: 4, ffn_dim: 96, context: 32}\n"
                            "data: {corpus: corpus}\n"
                            "train: {tokens: 8k, batch_tokens: 256, warmup_tokens: 1k}\n"
                            "sweep:\n"
                            "  name: small\n"
                            "  question: \"What: does \\\"it\\\" cost?\"\n"
                            "  axes: {model.attention: [mha, gqa:n_kv_heads=2, [mha, mqa]]}\n"
                            "  baseline: {model.attention: mha}\n"
                            "  exclude: [{model.attention: gqa:n_kv_heads=2}]\n"
                            "  seeds: [3, 5, 8]\n"
                            "  margin: 0.02\n";

static void open_study(study_file *s, arms *a, const char *file, char *const *settings, int n)
{
    error e;
    if (!study_file_read(s, file, settings, n, &e) || !arms_open(a, s, &e)) fail_msg("%s", e.msg);
}

static void close_study(study_file *s, arms *a)
{
    arms_close(a), study_file_close(s);
}

/* Layers and width change together; heads stay, and divide the width. */
static void sizes(void **state)
{
    (void)state;
    study_file s;
    arms a;
    ladder_size size[LADDER_SIZES];
    int own;
    workspace_write("study.yaml", STUDY);
    open_study(&s, &a, "study.yaml", NULL, 0);
    assert_int_equal(ladder_sizes(size, &own, &s, &a), 3);
    assert_int_equal(own, 1);
    assert_true(size[0].n_layers == 2 && size[0].dim == 16);
    assert_true(size[1].n_layers == 3 && size[1].dim == 32);
    assert_true(size[2].n_layers == 5 && size[2].dim == 48);
    close_study(&s, &a);
    char *const axes[] = { (char *)"sweep.axes={model.dim: [32, 64]}",
                           (char *)"sweep.baseline={model.dim: 32}", (char *)"sweep.exclude=[]" };
    open_study(&s, &a, "study.yaml", axes, 3);
    assert_int_equal(ladder_sizes(size, &own, &s, &a), 1);
    close_study(&s, &a);
}

/* What counts tokens of training keeps its part; seeds and name are the pilot's. */
static void rung(void **state)
{
    (void)state;
    study_file s, pilot;
    arms a, b;
    error e;
    workspace_write("study.yaml", STUDY);
    open_study(&s, &a, "study.yaml", NULL, 0);
    const ladder_size half = { 0.5, 2, 16 };
    const ladder_rung r = { &half, 2000, "small.pilot", 900001, 4, true };
    if (!ladder_open(&pilot, &b, &r, &s, "study.yaml", "none.db", NULL, 0, &e))
        fail_msg("%s", e.msg);
    const config *c = &b.arm[0].spec.config;
    assert_true(c->model.n_layers == 2 && c->model.dim == 16 && c->model.ffn_dim == 48);
    assert_true(c->train.tokens == 2000 && c->train.warmup_tokens == 250);
    assert_true(c->train.keep == KEEP_NONE);
    assert_string_equal(pilot.name, "small.pilot");
    assert_true(pilot.seeds == 4 && pilot.seed[0] == 900001 && pilot.seed[3] == 900004);
    assert_int_equal(b.n, a.n);
    close_study(&pilot, &b), close_study(&s, &a);
}

/* Written and read again, the study has the same runs and asks the same. */
static void round_trip(void **state)
{
    (void)state;
    study_file s, t;
    arms a, b;
    workspace_write("study.yaml", STUDY);
    char *const more[] = { (char *)"train.lr=2e-3", (char *)"sweep.alpha=0.1" };
    open_study(&s, &a, "study.yaml", more, 2);
    FILE *f = fopen("copy.yaml", "w");
    assert_non_null(f);
    study_write(f, &s, "corpus");
    assert_int_equal(fclose(f), 0);
    open_study(&t, &b, "copy.yaml", NULL, 0);
    assert_int_equal(a.n, b.n);
    for (int i = 0; i < a.n; i++) {
        assert_string_equal(a.arm[i].spec.id, b.arm[i].spec.id);
        assert_string_equal(a.arm[i].label, b.arm[i].label);
        assert_int_equal(a.arm[i].base, b.arm[i].base);
    }
    assert_string_equal(s.question, t.question), assert_string_equal(s.name, t.name);
    assert_string_equal(s.metric, t.metric);
    assert_true(s.margin == t.margin && s.alpha == t.alpha && s.match == t.match);
    assert_int_equal(s.seeds, t.seeds);
    for (int i = 0; i < s.seeds; i++) assert_int_equal(s.seed[i], t.seed[i]);
    close_study(&s, &a), close_study(&t, &b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sizes), cmocka_unit_test(rung),
                                        cmocka_unit_test(round_trip) };
    return cmocka_run_group_tests(tests, workspace_open_corpus, workspace_close);
}
