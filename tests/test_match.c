/* test_match.c - equal parameters: the rule in match.h against the formula, and its limits. */
#include "experiments/arms.h"
#include "experiments/match.h"

#include "tests/workspace.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool expand(arms *a, study_file *s, const char *keys, const char *match, error *e)
{
    char text[1024];
    snprintf(text, sizeof text,
             "model: {%s}\nsweep:\n  name: s\n"
             "  axes: {model.attention: [mha, gqa:n_kv_heads=2, gqa:n_kv_heads=4, mqa]}\n"
             "  baseline: {model.attention: mha}\n  match: %s\n",
             keys, match);
    workspace_write("study.yaml", text);
    if (!study_file_read(s, "study.yaml", NULL, 0, e)) fail_msg("%s", e->msg);
    if (arms_open(a, s, e)) return true;
    study_file_close(s);
    return false;
}

/* f = f_base + (2/3)(H - G) E to the nearest 8, and the count that follows. */
static void check_formula(const char *keys)
{
    static const int G[] = { 0, 2, 4, 1 };
    arms a;
    study_file s;
    error e;
    if (!expand(&a, &s, keys, "{params: model.ffn_dim}", &e)) fail_msg("%s", e.msg);
    const config *b = &a.arm[0].spec.config;
    const double H = (double)b->model.n_heads, E = (double)b->model.head_dim;
    assert_true(a.arm[0].residual == 0);
    for (int i = 1; i < 4; i++) {
        const double exact = (double)b->model.ffn_dim + 2.0 / 3 * (H - G[i]) * E;
        const config *c = &a.arm[i].spec.config;
        assert_int_equal(c->model.ffn_dim % 8, 0);
        assert_true(fabs((double)c->model.ffn_dim - exact) <= 4);
        const double more = 3.0 * (double)c->model.dim * ((double)c->model.ffn_dim - exact) *
                            (double)c->model.n_layers;
        assert_true(fabs(a.arm[i].residual - more / (double)a.arm[0].cost.total) < 1e-12);
        assert_true(fabs(a.arm[i].residual) <= MATCH_TOLERANCE);
    }
    arms_close(&a);
    study_file_close(&s);
}

static void test_params(void **state)
{
    (void)state;
    check_formula("vocab_size: 4096");
    check_formula("vocab_size: 1000, dim: 512, n_heads: 16, n_layers: 3, tie_embeddings: true");
    check_formula("vocab_size: 4096, dim: 320, n_heads: 8, head_dim: 64, ffn_dim: 1001");
}

/* The shape of Llama 2 70B without its 1.3: 22016 + 4779 = 26795, so 26792. */
static void test_llama(void **state)
{
    (void)state;
    arms a;
    study_file s;
    error e;
    workspace_write("study.yaml",
                    "model: {vocab_size: 32000, dim: 8192, n_heads: 64, n_layers: 80, ffn_dim: "
                    "22016, context: 4096}\ntrain: {batch_tokens: 4096}\nsweep:\n  name: s\n"
                    "  axes: {model.attention: [mha, gqa:n_kv_heads=8]}\n"
                    "  baseline: {model.attention: mha}\n  match: {params: model.ffn_dim}\n");
    assert_true(study_file_read(&s, "study.yaml", NULL, 0, &e));
    if (!arms_open(&a, &s, &e)) fail_msg("%s", e.msg);
    assert_int_equal(a.arm[1].spec.config.model.ffn_dim, 26792);
    arms_close(&a);
    study_file_close(&s);
}

static void test_preset(void **state)
{
    (void)state;
    arms a;
    study_file s;
    error e;
    if (!expand(&a, &s, "vocab_size: 4096", "{preset: llama2}", &e)) fail_msg("%s", e.msg);
    assert_int_equal(a.arm[0].spec.config.model.ffn_dim, 704);
    assert_int_equal(a.arm[1].spec.config.model.ffn_dim, 912); /* 1.3 x 704 = 915.2  */
    assert_int_equal(a.arm[2].spec.config.model.ffn_dim, 912);
    assert_int_equal(a.arm[3].spec.config.model.ffn_dim, 936); /* 1.33 x 704 = 936.3 */
    assert_true(a.arm[3].residual > MATCH_TOLERANCE); /* more than parity, as papers know */
    arms_close(&a);
    study_file_close(&s);
}

static void test_refused(void **state)
{
    (void)state;
    arms a;
    study_file s;
    error e = { 0 };
    assert_false(expand(&a, &s, "vocab_size: 10, dim: 40, n_heads: 4, n_layers: 1, ffn_dim: 8",
                        "{params: model.ffn_dim}", &e));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.msg, "at most 0.5 % are allowed"));
    assert_false(expand(&a, &s, "vocab_size: 10, n_layers: 2, n_heads: 8, dim: 64, attention: mha",
                        "{params: model.ffn_dim}", &e));
    assert_non_null(strstr(e.msg, "at the nearest model.ffn_dim"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_params),
        cmocka_unit_test(test_llama),
        cmocka_unit_test(test_preset),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, workspace_open, workspace_close);
}
