/* test_kernels.c - the kernels of every backend that work on rows and elements, against the
 * equations in float64.  Those of linear.c are in test_linear.c.
 *
 * Outputs that are to be overwritten start as NaN.  Gradients are also compared with differences of
 * the oracle itself, so that no equation is taken on trust.
 */
#include "core/compute/kernels.h"
#include "tests/floats.h"

/* --- norms ---------------------------------------------------------------------------------- */

static double norm_oracle(double *y, const double *x, const float *gain, int D, int over,
                          double eps)
{
    double sum = 0;
    for (int j = 0; j < D; j++) sum += x[j] * x[j];
    const double r = 1 / sqrt(sum / over + eps);
    for (int j = 0; j < D; j++) y[j] = x[j] * r * (gain ? gain[j] : 1);
    return r;
}

static void check_norm(const backend *p, int N, int D, int over, bool gained, float scale,
                       float beta)
{
    const float eps = 1e-5f;
    const size_t n = (size_t)N * D;
    float *x = random_floats(n, scale), *gain = gained ? random_floats((size_t)D, 2) : NULL;
    float *dy = random_floats(n, 1), *y = random_floats(n, NAN);
    float *r = random_floats((size_t)N, NAN), *dgain = random_floats((size_t)D, 1);
    float *dgain0 = copy(dgain, (size_t)D);
    float *dx = random_floats(n, beta == 0 ? NAN : 1), *dx0 = copy(dx, n);
    double *exact = malloc(sizeof *exact * D), *up = malloc(sizeof *up * D);
    double *down = malloc(sizeof *down * D), *at = malloc(sizeof *at * D);
    double *want = malloc(sizeof *want * D);

    p->norm(y, r, x, gain, N, D, over, eps);
    p->norm_backward(dx, gained ? dgain : NULL, dy, x, r, gain, N, D, over, beta);
    for (int j = 0; j < D; j++) want[j] = dgain0[j];
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < D; j++) at[j] = x[i * D + j];
        const double rate = norm_oracle(exact, at, gain, D, over, eps);
        expect_near(p, "r", (size_t)i, r[i] / rate, 1, 1e-6);
        for (int j = 0; j < D; j++) {
            expect_near(p, "y", (size_t)(i * D + j), y[i * D + j], exact[j], 1e-6);
            want[j] += gained * dy[i * D + j] * at[j] * rate;
        }
        for (int j = 0; j < D; j++) { /* the slope of <dy, y> along x_j */
            const double h = 1e-4 * scale, keep = at[j];
            double slope = 0;
            at[j] = keep + h, norm_oracle(up, at, gain, D, over, eps);
            at[j] = keep - h, norm_oracle(down, at, gain, D, over, eps), at[j] = keep;
            for (int k = 0; k < D; k++) slope += dy[i * D + k] * (up[k] - down[k]) / (2 * h);
            const double d = slope + (beta == 0 ? 0 : beta * dx0[i * D + j]);
            expect_near(p, "dx", (size_t)(i * D + j), dx[i * D + j], d, 1e-5 * (1 + fabs(rate)));
        }
    }
    for (int j = 0; j < D; j++)
        expect_near(p, "dgain", (size_t)j, dgain[j], want[j], 1e-6 * (1 + N));
    free(x), free(gain), free(dy), free(y), free(r), free(dgain), free(dgain0), free(dx), free(dx0);
    free(exact), free(up), free(down), free(at), free(want);
}

static void check_norms(const backend *p)
{
    static const int WIDTHS[] = { 1, 2, 7, 16, 20, 31, 33, 64, 100 };
    for (size_t i = 0; i < sizeof WIDTHS / sizeof *WIDTHS; i++)
        for (int k = 0; k < 8; k++) {
            const int D = WIDTHS[i], over = k & 1 ? D : 1;
            check_norm(p, 3, D, over, k & 2, 1, k & 4 ? 1 : 0);
            check_norm(p, 2, D, over, k & 2, 100, k & 4 ? 1 : 0);
        }
    check_norm(p, 0, 20, 20, true, 1, 0);
}

static void test_norm(void **state)
{
    (void)state;
    on_paths(check_norms);
}

/* --- SwiGLU --------------------------------------------------------------------------------- */

