/* backend.c - the backends "avx2" and "avx512": compiled once for each.  General matrix products
 * are OpenBLAS's, the rest is vector kernels of this folder.
 */
#include "core/compute/backend.h"

#include "core/compute/openblas/openblas.h"
#include "core/compute/simd/simd.h"

#define SIMD_QUOTE(x)  #x
#define SIMD_STRING(x) SIMD_QUOTE(x)

static bool runs(void)
{
#ifdef __AVX512F__
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512cd");
#else
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
}

const backend SIMD(backend) = {
    .name = SIMD_STRING(SIMD_TARGET),
    .runs = runs,
    .gemm_nn = blas_gemm_nn,
    .gemm_nt = blas_gemm_nt,
    .gemm_tn = blas_gemm_tn,
    .panels = { SIMD(panels_floats), SIMD(panels_make) },
    .linear = SIMD(linear),
    .linear_backward = SIMD(linear_backward),
    .linear_apart = SIMD(linear_apart),
#ifdef __AVX512F__
    .bfloat16_runs = bfloat16_runs,
    .bfloat16_panels = { bfloat16_panels_floats, bfloat16_panels_make },
    .bfloat16_linear = bfloat16_linear,
    .bfloat16_linear_backward = bfloat16_linear_backward,
#endif
    .norm = SIMD(norm),
    .norm_backward = SIMD(norm_backward),
    .sigmoid_gate = SIMD(sigmoid_gate),
    .sigmoid_gate_backward = SIMD(sigmoid_gate_backward),
    .softplus = SIMD(softplus),
    .softplus_backward = SIMD(softplus_backward),
    .log_sigmoid = SIMD(log_sigmoid),
    .log_sigmoid_backward = SIMD(log_sigmoid_backward),
    .vector_multiply = SIMD(vector_multiply),
    .vector_multiply_backward = SIMD(vector_multiply_backward),
    .swiglu = SIMD(swiglu),
    .swiglu_backward = SIMD(swiglu_backward),
    .cross_entropy = SIMD(cross_entropy),
    .cross_entropy_backward = SIMD(cross_entropy_backward),
    .vector_add = SIMD(vector_add),
    .vector_square_sum = SIMD(vector_square_sum),
    .adamw_update = SIMD(adamw_update),
    .rope_turn = SIMD(rope_turn),
    .attention_forward = SIMD(attention_forward),
    .attention_backward = SIMD(attention_backward),
};
