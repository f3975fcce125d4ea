/* test_gates.c - gates of every backend against the equations in float64: sigmoid gate, softplus,
 * log-sigmoid and product.
 *
 * Outputs start as NaN.  Gradients are compared with differences of the oracle, so that no
 * derivative is taken on trust.
 */
#include "core/compute/kernels.h"
#include "tests/floats.h"

static const size_t SIZES[] = { 0, 1, 7, 15, 16, 17, 64, 131 };
enum { SIZE_COUNT = sizeof SIZES / sizeof *SIZES };

static double sigmoid(double g)
{
    return 1 / (1 + exp(-g));
}

/* --- sigmoid gate --------------------------------------------------------------------------- */

static void check_gate(const backend *p, size_t N, int width, float scale, bool in_place)
{
    const size_t n = N * (size_t)width;
    float *x = random_floats(n, 2), *g = random_floats(N, scale), *dy = random_floats(n, 1);
    float *y = in_place ? copy(x, n) : random_floats(n, NAN), *dg = random_floats(N, NAN);
    float *dx = in_place ? copy(dy, n) : random_floats(n, NAN);
    p->sigmoid_gate(y, in_place ? y : x, g, N, width);
    p->sigmoid_gate_backward(dx, dg, in_place ? dx : dy, x, g, N, width);
    for (size_t i = 0; i < N; i++) {
        const double h = 1e-4, s = sigmoid(g[i]);
        const double slope = (sigmoid(g[i] + h) - sigmoid(g[i] - h)) / (2 * h);
        double want = 0;
        for (size_t j = i * (size_t)width; j < (i + 1) * (size_t)width; j++) {
            expect_near(p, "y", j, y[j], x[j] * s, 1e-6);
            expect_near(p, "dx", j, dx[j], dy[j] * s, 1e-6);
            want += (double)dy[j] * x[j] * slope;
        }
        expect_near(p, "dg", i, dg[i], want, 2e-6);
    }
    free(x), free(g), free(dy), free(y), free(dg), free(dx);
}

static void check_gates(const backend *p)
{
    static const int WIDTHS[] = { 1, 2, 8, 16, 19, 64 };
    for (size_t i = 0; i < SIZE_COUNT; i++)
        for (size_t w = 0; w < sizeof WIDTHS / sizeof *WIDTHS; w++)
            for (int in_place = 0; in_place < 2; in_place++) {
                check_gate(p, SIZES[i], WIDTHS[w], 3, in_place);
                check_gate(p, SIZES[i], WIDTHS[w], 1000, in_place);
            }
}

static void test_sigmoid_gate(void **state)
{
    (void)state;
    on_paths(check_gates);
}

/* --- softplus and log-sigmoid --------------------------------------------------------------- */

/* |got - want| <= (1e-6 + 1e-7 |x|) |want|: exp(x) carries the rounding of x. */
static void expect_relative(const backend *p, const char *what, double x, double got, double want)
{
    if (!(fabs(got - want) <= (1e-6 + 1e-7 * fabs(x)) * fabs(want)))
        fail_msg("%s: %s of %g is %.9g, not %.9g", p->name, what, x, got, want);
}

/* Relative errors, because a decay near 1 has a logarithm near 0. */
static void check_soft(const backend *p, size_t n, float scale, bool in_place)
{
    float *x = random_floats(n, scale), *dy = random_floats(n, 1);
    float *up = in_place ? copy(x, n) : random_floats(n, NAN);
    float *down = in_place ? copy(x, n) : random_floats(n, NAN);
    float *dup = in_place ? copy(dy, n) : random_floats(n, NAN);
    float *ddown = in_place ? copy(dy, n) : random_floats(n, NAN);
    p->softplus(up, in_place ? up : x, n);
    p->log_sigmoid(down, in_place ? down : x, n);
    p->softplus_backward(dup, in_place ? dup : dy, x, n);
    p->log_sigmoid_backward(ddown, in_place ? ddown : dy, x, n);
    for (size_t i = 0; i < n; i++) {
        const double at = x[i], far = exp(-fabs(at)), h = 1e-4;
        const double above = fmax(at + h, 0) + log1p(exp(-fabs(at + h)));
        const double below = fmax(at - h, 0) + log1p(exp(-fabs(at - h)));
        const double slope = (above - below) / (2 * h);
        if (far > 1e-35) { /* vectors take less than 2^-126 for 0 */
            expect_relative(p, "softplus", at, up[i], fmax(at, 0) + log1p(far));
            expect_relative(p, "log-sigmoid", at, down[i], fmin(at, 0) - log1p(far));
        }
        expect_near(p, "softplus'", i, dup[i], dy[i] * slope, 1e-6);
        expect_near(p, "log-sigmoid'", i, ddown[i], dy[i] * (1 - slope), 1e-6);
    }
    free(x), free(dy), free(up), free(down), free(dup), free(ddown);
}

static void check_softs(const backend *p)
{
    for (size_t i = 0; i < SIZE_COUNT; i++)
        for (int in_place = 0; in_place < 2; in_place++) {
            check_soft(p, SIZES[i], 3, in_place);
            check_soft(p, SIZES[i], 50, in_place);
            check_soft(p, SIZES[i], 1000, in_place);
        }
}

static void test_softplus_and_log_sigmoid(void **state)
{
    (void)state;
    on_paths(check_softs);
}

/* --- product -------------------------------------------------------------------------------- */

