/* test_linear.c - matrix products and linear maps of every backend against the equations, in
 * float64; those in bfloat16 against the equations of rounded inputs.
 *
 * Outputs that are to be overwritten start as NaN.
 */
#include "core/compute/kernels.h"
#include "tests/floats.h"

/* --- matrix products ------------------------------------------------------------------------ */

enum { NN, NT, TN };

static void check_gemm(const backend *p, int form, int M, int N, int K, float alpha, float beta)
{
    gemm_fn *const f = form == NN ? p->gemm_nn : form == NT ? p->gemm_nt : p->gemm_tn;
    const int lda = (form == TN ? M : K) + 3, ldb = (form == NT ? K : N) + 2, ldc = N + 1;
    const size_t nc = (size_t)M * ldc;
    float *A = random_floats((size_t)(form == TN ? K : M) * lda, 1);
    float *B = random_floats((size_t)(form == NT ? N : K) * ldb, 1);
    float *C = random_floats(nc, beta == 0 ? NAN : 1), *C0 = copy(C, nc);
    f(C, ldc, A, lda, B, ldb, M, N, K, alpha, beta);
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += (double)(form == TN ? A[k * lda + m] : A[m * lda + k]) *
                       (form == NT ? B[n * ldb + k] : B[k * ldb + n]);
            const int at = m * ldc + n;
            expect_near(p, "C", (size_t)at, C[at], alpha * sum + (beta == 0 ? 0 : beta * C0[at]),
                        1e-6 * (1 + K));
        }
    for (int m = 0; m < M; m++) assert_memory_equal(&C[m * ldc + N], &C0[m * ldc + N], sizeof *C);
    free(A), free(B), free(C), free(C0);
}

static void check_gemms(const backend *p)
{
    static const int SIZES[][3] = { { 1, 1, 1 }, { 3, 5, 7 }, { 17, 33, 20 }, { 9, 64, 65 } };
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        for (int form = NN; form <= TN; form++) {
            check_gemm(p, form, SIZES[i][0], SIZES[i][1], SIZES[i][2], 1, 0);
            check_gemm(p, form, SIZES[i][0], SIZES[i][1], SIZES[i][2], 0.5f, 1);
            check_gemm(p, form, SIZES[i][0], SIZES[i][1], SIZES[i][2], -2, 0.25f);
        }
}

static void test_gemm(void **state)
{
    (void)state;
    on_paths(check_gemms);
}

/* Round to a significand of 8 bits, to nearest with ties to even, by arithmetic. */
static float bfloat16(float x)
{
    int exponent;
    const double part = frexp(x, &exponent) * 256;
    return (float)ldexp(nearbyint(part), exponent - 8);
}

static float *rounded(const float *x, size_t n)
{
    float *y = random_floats(n, 0);
    for (size_t i = 0; i < n; i++) y[i] = bfloat16(x[i]);
    return y;
}

/* If `half`, in bfloat16: the inputs are rounded, and the rest is the same. */
static void check_linear(const backend *p, bool half, int N, int in, int out, float beta)
{
    const size_t nx = (size_t)N * in, nw = (size_t)out * in, ny = (size_t)N * out;
    float *x = random_floats(nx, 1), *W = random_floats(nw, 1), *dy = random_floats(ny, 1);
    float *y = random_floats(ny, NAN), *dW = random_floats(nw, 1), *dW0 = copy(dW, nw);
    float *dx = random_floats(nx, beta == 0 ? NAN : 1), *dx0 = copy(dx, nx);
    float *(*const read)(const float *, size_t) = half ? rounded : copy;
    float *rx = read(x, nx), *rW = read(W, nw), *rdy = read(dy, ny);
    (half ? p->bfloat16_linear : p->linear)(y, x, W, N, in, out);
    (half ? p->bfloat16_linear_backward : p->linear_backward)(dx, dW, dy, x, W, N, in, out, beta);
    for (int i = 0; i < N; i++) {
        for (int o = 0; o < out; o++) {
            double sum = 0;
            for (int j = 0; j < in; j++) sum += (double)rx[i * in + j] * rW[o * in + j];
            expect_near(p, half ? "bfloat16 y" : "y", (size_t)(i * out + o), y[i * out + o], sum,
                        1e-6 * (1 + in));
        }
        for (int j = 0; j < in; j++) {
            double sum = beta == 0 ? 0 : beta * dx0[i * in + j];
            for (int o = 0; o < out; o++) sum += (double)rdy[i * out + o] * rW[o * in + j];
            expect_near(p, half ? "bfloat16 dx" : "dx", (size_t)(i * in + j), dx[i * in + j], sum,
                        1e-6 * (1 + out));
        }
    }
    for (int o = 0; o < out; o++)
        for (int j = 0; j < in; j++) {
            double sum = dW0[o * in + j];
            for (int i = 0; i < N; i++) sum += (double)rdy[i * out + o] * rx[i * in + j];
            expect_near(p, half ? "bfloat16 dW" : "dW", (size_t)(o * in + j), dW[o * in + j], sum,
                        1e-6 * (1 + N));
        }
    free(x), free(W), free(dy), free(y), free(dW), free(dW0), free(dx), free(dx0);
    free(rx), free(rW), free(rdy);
}

