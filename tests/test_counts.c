/* test_counts.c - Fisher's exact test against SciPy's, and other exact tests against all outcomes.
 */
#include "analysis/statistics/counts.h"
#include "tests/golden.h"

#include <stdlib.h>

static void as_scipy(void **state)
{
    (void)state;
    json_t *g = golden_open("divergence");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(g, "fisher"), i, row)
    {
        int x[4];
        for (size_t k = 0; k < 4; k++) x[k] = (int)golden_item(row, "case", k);
        golden_close(counts_fisher_p(x[0], x[1], x[2], x[3]), golden_number(row, "p"), 1e-9, "p");
        golden_close(counts_fisher_p(x[2], x[3], x[0], x[1]), golden_number(row, "p"), 1e-9,
                     "turned");
    }
    assert_true(i > 0);
    json_decref(g);
}

static void nothing_seen(void **state)
{
    (void)state;
    assert_true(counts_fisher_p(0, 0, 3, 3) == 1);
    assert_true(counts_fisher_p(0, 5, 0, 5) == 1);
}

/* Brute force over all flips. */
static double all_flips(const int *d, int n)
{
    int sum = 0, as_far = 0;
    for (int i = 0; i < n; i++) sum += d[i];
    for (int flip = 0; flip < 1 << n; flip++) {
        int other = 0;
        for (int i = 0; i < n; i++) other += flip >> i & 1 ? -d[i] : d[i];
        as_far += abs(other) >= abs(sum);
    }
    return (double)as_far / (1 << n);
}

static void flips(void **state)
{
    (void)state;
    static const int D[][7] = { { 1, 1, 1, 1, 1, 1, 1 }, { 3, -1, 0, 2, 5, -2, 1 }, { 0 } };
    for (size_t i = 0; i < sizeof D / sizeof *D; i++)
        golden_close(counts_flip_p(D[i], 7), all_flips(D[i], 7), 1e-9, "flips");
    golden_close(counts_flip_p(D[0], 7), 2 / 128.0, 1e-9, "flips");
    golden_close(counts_flip_p((const int[]){ 6, 0, 0 }, 3), 1, 1e-9, "a burst in one run");
    golden_close(counts_flip_p((const int[]){ 1, 3, 2 }, 3), 2 / 8.0, 1e-9, "in every run");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_scipy), cmocka_unit_test(nothing_seen),
                                        cmocka_unit_test(flips) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
