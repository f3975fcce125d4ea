/* test_suite.c - suites: prompts, examples, windows, and the scores of items, against brute force
 * and closed forms.
 *
 * The model and its tokenizer are those of golden/tasks.
 */
#include "core/compute/kernels.h"
#include "tests/unit.h"
#include "trainer/decode/model_source.h"
#include "trainer/suites/layout.h"
#include "trainer/suites/task_result.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct fixture {
    model_source source;
    threads *pool;
    char folder[64];
} fixture;

static int open_fixture(void **state)
{
    static fixture f = { .folder = "/tmp/suite-XXXXXX" };
    error e;
    assert_true(kernels_init(&e));
    if (!model_source_open(&f.source, GOLDEN "/tasks", "none.db", NULL, &e)) fail_msg("%s", e.msg);
    assert_true(threads_open(&f.pool, 2, &e));
    assert_non_null(mkdtemp(f.folder));
    *state = &f;
    return 0;
}

static void put(const fixture *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    put(f, "suite.yaml", ""), put(f, "i.jsonl", "");
    char path[128];
    snprintf(path, sizeof path, "%s/suite.yaml", f->folder), unlink(path);
    snprintf(path, sizeof path, "%s/i.jsonl", f->folder), unlink(path);
    rmdir(f->folder);
    threads_close(f->pool);
    model_source_close(&f->source);
    return 0;
}

/* A suite of one task. */
static suite suite_of(const fixture *f, const char *head, const char *task, const char *lines)
{
    char text[512];
    suite s;
    error e;
    snprintf(text, sizeof text, "name: one\n%stasks:\n  t: {file: i.jsonl, %s}\n", head, task);
    put(f, "suite.yaml", text), put(f, "i.jsonl", lines);
    if (!suite_open(&s, f->folder, &e)) fail_msg("%s", e.msg);
    return s;
}

static coded *code(const fixture *f, const suite *s, int context)
{
    const coded_for with = { &f->source.tokenizer, f->source.m.config.V, context };
    coded *list;
    error e;
    if (!coded_open(&list, s, s->task, &with, &e)) fail_msg("%s", e.msg);
    return list;
}

static void fill(const fixture *f, coded *list, int n, int context)
{
    const suite_model with = { &f->source.m, f->source.w, &f->source.tokenizer, f->pool, context };
    bool stopped;
    error e;
    if (!likelihood_fill(&stopped, list, n, &with, &e)) fail_msg("%s", e.msg);
    assert_false(stopped);
}

/* --- prompts ---------------------------------------------------------------------------------- */

static void test_layout(void **state)
{
    json_t *fields = json_pack("{s:s, s:i, s:f, s:[i]}", "q", "why", "n", 7, "x", 0.5, "list", 1);
    char *text;
    error e;
    (void)state;
    assert_true(layout_fill(&text, "{{{q}}} {n} {x}\n}}", fields, &e));
    assert_string_equal(text, "{why} 7 0.5\n}");
    free(text);
    assert_false(layout_fill(&text, "{list}", fields, &e));
    assert_false(layout_fill(&text, "{p}", fields, &e));
    assert_non_null(strstr(e.msg, "no field \"p\""));
    static const char *const WRONG[] = { "{q", "q}", "{}", "{a{b}}" };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        assert_false(layout_check(WRONG[i], &e));
        assert_int_equal(e.status, STATUS_USAGE);
    }
    json_decref(fields);
}

/* Ten items with the answers a, b, ..., each of which appears nowhere else. */
static const char TEN[] =
    "{\"id\":0,\"prompt\":\"0:\",\"answer\":\"a\"}\n{\"id\":1,\"prompt\":\"1:\",\"answer\":\"b\"}\n"
    "{\"id\":2,\"prompt\":\"2:\",\"answer\":\"c\"}\n{\"id\":3,\"prompt\":\"3:\",\"answer\":\"d\"}\n"
    "{\"id\":4,\"prompt\":\"4:\",\"answer\":\"e\"}\n{\"id\":5,\"prompt\":\"5:\",\"answer\":\"f\"}\n"
    "{\"id\":6,\"prompt\":\"6:\",\"answer\":\"g\"}\n{\"id\":7,\"prompt\":\"7:\",\"answer\":\"h\"}\n"
    "{\"id\":8,\"prompt\":\"8:\",\"answer\":\"i\"}\n{\"id\":9,\"prompt\":\"9:\",\"answer\":\"j\"}"
    "\n";

