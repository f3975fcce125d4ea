/* test_median.c - medians, and intervals whose coverage is counted by brute force over all signs.
 */
#include "analysis/statistics/median.h"

#include "tests/unit.h"

#include <math.h>

enum { MOST = 14 };

/* The chance that x_(k) to x_(n+1-k) holds the median: of all 2^n ways to lie below or above it,
 * those with at least k below and at least k above. */
static double coverage(int k, int n)
{
    int inside = 0;
    for (unsigned sides = 0; sides < 1u << n; sides++) {
        const int below = __builtin_popcount(sides);
        inside += below >= k && n - below >= k;
    }
    return (double)inside / (1u << n);
}

static void test_intervals(void **state)
{
    double x[MOST];
    (void)state;
    for (int n = 1; n <= MOST; n++) {
        for (int i = 0; i < n; i++) x[i] = (i * 5 + 3) % n; /* out of order, with ties if 5 | n */
        if (n % 5 == 0)
            for (int i = 0; i < n; i++) x[i] = n - 1 - i;
        const median m = median_of(x, n, 0.05);
        assert_true(m.x == 0.5 * ((n - 1) / 2 + n / 2));
        const int k = (int)m.low + 1; /* the numbers are 0 to n - 1 */
        assert_true(m.high == n - k);
        if (n > 1) assert_true(fabs(m.coverage - coverage(k, n)) < 1e-12);
        if (n >= 6) {
            assert_true(m.coverage >= 0.95);
            assert_true(2 * (k + 1) > n || coverage(k + 1, n) < 0.95);
        } else
            assert_int_equal(k, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_intervals) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
