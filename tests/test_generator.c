/* test_generator.c - every generator keeps its promises: items are functions of what they are named
 * by, their answers follow from what stands before, and what is drawn has the stated distribution.
 */
#include "trainer/tasks/generator.h"

#include "core/base/utf8.h"
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static generator read(const char *spec)
{
    generator g;
    error e;
    if (!generator_read(&g, spec, &e)) fail_msg("%s", e.msg);
    return g;
}

static bool same(const generator_item *a, const generator_item *b)
{
    if (a->n != b->n || a->answers != b->answers) return false;
    for (int i = 0; i < a->answers; i++) {
        const generator_answer *x = &a->answer[i], *y = &b->answer[i];
        if (x->from != y->from || x->to != y->to || x->evidence != y->evidence ||
            x->depth != y->depth)
            return false;
    }
    return a->text ? strcmp(a->text, b->text) == 0
                   : memcmp(a->token, b->token, (size_t)a->n * sizeof *a->token) == 0;
}

/* What holds of every item: answers repeat their evidence, in order; ids are in range. */
static void check_item(const generator *g, const generator_item *item)
{
    int end = 1;
    assert_true(item->answers >= 1);
    for (int i = 0; i < item->answers; i++) {
        const generator_answer *a = &item->answer[i];
        const bool scattered = strcmp(g->kind->name, "selective-copy") == 0;
        assert_true(a->from >= end && a->to > a->from && a->to <= item->n);
        assert_true(a->evidence >= 0 && a->evidence < a->from && a->depth >= 0 && a->depth <= 1);
        for (int k = 0; k < (scattered ? 1 : a->to - a->from); k++)
            if (item->text)
                assert_int_equal(item->text[a->from + k], item->text[a->evidence + k]);
            else
                assert_int_equal(item->token[a->from + k], item->token[a->evidence + k]);
        end = a->to;
    }
    if (item->text) {
        assert_true(utf8_is(item->text));
        assert_int_equal(strlen(item->text), item->n);
        return;
    }
    assert_int_equal(item->n, generator_length(g));
    assert_int_equal(item->token[0], GENERATOR_BOS);
    for (int i = 1; i < item->n; i++)
        assert_true(item->token[i] >= 0 && item->token[i] < generator_vocab(g) &&
                    item->token[i] != GENERATOR_BOS);
}

static void check_generator(const generator *g)
{
    for (int64_t i = 0; i < 50; i++) {
        generator_item item, again;
        generator_make(&item, g, 1, PART_TO_TRAIN, i);
        generator_make(&again, g, 1, PART_TO_TRAIN, i);
        check_item(g, &item);
        assert_true(same(&item, &again));
        generator_item_close(&item), generator_item_close(&again);
    }
}

/* With the defaults, and with every option at its least value that goes with the others. */
static void test_all(void **state)
{
    (void)state;
    for (const task_generator *const *k = task_generators; *k; k++) {
        char spec[GENERATOR_SPEC], again[GENERATOR_SPEC];
        generator g = read((*k)->name);
        check_generator(&g);
        generator_describe(spec, &g);
        const generator whole = read(spec);
        generator_describe(again, &whole);
        assert_string_equal(spec, again);
        for (int i = 0; (*k)->options[i].name; i++) {
            error e;
            generator least = g;
            least.opt[i] = (*k)->options[i].min;
            if (!(*k)->check || (*k)->check(least.opt, &e)) check_generator(&least);
        }
        assert_true(*(*k)->help && *(*k)->shape);
        assert_true(!(*k)->length == !(*k)->vocab);
    }
}

/* Another seed, part or index is another item. */
static void test_apart(void **state)
{
    (void)state;
    for (const task_generator *const *k = task_generators; *k; k++) {
        const generator g = read((*k)->name);
        generator_item item[4];
        generator_make(&item[0], &g, 1, PART_TO_TRAIN, 5);
        generator_make(&item[1], &g, 2, PART_TO_TRAIN, 5);
        generator_make(&item[2], &g, 1, PART_HELD_OUT, 5);
        generator_make(&item[3], &g, 1, PART_TO_TRAIN, 10); /* of the same depth */
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < i; j++) assert_false(same(&item[i], &item[j]));
        for (int i = 0; i < 4; i++) generator_item_close(&item[i]);
    }
}