/* Examples are different other items; another seed draws others; of k = all, all are there. */
static void test_shots(void **state)
{
    const fixture *f = *state;
    suite s = suite_of(f, "", "kind: cloze, shots: 3, separator: ' '", TEN);
    suite again = suite_of(f, "seed: 2\n", "kind: cloze, shots: 3, separator: ' '", TEN);
    int differ = 0, used[10] = { 0 };
    assert_string_not_equal(s.sha256, again.sha256);
    for (int i = 0; i < 10; i++) {
        char *text = coded_context(&s, s.task, i), *other = coded_context(&again, again.task, i);
        int32_t seen[3];
        char tail;
        assert_int_equal(
            sscanf(text, "%d:%*c %d:%*c %d:%*c %*d%c", &seen[0], &seen[1], &seen[2], &tail), 4);
        for (int k = 0; k < 3; k++) {
            assert_int_not_equal(seen[k], i);
            assert_int_not_equal(seen[k], seen[(k + 1) % 3]);
            used[seen[k]]++;
        }
        differ += strcmp(text, other) != 0;
        free(text), free(other);
    }
    assert_in_range(differ, 5, 10);
    for (int i = 0; i < 10; i++) assert_in_range(used[i], 0, 9);
    suite_close(&s), suite_close(&again);
    s = suite_of(f, "", "kind: cloze, shots: 9, separator: ' '", TEN);
    char *text = coded_context(&s, s.task, 4);
    for (char c = 'a'; c <= 'j'; c++) assert_int_equal(strchr(text, c) != NULL, c != 'e');
    free(text);
    suite_close(&s);
}

/* --- sequences -------------------------------------------------------------------------------- */

/* Every token of a text is scored once; a window reads at most the context, and all but the first
 * look back as far as they can. */
static void test_windows(void **state)
{
    const fixture *f = *state;
    char line[600] = "{\"id\":1,\"text\":\"";
    for (int i = 0; i < 60; i++) strcat(line, "ber x ");
    strcat(line, "\"}\n");
    suite s = suite_of(f, "", "kind: lm", line);
    coded *whole = code(f, &s, 100000);
    assert_int_equal(whole->sequences, 1);
    const coded_sequence *all = whole->sequence;
    for (int C = 1; C < all->n + 2; C++) {
        coded *list = code(f, &s, C);
        int next = 1;
        for (int k = 0; k < list->sequences; k++) {
            const coded_sequence *q = &list->sequence[k];
            assert_true(q->n - 1 <= C && (k == 0 || q->n - 1 == C));
            assert_int_equal(q->span->to, q->n);
            for (int t = q->span->from; t < q->n; t++)
                assert_int_equal(q->token[t], all->token[next++]);
        }
        assert_int_equal(next, all->n);
        coded_close(list, 1);
    }
    coded_close(whole, 1);
    suite_close(&s);
}

/* An item that is too long: cut on the left, with its answer whole; left out; refused. */
static void test_long(void **state)
{
    const fixture *f = *state;
    static const char ITEM[] = "{\"id\":1,\"prompt\":\"ber x ber x ber x ber\",\"options\":[\" "
                               "a\",\" bb\"],\"answer\":0}\n";
    suite s = suite_of(f, "on_long: truncate\n", "kind: choice", ITEM);
    coded *whole = code(f, &s, 1000), *cut = code(f, &s, 9);
    assert_true(cut->truncated && !whole->truncated);
    assert_int_equal(cut->length, whole->length);
    for (int k = 0; k < 2; k++) {
        const coded_sequence *a = &whole->sequence[k], *b = &cut->sequence[k];
        assert_int_equal(b->n, 10);
        assert_memory_equal(b->token, a->token + a->n - 10, 10 * sizeof *b->token);
        assert_int_equal(b->span->to - b->span->from, a->span->to - a->span->from);
    }
    coded_close(whole, 1), coded_close(cut, 1), suite_close(&s);
    s = suite_of(f, "on_long: skip\n", "kind: choice", ITEM);
    cut = code(f, &s, 9);
    assert_int_equal(cut->sequences, 0);
    coded_close(cut, 1), suite_close(&s);
    s = suite_of(f, "", "kind: choice", ITEM);
    const coded_for with = { &f->source.tokenizer, f->source.m.config.V, 9 };
    error e;
    assert_false(coded_open(&cut, &s, s.task, &with, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.msg, "i.jsonl:1: item 1 has"));
    coded_close(cut, 1), suite_close(&s);
}

/* --- likelihoods ------------------------------------------------------------------------------ */

/* One sequence by itself, without padding. */
static double alone(const fixture *f, const coded_sequence *s, const coded_span *span)
{
    const int n = s->n - 1;
    pass p;
    error e;
    int32_t *target = error_zeroed((size_t)n, sizeof *target);
    float *nll = error_zeroed((size_t)n, sizeof *nll);
    uint8_t *right = error_zeroed((size_t)n, sizeof *right);
    for (int t = 0; t < n; t++)
        target[t] = t + 1 >= span->from && t + 1 < span->to ? s->token[t + 1] : -1;
    assert_true(pass_open(&p, &f->source.m, PASS_EVAL, 1, n, n, f->source.w, NULL, &e));
    pass_forward(&p, s->token, 1);
    const double sum = pass_loss(&p, nll, right, target, 1);
    pass_close(&p);
    free(target), free(nll), free(right);
    return sum;
}