static void check_linears(const backend *p)
{
    static const int SIZES[][3] = { { 1, 1, 1 },      { 1, 20, 7 },    { 5, 1, 33 },
                                    { 13, 20, 52 },   { 70, 64, 96 },  { 33, 260, 131 },
                                    { 20, 1100, 70 }, { 600, 33, 40 }, { 17, 20, 1061 } };
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        for (int beta = 0; beta < 2; beta++)
            check_linear(p, false, SIZES[i][0], SIZES[i][1], SIZES[i][2], (float)beta);
}

static void test_linear(void **state)
{
    (void)state;
    on_paths(check_linears);
}

/* A row of NaN or infinity in x is that row of y, and no other. */
static void check_linear_rows(const backend *p)
{
    enum { N = 19, IN = 37, OUT = 41 };
    float *x = random_floats(N * IN, 1), *W = random_floats(OUT * IN, 1);
    float *y = random_floats(N * OUT, NAN), *bad = random_floats(N * OUT, NAN);
    p->linear(y, x, W, N, IN, OUT);
    for (int i = 0; i < N; i++) {
        const float keep = x[i * IN + 3];
        x[i * IN + 3] = i % 2 ? NAN : INFINITY;
        p->linear(bad, x, W, N, IN, OUT);
        for (int j = 0; j < N; j++)
            if (j == i)
                for (int o = 0; o < OUT; o++) assert_false(isfinite(bad[j * OUT + o]));
            else
                assert_memory_equal(bad + j * OUT, y + j * OUT, sizeof *y * OUT);
        x[i * IN + 3] = keep;
    }
    free(x), free(W), free(y), free(bad);
}

static void test_linear_keeps_rows_apart(void **state)
{
    (void)state;
    on_paths(check_linear_rows);
}

/* Rows kept apart: the equation, and the bits of a row are those that it has alone. */
static void check_apart(const backend *p, int N, int in, int out)
{
    const size_t nx = (size_t)N * in, nw = (size_t)out * in, ny = (size_t)N * out;
    float *x = random_floats(nx, 1), *W = random_floats(nw, 1), *y = random_floats(ny, NAN);
    float *one = random_floats((size_t)out, NAN);
    p->linear_apart(y, x, W, N, in, out);
    for (int i = 0; i < N; i++) {
        p->linear_apart(one, x + (size_t)i * in, W, 1, in, out);
        if (memcmp(one, y + (size_t)i * out, sizeof *one * (size_t)out) != 0)
            fail_msg("%s: row %d of %d (%d, %d) has other bits than alone", p->name, i, N, in, out);
        for (int o = 0; o < out; o++) {
            double sum = 0;
            for (int j = 0; j < in; j++) sum += (double)x[i * in + j] * W[o * in + j];
            expect_near(p, "y", (size_t)(i * out + o), one[o], sum, 1e-6 * (1 + in));
        }
    }
    free(x), free(W), free(y), free(one);
}

static void check_aparts(const backend *p)
{
    static const int N[] = { 1, 2, 3, 4, 5, 9, 16, 31, 32, 33, 35, 70 };
    static const int SIZES[][2] = { { 1, 1 }, { 20, 7 }, { 33, 50 }, { 64, 96 }, { 1100, 61 } };
    for (size_t i = 0; i < sizeof N / sizeof *N; i++)
        for (size_t j = 0; j < sizeof SIZES / sizeof *SIZES; j++)
            check_apart(p, N[i], SIZES[j][0], SIZES[j][1]);
    check_apart(p, 3, 2100, 150);
    check_apart(p, 37, 520, 300); /* several pieces */
}