static void check_swiglu(const backend *p, size_t n, float scale, bool in_place)
{
    float *gate = random_floats(n, scale), *up = random_floats(n, 2), *dy = random_floats(n, 1);
    float *y = random_floats(n, NAN), *again = random_floats(n, NAN);
    float *dgate = in_place ? copy(gate, n) : random_floats(n, NAN);
    float *dup = in_place ? copy(up, n) : random_floats(n, NAN);
    p->swiglu(y, gate, up, n);
    p->swiglu_backward(dgate, dup, again, dy, in_place ? dgate : gate, in_place ? dup : up, n);
    for (size_t i = 0; i < n; i++) {
        const double g = gate[i], s = 1 / (1 + exp(-g)), h = 1e-5;
        const double above = (g + h) / (1 + exp(-g - h)), below = (g - h) / (1 + exp(-g + h));
        expect_near(p, "y", i, y[i], g * s * up[i], 1e-6);
        expect_near(p, "y again", i, again[i], g * s * up[i], 1e-6);
        expect_near(p, "dup", i, dup[i], dy[i] * g * s, 1e-6);
        expect_near(p, "dgate", i, dgate[i], dy[i] * up[i] * (above - below) / (2 * h), 1e-5);
    }
    free(gate), free(up), free(dy), free(y), free(again), free(dgate), free(dup);
}

static void check_swiglus(const backend *p)
{
    static const size_t SIZES[] = { 0, 1, 7, 15, 16, 17, 64, 131 };
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        for (int in_place = 0; in_place < 2; in_place++) {
            check_swiglu(p, SIZES[i], 3, in_place);
            check_swiglu(p, SIZES[i], 1000, in_place);
        }
}

static void test_swiglu(void **state)
{
    (void)state;
    on_paths(check_swiglus);
}

static void check_swiglu_nan(const backend *p)
{
    enum { N = 37 };
    for (size_t at = 0; at < N; at++)
        for (int in_gate = 0; in_gate < 2; in_gate++) {
            float *gate = random_floats(N, 1), *up = random_floats(N, 1), *dy = random_floats(N, 1);
            float *y = random_floats(N, 0), *dgate = random_floats(N, 0);
            float *dup = random_floats(N, 0), *again = random_floats(N, 0);
            (in_gate ? gate : up)[at] = NAN;
            p->swiglu(y, gate, up, N);
            p->swiglu_backward(dgate, dup, again, dy, gate, up, N);
            for (size_t i = 0; i < N; i++) {
                assert_int_equal(isnan(y[i]) != 0, i == at);
                assert_int_equal(isnan(again[i]) != 0, i == at);
                assert_int_equal(isnan(dgate[i]) != 0, i == at);
                assert_int_equal(isnan(dup[i]) != 0, i == at && in_gate);
            }
            free(gate), free(up), free(dy), free(y), free(dgate), free(dup), free(again);
        }
}

static void test_swiglu_passes_nan_on(void **state)
{
    (void)state;
    on_paths(check_swiglu_nan);
}

/* --- cross-entropy -------------------------------------------------------------------------- */

static double nll_oracle(const float *x, int target, int V)
{
    double top = x[0], sum = 0;
    for (int j = 1; j < V; j++) top = x[j] > top ? x[j] : top;
    for (int j = 0; j < V; j++) sum += exp(x[j] - top);
    return log(sum) + top - x[target];
}

/* Every `every`-th row has a target; none has if it is 0. */
static void check_loss(const backend *p, int N, int V, float size, int every)
{
    const float scale = 0.3f;
    const size_t n = (size_t)N * V;
    float *x = random_floats(n, size), *dx = copy(x, n), *nll = random_floats((size_t)N, NAN);
    int32_t *target = calloc((size_t)N + 1, sizeof *target);
    for (int i = 0; i < N; i++) target[i] = every && i % every == 0 ? (int32_t)(i * 5 % V) : -1;
    double want = 0;
    const double sum = p->cross_entropy(nll, x, target, N, V);
    for (int i = 0; i < N; i++) {
        const double one = target[i] < 0 ? 0 : nll_oracle(x + (size_t)i * V, target[i], V);
        expect_near(p, "nll", (size_t)i, nll[i], one, 2e-6);
        want += one, nll[i] = NAN;
    }
    expect_near(p, "sum", 0, sum, want, 2e-6);
    expect_near(p, "sum", 1, p->cross_entropy_backward(nll, dx, target, N, V, scale), want, 2e-6);
    for (int i = 0; i < N; i++) {
        const float *row = x + (size_t)i * V;
        const double one = target[i] < 0 ? 0 : nll_oracle(row, target[i], V);
        expect_near(p, "nll", (size_t)i, nll[i], one, 2e-6);
        for (int j = 0; j < V; j++) {
            const double q = target[i] < 0 ? 0 : exp(row[j] - one - row[target[i]]);
            const double d = scale * (q - (j == target[i]));
            expect_near(p, "dx", (size_t)i * V + j, dx[(size_t)i * V + j], d, 1e-6);
        }
    }
    free(x), free(dx), free(nll), free(target);
}

