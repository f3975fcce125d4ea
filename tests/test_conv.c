/* test_conv.c - the short causal convolution against its definition in float64, its gradient
 * against differences (it is linear in x and in w, so they are exact), and against itself in parts.
 */
#include "core/compute/conv.h"
#include "core/compute/kernels.h"
#include "tests/floats.h"

enum { W = CONV_WIDTH };

/* <dy, y> by the definition. */
static double value(const float *dy, const float *x, const float *w, int B, int S, int N)
{
    double sum = 0;
    for (int b = 0; b < B; b++)
        for (int t = 0; t < S; t++)
            for (int c = 0; c < N; c++)
                for (int j = 0; j < W; j++)
                    if (t - W + 1 + j >= 0)
                        sum += (double)dy[(b * S + t) * N + c] * w[c * W + j] *
                               x[(b * S + t - W + 1 + j) * N + c];
    return sum;
}

/* The gradient of <dy, y> by entry i of x or w is its value where they are 1 there and 0 elsewhere.
 */
static void check(int B, int S, int N)
{
    const size_t n = (size_t)B * S * N, nw = (size_t)N * W;
    float *x = random_floats(n, 1), *w = random_floats(nw, 1), *dy = random_floats(n, 1);
    float *y = random_floats(n, NAN), *dx = random_floats(n, NAN), *dw = random_floats(nw, 1);
    float *dw0 = copy(dw, nw), *unit = random_floats(n > nw ? n : nw, 0);
    const backend *p = backend_chosen();
    conv_forward(y, x, w, B, S, N);
    conv_backward(dx, dw, dy, x, w, B, S, N);
    for (size_t i = 0; i < n; i++) {
        unit[i] = 1;
        expect_near(p, "y", i, y[i], value(unit, x, w, B, S, N), 1e-6);
        expect_near(p, "dx", i, dx[i], value(dy, unit, w, B, S, N), 1e-6);
        unit[i] = 0;
    }
    for (size_t i = 0; i < nw; i++) {
        unit[i] = 1;
        expect_near(p, "dw", i, dw[i], dw0[i] + value(dy, x, unit, B, S, N), 1e-5);
        unit[i] = 0;
    }
    free(x), free(w), free(dy), free(y), free(dx), free(dw), free(dw0), free(unit);
}

static void test_definition(void **state)
{
    (void)state;
    check(1, 1, 1), check(2, 2, 3), check(1, 3, 5), check(3, 4, 2), check(2, 11, 7);
    check(1, 5, 64), check(1, 4, 65), check(1, 6, 130);
}

static void test_extend(void **state)
{
    (void)state;
    enum { B = 2, S = 12, N = 70 };
    static const int PART[][8] = { { 1, 1, 1, 1, 1, 1, 1, 5 }, { 12 }, { 2, 1, 3, 6 }, { 3, 9 } };
    float *x = random_floats(B * S * N, 1), *w = random_floats(N * W, 1);
    float *y = random_floats(B * S * N, NAN);
    conv_forward(y, x, w, B, S, N);
    for (size_t i = 0; i < sizeof PART / sizeof *PART; i++) {
        float *past = random_floats(B * (W - 1) * N, 0);
        for (int t = 0, j = 0; t < S; t += PART[i][j], j++) {
            const int n = PART[i][j];
            float *xt = random_floats((size_t)B * n * N, 0),
                  *yt = random_floats((size_t)B * n * N, NAN);
            for (int b = 0; b < B; b++)
                memcpy(xt + b * n * N, x + (b * S + t) * N, sizeof *x * n * N);
            conv_extend(yt, past, xt, w, B, n, N);
            for (int b = 0; b < B; b++)
                assert_memory_equal(yt + b * n * N, y + (b * S + t) * N, sizeof *y * n * N);
            free(xt), free(yt);
        }
        free(past);
    }
    free(x), free(w), free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_extend),
    };
    error e;
    if (!kernels_init(&e)) return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