/* Pairs first; then each key once with its value behind it; fillers elsewhere. */
static void test_mqar(void **state)
{
    (void)state;
    enum { N = 6, T = 41, V = 40 };
    const generator g = read("mqar:pairs=6:length=41:vocab=40");
    for (int64_t index = 0; index < 200; index++) {
        generator_item item;
        int value_of[V] = { 0 }, asked[V] = { 0 }, taken[V] = { 0 }, questions = 0;
        generator_make(&item, &g, 3, PART_HELD_OUT, index);
        for (int i = 0; i < N; i++) {
            const int key = item.token[1 + 2 * i], value = item.token[2 + 2 * i];
            assert_true(key >= 2 && key < V / 2 && value >= V / 2 && !value_of[key]++);
            assert_false(taken[value]++);
            value_of[key] = value;
        }
        for (int at = 1 + 2 * N; at + 1 < T; at += 2) {
            const int key = item.token[at];
            if (!key) {
                assert_int_equal(item.token[at + 1], 0);
                continue;
            }
            assert_false(asked[key]++);
            assert_int_equal(item.token[at + 1], value_of[key]);
            assert_int_equal(item.answer[questions].from, at + 1);
            assert_int_equal(item.answer[questions++].to, at + 2);
        }
        assert_int_equal(questions, N);
        assert_int_equal(item.answers, N);
        generator_item_close(&item);
    }
}

/* How often one question is in each of 10 slots is x^(power - 1), made to sum to 1. */
static void check_places(const char *spec, double power)
{
    enum { SLOTS = 10, ITEMS = 20000 };
    const generator g = read(spec);
    double found[SLOTS] = { 0 }, sum = 0, chi = 0;
    for (int i = 1; i <= SLOTS; i++) sum += pow(i, power - 1);
    for (int64_t i = 0; i < ITEMS; i++) {
        generator_item item;
        generator_make(&item, &g, 1, PART_TO_TRAIN, i);
        found[(item.answer[0].from - 4) / 2]++;
        generator_item_close(&item);
    }
    for (int i = 0; i < SLOTS; i++) {
        const double wanted = ITEMS * pow(i + 1, power - 1) / sum;
        chi += (found[i] - wanted) * (found[i] - wanted) / wanted;
    }
    assert_true(chi < 27.88); /* chi-square with 9 degrees of freedom, p = 0.001 */
}

static void test_places(void **state)
{
    (void)state;
    check_places("mqar:pairs=1:length=23:vocab=32", 0.01);
    check_places("mqar:pairs=1:length=23:vocab=32:power=1", 1);
    check_places("mqar:pairs=1:length=23:vocab=32:power=2", 2);
}

/* Samples without replacement: all 24 orders of 4 are as frequent. */
static void test_orders(void **state)
{
    (void)state;
    enum { ITEMS = 24000 };
    double found[256] = { 0 }, chi = 0;
    int orders = 0;
    for (uint64_t row = 0; row < ITEMS; row++) {
        draws d = { .stream = rng_stream(1, 0, "orders"), .row = row };
        int32_t out[4];
        draws_sample(out, &d, 0, 4, 4);
        found[out[0] + 4 * out[1] + 16 * out[2] + 64 * out[3]]++;
    }
    for (int i = 0; i < 256; i++)
        if (found[i] > 0) orders++, chi += pow(found[i] - ITEMS / 24, 2) / (ITEMS / 24);
    assert_int_equal(orders, 24);
    assert_true(chi < 49.73); /* 23 degrees of freedom, p = 0.001 */
}

