/* test_evaluation.c - the evaluation tasks: names that make metrics, results that add up and do not
 * depend on threads, on a text made up here.
 */
#include "trainer/model/evaluation.h"

#include "core/db/metric.h"
#include "tests/settings.h"
#include "tests/unit.h"
#include "trainer/corpus/manifest.h"
#include "trainer/model/pass.h"
#include "trainer/model/train_step.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { VOCABULARY = 50, TEXT = 1000 };

static uint16_t text_of[TEXT], piece_bytes[VOCABULARY];
static uint8_t piece_blank[VOCABULARY];

static corpus made_up(int64_t tokens)
{
    for (int i = 0; i < TEXT; i++) text_of[i] = (uint16_t)((i * i + 7 * i) % VOCABULARY);
    for (int i = 0; i < VOCABULARY; i++) piece_bytes[i] = (uint16_t)(1 + i % 3);
    static char path[] = "made up";
    return (corpus){ .path = path,
                     .vocab_size = VOCABULARY,
                     .bos = 1,
                     .val = { .n_tokens = tokens, .width = 2, .tokens = text_of },
                     .piece_bytes = piece_bytes,
                     .piece_blank = piece_blank };
}

static void configure(run_spec *spec)
{
    static const char *const SETTING[] = {
        "model.n_layers=1",     "model.dim=16",          "model.n_heads=2",
        "model.vocab_size=50",  "model.context=16",      "model.ffn_dim=32",
        "eval.context=[8, 32]", "train.batch_tokens=64", NULL,
    };
    settings_resolve(spec, SETTING);
}

/* The names of tasks and splits make names of metrics, and the default is among them. */
static void test_names(void **state)
{
    (void)state;
    bool usual = false;
    for (const eval_task *const *t = eval_tasks; *t; t++) {
        char name[METRIC_NAME];
        metric m;
        error e;
        metric_write(name, sizeof name, (*t)->name, METRIC_DEFAULT_SPLIT, METRIC_DEFAULT_KIND, 8);
        assert_true(metric_parse(&m, name, &e));
        assert_string_equal(m.task, (*t)->name);
        usual = usual || strcmp((*t)->name, METRIC_DEFAULT_TASK) == 0;
        assert_true(*(*t)->help);
    }
    assert_true(usual);
    assert_string_equal(METRIC_DEFAULT_SPLIT, SPLIT_NAME[SPLIT_VAL]);
}

/* Every sum is the sum of its parts; all lengths score the same tokens. */
static void check_sums(const eval_result *r)
{
    double windows = 0, positions = 0;
    int64_t tokens = 0;
    for (int i = 0; i < r->windows; i++) windows += r->window_nll[i];
    for (int i = 0; i < r->context; i++) positions += r->pos_nll[i], tokens += r->pos_n[i];
    assert_true(fabs(windows - r->nll_sum) < 1e-9 * r->nll_sum);
    assert_true(fabs(positions - r->nll_sum) < 1e-9 * r->nll_sum);
    assert_int_equal(tokens, r->tokens);
    assert_int_equal(r->tokens, (TEXT - 1) / 32 * 32);
    assert_int_equal(4 * r->last_tokens, r->tokens);
    assert_true(r->bytes > r->tokens && r->bytes < 3 * r->tokens);
    assert_true(r->right >= 0 && r->right <= r->tokens);
}

/* With a mask, exactly its tokens are scored, each as without it; and `right` counts the targets
 * that no other token is likelier than, by logits computed here. */
static void test_mask(void **state)
{
    (void)state;
    static run_spec spec;
    static uint8_t mask[TEXT];
    corpus text = made_up(TEXT);
    train_step train;
    evaluation v;
    pass p;
    error e;
    int64_t counted = 0, right = 0;
    double sum = 0;
    configure(&spec);
    for (int i = 0; i < TEXT; i++) mask[i] = i % 7 == 3 || i % 11 == 0;
    assert_true(train_step_open(&train, &spec, 1, &e) &&
                train_step_start(&train, &spec.config, &e));
    for (size_t i = 0; i < train.m.floats; i++) train.w[i] *= 20; /* so that some are right */
    text.val.mask = mask;
    const eval_input in = { &train.m, train.w, &spec.config, &text, train.pool };
    if (!evaluation_open(&v, &in, &e)) fail_msg("%s", e.msg);
    evaluation_run(&v);
    const eval_result *r = &v.result[1]; /* windows of 32 */
    assert_true(pass_open(&p, &train.m, PASS_EVAL, 1, 32, 32, train.w, NULL, &e));
    for (int w = 0; w < r->windows; w++) {
        int32_t token[32];
        float logits[VOCABULARY];
        corpus_read(token, &text.val, (int64_t)w * 32, 32);
        pass_forward(&p, token, 1);
        for (int j = 0; j < 32; j++) {
            const int at = w * 32 + j + 1, target = text_of[at];
            double all = 0;
            bool best = true;
            if (!mask[at]) continue;
            pass_logits(&p, logits, j, 1);
            for (int k = 0; k < VOCABULARY; k++) {
                all += exp(logits[k]);
                best = best && logits[k] <= logits[target];
            }
            counted++, right += best, sum += log(all) - logits[target];
        }
    }
    assert_int_equal(r->tokens, counted);
    assert_int_equal(r->right, right);
    assert_true(right > 0 && right < counted);
    assert_true(fabs(sum - r->nll_sum) < 1e-4 * sum);
    int64_t windows = 0;
    for (int w = 0; w < r->windows; w++) windows += r->window_n[w];
    assert_int_equal(windows, counted);
    pass_close(&p), evaluation_close(&v), train_step_close(&train);
}

static void test_run(void **state)
{
    (void)state;
    static run_spec spec;
    const corpus text = made_up(TEXT);
    double first[2] = { 0 };
    configure(&spec);
    for (int n = 1; n <= 3; n++) {
        train_step train;
        evaluation v;
        error e;
        assert_true(train_step_open(&train, &spec, n, &e) &&
                    train_step_start(&train, &spec.config, &e));
        const eval_input in = { &train.m, train.w, &spec.config, &text, train.pool };
        if (!evaluation_open(&v, &in, &e)) fail_msg("%s", e.msg);
        assert_int_equal(v.n, 2);
        for (int again = 0; again < 2; again++) {
            evaluation_run(&v);
            for (int i = 0; i < 2; i++) {
                const eval_result *r = &v.result[i];
                assert_string_equal(r->task, "lm");
                assert_string_equal(r->split, "val");
                assert_int_equal(r->context, spec.config.eval.context.item[i]);
                check_sums(r);
                if (n == 1 && !again) first[i] = r->nll_sum;
                assert_true(r->nll_sum == first[i]);
            }
        }
        evaluation_close(&v), train_step_close(&train);
    }
    assert_true(first[0] != first[1]);
}

/* A text shorter than a window is refused, and nothing is left open. */
static void test_short(void **state)
{
    (void)state;
    static run_spec spec;
    const corpus text = made_up(32);
    train_step train;
    evaluation v;
    error e;
    configure(&spec);
    assert_true(train_step_open(&train, &spec, 1, &e));
    const eval_input in = { &train.m, train.w, &spec.config, &text, train.pool };
    assert_false(evaluation_open(&v, &in, &e));
    assert_non_null(strstr(e.msg, "made up: only 31 held-out tokens"));
    assert_null(v.task);
    train_step_close(&train);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_run),
        cmocka_unit_test(test_mask),
        cmocka_unit_test(test_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
