/* test_likeness.c - the divergence of two texts and its value by chance, against Python's numbers
 * (its integers and binomials are exact), against simulation, and in the limits. */
#include "tests/prose.h"
#include "tests/unit.h"
#include "trainer/corpus/likeness.h"

#include <math.h>

static void test_numbers(void **state)
{
    (void)state;
    const int64_t train[5] = { 50, 30, 20, 0, 900 }, val[5] = { 10, 0, 5, 5, 80 };
    likeness l;
    likeness_measure(&l, train, val, 5);
    assert_true(fabs(l.bits - 0.053041428132333264) < 1e-12);
    assert_true(fabs(l.expected - 0.011192457705569245) < 1e-10);
    assert_int_equal(l.n, 5);
    double sum = 0;
    for (int i = 0; i < 5; i++) {
        sum += l.worst[i].bits;
        if (i) assert_true(l.worst[i].bits <= l.worst[i - 1].bits);
    }
    assert_true(fabs(sum - l.bits) < 1e-12);
    assert_int_equal(l.worst[0].token, 3);
    assert_true(l.worst[0].train == 0 && l.worst[0].val == 0.05);
}

static void test_limits(void **state)
{
    (void)state;
    const int64_t a[6] = { 10, 20, 30, 0, 0, 0 }, b[6] = { 0, 0, 0, 5, 5, 90 };
    const int64_t c[6] = { 1, 2, 3, 0, 0, 0 }, none[6] = { 0 };
    likeness l;
    likeness_measure(&l, a, b, 6);
    assert_true(fabs(l.bits - 1) < 1e-12); /* nothing in common: one bit */
    assert_true(likeness_is_far(&l));
    likeness_measure(&l, a, c, 6);
    assert_true(fabs(l.bits) < 1e-12); /* the same shares */
    likeness_measure(&l, a, none, 6);
    assert_true(l.bits == 0 && l.n == 0);
}

/* Tokens dealt at random have the expected divergence on average, rare pieces and frequent ones. */
static void test_chance(void **state)
{
    (void)state;
    enum { V = 400, N = 20000, TIMES = 60 };
    static int64_t train[V], val[V];
    static int token[N];
    uint64_t seed = 3;
    double sum = 0, expected = 0;
    for (int i = 0; i < N; i++) { /* Zipf's law, roughly: a few above 2,000, many below 10 */
        const double u = (prose_random(&seed) % 100000 + 1) / 100000.0;
        token[i] = (int)(V * pow(u, 6)) % V;
    }
    for (int t = 0; t < TIMES; t++) {
        for (int i = 0; i < V; i++) train[i] = val[i] = 0;
        for (int i = 0; i < N; i++) ++(prose_random(&seed) % 10 == 0 ? val : train)[token[i]];
        likeness l;
        likeness_measure(&l, train, val, V);
        sum += l.bits, expected += l.expected;
    }
    if (fabs(sum / expected - 1) > 0.05) fail_msg("%g, expected %g", sum / TIMES, expected / TIMES);
}

/* A space that is typeset twice as often is strange; the names of another novel are not. */
static void test_strange(void **state)
{
    (void)state;
    likeness l;
    likeness_measure(&l, (const int64_t[]){ 32, 9968 }, (const int64_t[]){ 160, 9840 }, 2);
    assert_true(l.worst[0].token == 0 && likeness_is_strange(&l.worst[0]));
    likeness_measure(&l, (const int64_t[]){ 41, 9959 }, (const int64_t[]){ 0, 10000 }, 2);
    assert_true(likeness_is_strange(&l.worst[0]));
    likeness_measure(&l, (const int64_t[]){ 39, 9961 }, (const int64_t[]){ 0, 10000 }, 2);
    assert_false(likeness_is_strange(&l.worst[0]));
    likeness_measure(&l, (const int64_t[]){ 7, 9993 }, (const int64_t[]){ 41, 9959 }, 2);
    assert_false(likeness_is_strange(&l.worst[0]) || likeness_is_far(&l));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_chance),
        cmocka_unit_test(test_strange),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
