/* test_blas_core.c - OpenBLAS works for what the processor can do, unless the user says otherwise.
 */
#include "core/compute/backend.h"
#include "core/compute/kernels.h"
#include "core/compute/openblas/openblas.h"
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void expect(const char *taken, bool avx2, bool avx512, const char *better)
{
    const char *got = blas_core_for(taken, avx2, avx512);
    if (better)
        assert_string_equal(got, better);
    else if (got)
        fail_msg("%s would give way to %s", taken, got);
}

static void test_choice(void **state)
{
    (void)state;
    expect("Prescott", true, true, "SkylakeX");
    expect("Sandybridge", true, true, "SkylakeX");
    expect("Haswell", true, true, "SkylakeX");
    expect("Zen", true, true, "SkylakeX");
    expect("Prescott", true, false, "Haswell");
    expect("NEHALEM", true, false, "Haswell"); /* as older releases spell it */
    expect("Haswell", true, false, NULL);
    expect("Zen", true, false, NULL);
    expect("Prescott", false, false, NULL);
    /* What is as good, and what this program has never heard of. */
    expect("SkylakeX", true, true, NULL);
    expect("Cooperlake", true, true, NULL);
    expect("SapphireRapids", true, true, NULL);
    expect("LaterThanThat", true, true, NULL);
    expect("LaterThanThat", true, false, NULL);
}

/* On this machine: nothing better is left, nobody's environment has changed, products are right. */
static void test_effect(void **state)
{
    (void)state;
    enum { N = 67 };
    static float A[N * N], B[N * N], C[N * N], D[N * N];
    error e;
    if (getenv("OPENBLAS_CORETYPE")) skip();
    assert_true(kernels_init(&e));
#ifdef __x86_64__
    assert_null(blas_core_for(kernels_blas_core(), backend_avx2.runs(), backend_avx512.runs()));
#endif
    assert_null(getenv("OPENBLAS_CORETYPE"));
    for (int i = 0; i < N * N; i++)
        A[i] = (float)(i % 11) - 5, B[i] = (float)(i % 7) - 3, C[i] = NAN, D[i] = NAN;
    backend_openblas.gemm_nn(C, N, A, N, B, N, N, N, N, 1, 0);
    backend_plain.gemm_nn(D, N, A, N, B, N, N, N, N, 1, 0);
    assert_memory_equal(C, D, sizeof C); /* small integers: exact */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_effect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