static void check_products(const backend *p)
{
    for (size_t k = 0; k < SIZE_COUNT; k++) {
        const size_t n = SIZES[k];
        float *a = random_floats(n, 2), *b = random_floats(n, 2), *dy = random_floats(n, 1);
        float *y = random_floats(n, NAN), *da = copy(a, n), *db = copy(b, n);
        p->vector_multiply(y, a, b, n);
        p->vector_multiply_backward(da, db, dy, da, db, n);
        for (size_t i = 0; i < n; i++) {
            assert_true(y[i] == a[i] * b[i]);
            assert_true(da[i] == dy[i] * b[i]);
            assert_true(db[i] == dy[i] * a[i]);
        }
        free(a), free(b), free(dy), free(y), free(da), free(db);
    }
}

static void test_product(void **state)
{
    (void)state;
    on_paths(check_products);
}

/* --- all of them ---------------------------------------------------------------------------- */

/* NaN in one entry makes that entry NaN, and no other. */
static void check_nan(const backend *p)
{
    enum { N = 37 };
    for (size_t at = 0; at < N; at++) {
        float *x = random_floats(N, 1), *one = random_floats(N, 1), *y = random_floats(6 * N, 0);
        x[at] = NAN;
        p->sigmoid_gate(y, x, one, N, 1);
        p->sigmoid_gate(y + N, one, x, N, 1);
        p->softplus(y + 2 * N, x, N);
        p->log_sigmoid(y + 3 * N, x, N);
        p->softplus_backward(y + 4 * N, one, x, N);
        p->vector_multiply(y + 5 * N, one, x, N);
        for (size_t i = 0; i < 6 * N; i++) assert_int_equal(isnan(y[i]) != 0, i % N == at);
        free(x), free(one), free(y);
    }
}

static void test_nan_is_passed_on(void **state)
{
    (void)state;
    on_paths(check_nan);
}

/* The functions of kernels.h, which cut their work into pieces, give what the chosen backend gives
 * for the whole at once, to the last bit. */
static void test_pieces_make_the_whole(void **state)
{
    enum { N = 3001, E = 67, ALL = N * E };
    (void)state;
    const backend *p = backend_chosen();
    float *x = random_floats(ALL, 3), *g = random_floats(ALL, 3), *dy = random_floats(ALL, 1);
    float *y = random_floats(ALL, NAN), *want = random_floats(ALL, NAN);
    float *z = random_floats(ALL, NAN), *too = random_floats(ALL, NAN);
    float *r = random_floats(N, NAN), *rate = random_floats(N, NAN);
    const size_t all = ALL * sizeof *x;

    sigmoid_gate(y, x, g, N, E), p->sigmoid_gate(want, x, g, N, E);
    assert_memory_equal(y, want, all);
    sigmoid_gate(y, x, g, ALL, 1), p->sigmoid_gate(want, x, g, ALL, 1);
    assert_memory_equal(y, want, all);
    sigmoid_gate_backward(y, r, dy, x, g, N, E);
    p->sigmoid_gate_backward(want, rate, dy, x, g, N, E);
    assert_memory_equal(y, want, all), assert_memory_equal(r, rate, N * sizeof *r);
    softplus(y, x, ALL), p->softplus(want, x, ALL);
    assert_memory_equal(y, want, all);
    softplus_backward(y, dy, x, ALL), p->softplus_backward(want, dy, x, ALL);
    assert_memory_equal(y, want, all);
    log_sigmoid(y, x, ALL), p->log_sigmoid(want, x, ALL);
    assert_memory_equal(y, want, all);
    log_sigmoid_backward(y, dy, x, ALL), p->log_sigmoid_backward(want, dy, x, ALL);
    assert_memory_equal(y, want, all);
    vector_multiply(y, x, g, ALL), p->vector_multiply(want, x, g, ALL);
    assert_memory_equal(y, want, all);
    vector_multiply_backward(y, z, dy, x, g, ALL);
    p->vector_multiply_backward(want, too, dy, x, g, ALL);
    assert_memory_equal(y, want, all), assert_memory_equal(z, too, all);
    l2norm(y, r, x, N, E, 1e-6f), p->norm(want, rate, x, NULL, N, E, 1, 1e-6f);
    assert_memory_equal(y, want, all), assert_memory_equal(r, rate, N * sizeof *r);
    l2norm_backward(y, dy, x, r, N, E, 0);
    p->norm_backward(want, NULL, dy, x, rate, NULL, N, E, 1, 0);
    assert_memory_equal(y, want, all);
    rmsnorm(y, r, x, NULL, N, E, 1e-6f), p->norm(want, rate, x, NULL, N, E, E, 1e-6f);
    assert_memory_equal(y, want, all), assert_memory_equal(r, rate, N * sizeof *r);
    rmsnorm_backward(y, NULL, dy, x, r, NULL, N, E, 0);
    p->norm_backward(want, NULL, dy, x, rate, NULL, N, E, E, 0);
    assert_memory_equal(y, want, all);
    free(x), free(g), free(dy), free(y), free(want), free(z), free(too), free(r), free(rate);
}

int main(void)
{
    error e;
    if (!kernels_init(&e)) return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sigmoid_gate),
        cmocka_unit_test(test_softplus_and_log_sigmoid),
        cmocka_unit_test(test_product),
        cmocka_unit_test(test_nan_is_passed_on),
        cmocka_unit_test(test_pieces_make_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