static void test_apart(void **state)
{
    (void)state;
    on_paths(check_aparts);
}

/* --- bfloat16 ------------------------------------------------------------------------------- */

static void check_bfloat16s(const backend *p)
{
    static const int SIZES[][3] = { { 1, 1, 1 },      { 1, 20, 7 },     { 5, 1, 33 },
                                    { 13, 20, 52 },   { 70, 64, 96 },   { 33, 260, 131 },
                                    { 20, 1100, 70 }, { 601, 33, 40 },  { 17, 20, 1061 },
                                    { 8, 31, 32 },    { 9, 32, 31 },    { 16, 33, 17 },
                                    { 7, 48, 16 },    { 530, 257, 310 } };
    if (!p->bfloat16_runs || !p->bfloat16_runs()) return;
    for (size_t i = 0; i < sizeof SIZES / sizeof *SIZES; i++)
        for (int beta = 0; beta < 2; beta++)
            check_linear(p, true, SIZES[i][0], SIZES[i][1], SIZES[i][2], (float)beta);
}

static void test_bfloat16(void **state)
{
    (void)state;
    on_paths(check_bfloat16s);
}

/* NaN stays NaN when it is rounded, in its own row and nowhere else; so does infinity. */
static void check_bfloat16_rows(const backend *p)
{
    enum { N = 19, IN = 37, OUT = 41 };
    if (!p->bfloat16_runs || !p->bfloat16_runs()) return;
    float *x = random_floats(N * IN, 1), *W = random_floats(OUT * IN, 1);
    float *y = random_floats(N * OUT, NAN), *bad = random_floats(N * OUT, NAN);
    p->bfloat16_linear(y, x, W, N, IN, OUT);
    for (int i = 0; i < N; i++) {
        const float keep = x[i * IN + i];
        const uint32_t all_ones = 0x7fffffff;
        if (i % 2)
            memcpy(&x[i * IN + i], &all_ones, sizeof all_ones);
        else
            x[i * IN + i] = INFINITY;
        p->bfloat16_linear(bad, x, W, N, IN, OUT);
        for (int j = 0; j < N; j++)
            if (j == i)
                for (int o = 0; o < OUT; o++) assert_false(isfinite(bad[j * OUT + o]));
            else
                assert_memory_equal(bad + j * OUT, y + j * OUT, sizeof *y * OUT);
        x[i * IN + i] = keep;
    }
    free(x), free(W), free(y), free(bad);
}

static void test_bfloat16_keeps_rows_apart(void **state)
{
    (void)state;
    on_paths(check_bfloat16_rows);
}

/* Setting the precision changes the whole process, or is refused. */
static void test_precision(void **state)
{
    (void)state;
    enum { N = 20, IN = 24, OUT = 28 };
    error e;
    const backend *p = backend_chosen();
    float *x = random_floats(N * IN, 1), *W = random_floats(OUT * IN, 1);
    float *y = random_floats(N * OUT, NAN), *want = random_floats(N * OUT, NAN);
    if (p->bfloat16_runs && p->bfloat16_runs()) {
        assert_true(kernels_set_precision(KERNELS_BFLOAT16, &e));
        linear(y, x, W, N, IN, OUT);
        p->bfloat16_linear(want, x, W, N, IN, OUT);
        assert_memory_equal(y, want, sizeof *y * N * OUT);
    } else {
        assert_false(kernels_set_precision(KERNELS_BFLOAT16, &e));
        assert_int_equal(e.status, 2);
    }
    assert_true(kernels_set_precision(KERNELS_FLOAT32, &e));
    linear(y, x, W, N, IN, OUT);
    p->linear(want, x, W, N, IN, OUT);
    assert_memory_equal(y, want, sizeof *y * N * OUT);
    free(x), free(W), free(y), free(want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gemm),
        cmocka_unit_test(test_linear),
        cmocka_unit_test(test_linear_keeps_rows_apart),
        cmocka_unit_test(test_apart),
        cmocka_unit_test(test_bfloat16),
        cmocka_unit_test(test_bfloat16_keeps_rows_apart),
        cmocka_unit_test(test_precision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
