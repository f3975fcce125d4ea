/* test_sampler.c - draws against their probabilities: frequencies within five standard errors of
 * those of a softmax that is cut by brute force.
 */
#include "trainer/decode/sampler.h"

#include "tests/unit.h"

#include <math.h>
#include <string.h>

enum { V = 6, DRAWS = 20000 };

static const float LOGITS[V] = { 0.5f, 2.0f, -1.0f, 2.0f, 0.0f, 1.0f };

/* p (V) by the definition: sort by repeated search, cut, renormalize. */
static void oracle(double *p, double temperature, int top_k, double top_p)
{
    double all = 0, q[V], kept = 0, sum = 0;
    for (int v = 0; v < V; v++) all += q[v] = exp(LOGITS[v] / temperature);
    for (int v = 0; v < V; v++) p[v] = 0;
    int order[V], n = 0;
    for (; n < V; n++) {
        order[n] = -1;
        for (int v = 0; v < V; v++) {
            int used = 0;
            for (int j = 0; j < n; j++) used |= order[j] == v;
            if (!used && (order[n] < 0 || q[v] > q[order[n]])) order[n] = v;
        }
    }
    const int most = top_k > 0 && top_k < V ? top_k : V;
    all = 0;
    for (int i = 0; i < most; i++) all += q[order[i]];
    for (int i = 0; i < most && kept < top_p * all; i++) kept += p[order[i]] = q[order[i]];
    for (int v = 0; v < V; v++) sum += p[v];
    for (int v = 0; v < V; v++) p[v] /= sum;
}

static void check(double temperature, int top_k, double top_p)
{
    double want[V];
    int got[V] = { 0 };
    sampler s;
    error e;
    assert_true(sampler_open(&s, temperature, top_k, top_p, 11, V, &e));
    for (int i = 0; i < DRAWS; i++) {
        int32_t token;
        assert_true(sampler_draw(&token, &s, LOGITS, 3, (uint64_t)i, &e));
        got[token]++;
    }
    sampler_close(&s);
    oracle(want, temperature, top_k, top_p);
    for (int v = 0; v < V; v++) {
        const double sd = sqrt(want[v] * (1 - want[v]) / DRAWS);
        if (fabs((double)got[v] / DRAWS - want[v]) > 5 * sd)
            fail_msg("temperature %g, top-k %d, top-p %g: token %d has %g, not %g", temperature,
                     top_k, top_p, v, (double)got[v] / DRAWS, want[v]);
    }
}

static void test_frequencies(void **state)
{
    (void)state;
    check(1, 0, 1);
    check(0.5, 0, 1);
    check(3, 0, 1);
    check(1, 1, 1);
    check(1, 3, 1);
    check(1, 0, 0.3);
    check(1, 0, 0.75);
    check(1, 0, 0.999);
    check(2, 4, 0.6);
    check(1, 100, 1);
}

static void test_greedy(void **state)
{
    sampler s;
    error e;
    int32_t token;
    (void)state;
    assert_true(sampler_open(&s, 0, 0, 1, 1, V, &e));
    assert_true(sampler_draw(&token, &s, LOGITS, 0, 0, &e));
    assert_int_equal(token, 1); /* the first of two that are equal */
    sampler_close(&s);
}

/* Seed, sequence and number each give draws of their own, and nothing else does. */
static void test_streams(void **state)
{
    int32_t draw[4][64];
    error e;
    (void)state;
    for (int k = 0; k < 4; k++) {
        sampler s;
        assert_true(sampler_open(&s, 1, 0, 1, k == 1 ? 2 : 1, V, &e));
        for (uint64_t i = 0; i < 64; i++)
            assert_true(sampler_draw(&draw[k][i], &s, LOGITS, k == 2, i, &e));
        sampler_close(&s);
    }
    assert_memory_not_equal(draw[0], draw[1], sizeof draw[0]);
    assert_memory_not_equal(draw[0], draw[2], sizeof draw[0]);
    assert_memory_equal(draw[0], draw[3], sizeof draw[0]);
}

static void test_not_finite(void **state)
{
    static const float ODD[][2] = {
        { NAN, 1 }, { 1, NAN }, { INFINITY, 0 }, { -INFINITY, -INFINITY }
    };
    sampler s;
    error e;
    int32_t token;
    (void)state;
    for (int greedy = 0; greedy < 2; greedy++) {
        assert_true(sampler_open(&s, greedy ? 0 : 1, 0, 1, 1, 2, &e));
        for (size_t i = 0; i < sizeof ODD / sizeof *ODD; i++)
            assert_false(sampler_draw(&token, &s, ODD[i], 0, 0, &e));
        assert_true(sampler_draw(&token, &s, (const float[]){ -INFINITY, 0 }, 0, 0, &e));
        assert_int_equal(token, 1);
        sampler_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frequencies),
        cmocka_unit_test(test_greedy),
        cmocka_unit_test(test_streams),
        cmocka_unit_test(test_not_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