/* Batches, padding, and options whose input begins another's change nothing. */
static void test_likelihood(void **state)
{
    const fixture *f = *state;
    enum { ITEMS = 150, V = 290 };
    static char text[60000];
    size_t n = 0;
    for (int i = 0; i < ITEMS; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "{\"id\":%d,\"prompt_tokens\":[1", i);
        for (int k = 0; k < i % 45; k++)
            n += (size_t)snprintf(text + n, sizeof text - n, ",%d", (i * 7 + k * 11) % V);
        const int a = i % V, b = i * 3 % V;
        n +=
            (size_t)snprintf(text + n, sizeof text - n,
                             "],\"option_tokens\":[[%d],[%d,%d],[%d,%d],[%d,%d,5]],\"answer\":0}\n",
                             a, a, b, b, a, a, b);
    }
    suite s = suite_of(f, "", "kind: choice", text);
    coded *list = code(f, &s, 64);
    fill(f, list, ITEMS, 64);
    for (int i = 0; i < ITEMS; i++)
        for (int k = 0; k < 4; k++) {
            const coded_sequence *q = &list[i].sequence[k];
            assert_true(fabs(q->span->nll - alone(f, q, q->span)) < 1e-4);
        }
    coded_close(list, ITEMS), suite_close(&s);
}

/* Answers inside an item, given by a generator: each is scored, and an item's accuracy is the part
 * that is right. */
static void test_spans(void **state)
{
    const fixture *f = *state;
    suite s;
    error e;
    put(f, "suite.yaml",
        "name: made\ntasks:\n  t: {kind: cloze, generate: 'mqar:pairs=4:length=32:vocab=64', "
        "items: 9}\n");
    if (!suite_open(&s, f->folder, &e)) fail_msg("%s", e.msg);
    coded *list = code(f, &s, 64);
    fill(f, list, 9, 64);
    for (int i = 0; i < 9; i++) {
        const coded_sequence *q = list[i].sequence;
        int right = 0;
        double sum = 0;
        task_score x;
        assert_int_equal(q->spans, 4);
        for (int j = 0; j < 4; j++) {
            assert_true(fabs(q->span[j].nll - alone(f, q, &q->span[j])) < 1e-4);
            right += q->span[j].greedy, sum += q->span[j].nll;
        }
        s.task->kind->score(&x, &s.task->all.item[i], &list[i]);
        assert_true(x.acc == right / 4.0 && fabs(x.nll - sum) < 1e-9 && x.tokens == 4);
    }
    coded_close(list, 9), suite_close(&s);
}

/* --- scores ----------------------------------------------------------------------------------- */

static void test_choice(void **state)
{
    coded_span span[3] = { { .to = 1, .nll = 2 }, { .to = 3, .nll = 2.5 }, { .to = 1, .nll = 4 } };
    coded_sequence q[3] = { { .spans = 1, .span = &span[0], .bytes = 2 },
                            { .spans = 1, .span = &span[1], .bytes = 5 },
                            { .spans = 1, .span = &span[2], .bytes = 2 } };
    const coded c = { .sequences = 3, .sequence = q };
    const item it = { .options = 3, .answer = 1 };
    const double sum = exp(-2) + exp(-2.5) + exp(-4);
    task_score x;
    (void)state;
    task_kind_find("choice")->score(&x, &it, &c);
    assert_true(x.acc == 0 && x.acc_norm == 1 && x.nll == 2.5 && x.tokens == 3 && x.bytes == 5);
    assert_true(fabs(x.margin - (exp(-2.5) - exp(-2)) / sum) < 1e-12);
    assert_string_equal(x.detail, "[-2,-2.5,-4]");
    free(x.detail);
    span[0].nll = 2.5; /* of equal ones the first */
    task_kind_find("choice")->score(&x, &it, &c);
    assert_true(x.acc == 0 && fabs(x.margin) < 1e-12);
    free(x.detail);
}

/* Means, and the standard error of a mean: sd / sqrt(n). */
static void test_mean(void **state)
{
    task_score x[4] = { { .acc = 1, .nll = 2, .tokens = 1, .bytes = 4 },
                        { .acc = 0, .nll = 6, .tokens = 3, .bytes = 8 },
                        { .acc = 1, .nll = 1, .tokens = 1, .bytes = 2 },
                        { .acc = 1, .nll = 3, .tokens = 1, .bytes = 2 } };
    const task_result r = { .scored = 4, .score = x };
    double se;
    (void)state;
    assert_true(task_result_mean(&se, &r, "acc") == 0.75);
    assert_true(fabs(se - sqrt(0.25 / 4)) < 1e-12); /* variance 0.25 with n - 1 */
    assert_true(task_result_mean(NULL, &r, "nll") == 2);
    assert_true(fabs(task_result_mean(NULL, &r, "bpb") - 12 / (16 * log(2))) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layout),     cmocka_unit_test(test_shots),
        cmocka_unit_test(test_windows),    cmocka_unit_test(test_long),
        cmocka_unit_test(test_likelihood), cmocka_unit_test(test_spans),
        cmocka_unit_test(test_choice),     cmocka_unit_test(test_mean),
    };
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