/* The n-gram that is asked for occurs once in the string. */
static void test_ngram(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        const generator g = read(first ? "ngram:string=30:n=2:answer=3:vocab=9:first=1"
                                       : "ngram:string=30:n=2:answer=3:vocab=9");
        for (int64_t index = 0; index < 200; index++) {
            generator_item item;
            generator_make(&item, &g, 1, PART_TO_TRAIN, index);
            const int32_t *x = item.token + (first ? 4 : 1), *q = first ? item.token + 1 : x + 31;
            int found = 0;
            for (int i = 0; i + 2 <= 30; i++)
                if (x[i] == q[0] && x[i + 1] == q[1])
                    found++, assert_memory_equal(x + i + 2, item.token + item.n - 3, 12);
            assert_int_equal(found, 1);
            generator_item_close(&item);
        }
    }
}

/* The symbols among the fillers are the answer, in their order. */
static void test_selective_copy(void **state)
{
    (void)state;
    const generator g = read("selective-copy:symbols=5:length=30:vocab=8");
    for (int64_t index = 0; index < 200; index++) {
        generator_item item;
        int at, wanted = 25;
        generator_make(&item, &g, 1, PART_TO_TRAIN, index);
        for (at = 1; item.token[at] != GENERATOR_MARK; at++)
            if (item.token[at]) assert_int_equal(item.token[at], item.token[wanted++]);
        assert_int_equal(at, 24);
        assert_int_equal(wanted, 30);
        generator_item_close(&item);
    }
}

/* The number stands once where its depth says, and again at the end. */
static void test_passkey(void **state)
{
    (void)state;
    const generator g = read("passkey:filler=4:depths=5");
    for (int64_t index = 0; index < 20; index++) {
        generator_item item;
        generator_make(&item, &g, 1, PART_TO_TRAIN, index);
        int before = 0;
        const char *number = item.text + item.answer[0].from;
        assert_int_equal(strlen(number), 5);
        for (const char *at = item.text; (at = strstr(at, "The sea")); at++)
            before += at < item.text + item.answer[0].evidence;
        assert_int_equal(before, index % 5);
        assert_true(item.answer[0].depth == (double)(index % 5) / 4);
        assert_ptr_equal(strstr(item.text, number), item.text + item.answer[0].evidence);
        generator_item_close(&item);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const WRONG[][2] = {
        { "mqr", "no generator 'mqr': there are mqar, copy," },
        { "", "no generator ''" },
        { "mqar:pair=3", "mqar: no option 'pair': it has pairs, length, vocab, power" },
        { "mqar:pairs", "mqar: 'pairs' is not OPTION=VALUE" },
        { "mqar:pairs=4:pairs=5", "mqar: pairs is given twice" },
        { "mqar:pairs=0", "mqar: pairs='0' is not a whole number from 1 to 65536" },
        { "mqar:pairs=four", "pairs='four'" },
        { "mqar:pairs=1.5", "pairs='1.5'" },
        { "mqar:power=nan", "power='nan' is not a number from 0 to 100" },
        { "mqar:pairs=99999999999999999999", "pairs='99999999999999999999'" },
        { "mqar:pairs=40", "mqar: pairs=40 needs a length of at least 161; it is 128" },
        { "mqar:pairs=8:vocab=16", "mqar: vocab=16 has 6 keys, too few for pairs=8" },
        { "ngram:string=100:n=1", "there are only 26^1" },
        { "ngram:string=2:n=2", "string=2 is too short" },
        { "selective-copy:symbols=200", "needs a length of at least 402; it is 256" },
        { "phonebook:queries=17", "queries=17 are more than entries=16" },
        { "copy:", "copy: '' is not OPTION=VALUE" },
    };
    for (size_t i = 0; i < sizeof WRONG / sizeof *WRONG; i++) {
        generator g;
        error e = { 0 };
        assert_false(generator_read(&g, WRONG[i][0], &e));
        if (!strstr(e.msg, WRONG[i][1]) || e.status != STATUS_USAGE) fail_msg("%s", e.msg);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_mqar),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_orders),
        cmocka_unit_test(test_ngram),
        cmocka_unit_test(test_selective_copy),
        cmocka_unit_test(test_passkey),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
