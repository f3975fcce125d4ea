/* test_tasks_golden.c [GOLDEN.json] - scores against lm-evaluation-harness (tests/golden/tasks.py):
 * the log-likelihood of every option, answer and text, and what is right.
 *
 * The harness runs the same model by Transformers, in float32.
 */
#include "core/compute/kernels.h"
#include "tests/unit.h"
#include "trainer/decode/model_source.h"
#include "trainer/suites/task_result.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *numbers = GOLDEN "/tasks.json";

typedef struct fixture {
    model_source source;
    suite s;
    json_t *golden;
    threads *pool[2]; /* of 1 and of 3 threads */
    int seen;
    double worst; /* greatest difference between two log-likelihoods */
} fixture;

static int open_fixture(void **state)
{
    static fixture f;
    error e;
    json_error_t why;
    assert_true(kernels_init(&e));
    if (!model_source_open(&f.source, GOLDEN "/tasks", "none.db", NULL, &e)) fail_msg("%s", e.msg);
    if (!suite_open(&f.s, GOLDEN "/tasks/suite", &e)) fail_msg("%s", e.msg);
    f.golden = json_load_file(numbers, 0, &why);
    if (!f.golden) fail_msg("%s: %s", numbers, why.text);
    assert_true(threads_open(&f.pool[0], 1, &e) && threads_open(&f.pool[1], 3, &e));
    *state = &f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    printf("%d items; log-likelihoods differ by at most %.2g\n", f->seen, f->worst);
    threads_close(f->pool[0]), threads_close(f->pool[1]);
    json_decref(f->golden);
    suite_close(&f->s), model_source_close(&f->source);
    return 0;
}

static task_result evaluate(const fixture *f, const suite_task *t, int pool)
{
    const coded_for with = { &f->source.tokenizer, f->source.m.config.V, f->source.m.config.T };
    const suite_model by = { .m = &f->source.m,
                             .w = f->source.w,
                             .pieces = &f->source.tokenizer,
                             .pool = f->pool[pool],
                             .context = f->source.m.config.T };
    coded *list;
    task_result r;
    error e;
    bool stopped;
    if (!coded_open(&list, &f->s, t, &with, &e)) fail_msg("%s", e.msg);
    if (!task_result_make(&r, &stopped, t, list, &by, &e)) fail_msg("%s", e.msg);
    coded_close(list, t->all.n);
    return r;
}

/* The log-likelihoods of an item: of all options, or of the answer. */
static json_t *likelihoods(const task_score *x, bool choice)
{
    json_t *list = choice ? json_loads(x->detail, 0, NULL) : json_array();
    if (!choice) json_array_append_new(list, json_real(-x->nll));
    return list;
}

static void compare_item(fixture *f, const suite_task *t, const task_score *x, const json_t *right)
{
    const json_t *ll = json_object_get(right, "ll"), *acc = json_object_get(right, "acc");
    const json_t *bytes = json_object_get(right, "acc_bytes");
    json_t *own = likelihoods(x, strcmp(t->kind->name, "choice") == 0);
    assert_true(!ll || json_array_size(ll) == json_array_size(own));
    for (size_t i = 0; i < json_array_size(ll); i++) {
        const double there = json_real_value(json_array_get(ll, i));
        const double d = fabs(json_number_value(json_array_get(own, i)) - there);
        if (d > f->worst) f->worst = d;
        if (d > 5e-4) fail_msg("%s, %s: %g, not %g", t->name, t->all.item[x->item].id, d, there);
    }
    if ((acc && json_real_value(acc) != x->acc) || (bytes && json_real_value(bytes) != x->acc_norm))
        fail_msg("%s, item %s: right here, wrong there", t->name, t->all.item[x->item].id);
    json_decref(own);
    f->seen++;
}

static void test_harness(void **state)
{
    fixture *f = *state;
    for (int j = 0; j < f->s.tasks; j++) {
        const suite_task *t = &f->s.task[j];
        const json_t *there = json_object_get(json_object_get(f->golden, "tasks"), t->name);
        const json_t *found = json_object_get(there, "items");
        task_result r = evaluate(f, t, 0);
        assert_non_null(found);
        assert_int_equal(r.scored, t->all.n);
        assert_int_equal(
            json_object_size(found) + json_array_size(json_object_get(there, "merged")), t->all.n);
        for (int i = 0; i < r.scored; i++) {
            const json_t *right = json_object_get(found, t->all.item[r.score[i].item].id);
            if (right) compare_item(f, t, &r.score[i], right);
        }
        task_result_close(&r);
    }
    assert_in_range(f->seen, 250, 300);
}

/* Weighted as the harness weights: bits a byte over all texts. */
static void test_bits(void **state)
{
    fixture *f = *state;
    const suite_task *t = &f->s.task[f->s.tasks - 1];
    const json_t *task = json_object_get(json_object_get(f->golden, "tasks"), t->name);
    task_result r = evaluate(f, t, 0);
    assert_string_equal(t->metric, "bpb");
    assert_float_equal(
        task_result_mean(NULL, &r, "bpb"),
        json_real_value(json_object_get(json_object_get(task, "mean"), "bits_per_byte")), 1e-4);
    task_result_close(&r);
}

static void test_threads(void **state)
{
    fixture *f = *state;
    for (int j = 0; j < f->s.tasks; j++) {
        task_result a = evaluate(f, &f->s.task[j], 0), b = evaluate(f, &f->s.task[j], 1);
        assert_int_equal(a.scored, b.scored);
        for (int i = 0; i < a.scored; i++) {
            const task_score *x = &a.score[i], *y = &b.score[i];
            assert_memory_equal(&x->nll, &y->nll, sizeof x->nll);
            assert_int_equal(!x->detail, !y->detail);
            if (x->detail) assert_string_equal(x->detail, y->detail);
        }
        task_result_close(&a), task_result_close(&b);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_harness), cmocka_unit_test(test_bits),
                                        cmocka_unit_test(test_threads) };
    if (argc > 1) numbers = argv[1];
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