static void check_losses(const backend *p)
{
    static const int WIDTHS[] = { 1, 2, 7, 16, 33, 64, 100, 1031, 4099 };
    for (size_t i = 0; i < sizeof WIDTHS / sizeof *WIDTHS; i++)
        for (int every = 0; every < 3; every++) {
            check_loss(p, 5, WIDTHS[i], 3, every);
            check_loss(p, 3, WIDTHS[i], 1e4f, every);
        }
    check_loss(p, 0, 7, 1, 1);
}

static void test_cross_entropy(void **state)
{
    (void)state;
    on_paths(check_losses);
}

static void check_loss_nan(const backend *p)
{
    enum { V = 71 };
    for (int at = 0; at < V; at++) {
        float *x = random_floats(2 * V, 1), nll[2];
        const int32_t target[] = { 4, 5 };
        x[at] = NAN;
        assert_true(isnan(p->cross_entropy(nll, x, target, 2, V)));
        assert_true(isnan(nll[0]) && isfinite(nll[1]));
        assert_true(isnan(p->cross_entropy_backward(nll, x, target, 2, V, 1)));
        assert_true(isnan(nll[0]) && isfinite(nll[1]));
        for (int j = 0; j < 2 * V; j++) assert_int_equal(isnan(x[j]) != 0, j < V);
        free(x);
    }
}

static void test_cross_entropy_passes_nan_on(void **state)
{
    (void)state;
    on_paths(check_loss_nan);
}

/* --- vectors and AdamW ---------------------------------------------------------------------- */

static void check_vectors(const backend *p)
{
    static const size_t SIZES[] = { 0, 1, 2, 15, 16, 17, 100, 5001 };
    for (size_t k = 0; k < sizeof SIZES / sizeof *SIZES; k++) {
        const size_t n = SIZES[k];
        float *x = random_floats(n, 1), *y = random_floats(n, 1), *y0 = copy(y, n);
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
        expect_near(p, "square sum", n, p->vector_square_sum(x, n), sum, 1e-12 * (double)(1 + n));
        p->vector_add(y, x, n);
        for (size_t i = 0; i < n; i++) assert_true(y[i] == y0[i] + x[i]);
        if (n) {
            x[n - 1] = 1e30f; /* its square overflows float32 */
            expect_near(p, "square sum", n, p->vector_square_sum(x, n) / 1e60, 1, 1e-6);
            x[n / 2] = NAN;
            assert_true(isnan(p->vector_square_sum(x, n)));
            x[n / 2] = INFINITY;
            assert_false(isfinite(p->vector_square_sum(x, n)));
        }
        free(x), free(y), free(y0);
    }
}

static void test_vector(void **state)
{
    (void)state;
    on_paths(check_vectors);
}

static void check_adamw_size(const backend *p, size_t n)
{
    float *w = random_floats(n, 1), *m = random_floats(n, 0), *v = random_floats(n, 0);
    double *exact = calloc(3 * n + 1, sizeof *exact), *em = exact + n, *ev = em + n;
    for (size_t i = 0; i < n; i++) exact[i] = w[i];
    for (int t = 1; t <= 5; t++) {
        const adamw a = { 1e-2, 0.9, 0.95, 1e-5, 0.1, 0.5, t };
        float *g = random_floats(n, 1);
        if (n > 2) g[2] = 0;
        p->adamw_update(w, m, v, g, n, &a);
        for (size_t i = 0; i < n; i++) {
            const double x = g[i] * a.clip;
            em[i] = a.beta1 * em[i] + (1 - a.beta1) * x;
            ev[i] = a.beta2 * ev[i] + (1 - a.beta2) * x * x;
            const double mh = em[i] / (1 - pow(a.beta1, t)), vh = ev[i] / (1 - pow(a.beta2, t));
            exact[i] = exact[i] * (1 - a.lr * a.decay) - a.lr * mh / (sqrt(vh) + a.eps);
            expect_near(p, "m", i, m[i], em[i], 1e-6), expect_near(p, "v", i, v[i], ev[i], 1e-6);
            expect_near(p, "w", i, w[i], exact[i], 2e-6);
        }
        free(g);
    }
    free(w), free(m), free(v), free(exact);
}

static void check_adamw(const backend *p)
{
    static const size_t SIZES[] = { 0, 1, 15, 16, 17, 100 };
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++) check_adamw_size(p, SIZES[i]);
}

static void test_adamw(void **state)
{
    (void)state;
    on_paths(check_adamw);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_norm),
        cmocka_unit_test(test_swiglu),
        cmocka_unit_test(test_swiglu_passes_nan_on),
        cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_cross_entropy_passes_nan_on),
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_adamw),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
