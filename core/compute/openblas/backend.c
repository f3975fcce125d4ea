/* backend.c - the backend "openblas": products and attention by OpenBLAS, which is fast on any
 * processor; everything else is plain. */
#include "core/compute/backend.h"
#include "core/compute/openblas/openblas.h"
#include "core/compute/plain/plain.h"

const backend backend_openblas = {
    .name = "openblas",
    .runs = plain_runs,
    .gemm_nn = blas_gemm_nn,
    .gemm_nt = blas_gemm_nt,
    .gemm_tn = blas_gemm_tn,
    .linear = blas_linear,
    .linear_backward = blas_linear_backward,
    .linear_apart = blas_linear_apart,
    .norm = plain_norm,
    .norm_backward = plain_norm_backward,
    .sigmoid_gate = plain_sigmoid_gate,
    .sigmoid_gate_backward = plain_sigmoid_gate_backward,
    .softplus = plain_softplus,
    .softplus_backward = plain_softplus_backward,
    .log_sigmoid = plain_log_sigmoid,
    .log_sigmoid_backward = plain_log_sigmoid_backward,
    .vector_multiply = plain_vector_multiply,
    .vector_multiply_backward = plain_vector_multiply_backward,
    .swiglu = plain_swiglu,
    .swiglu_backward = plain_swiglu_backward,
    .cross_entropy = plain_cross_entropy,
    .cross_entropy_backward = plain_cross_entropy_backward,
    .vector_add = plain_vector_add,
    .vector_square_sum = plain_vector_square_sum,
    .adamw_update = plain_adamw_update,
    .rope_turn = plain_rope_turn,
    .attention_forward = blas_attention_forward,
    .attention_backward = blas_attention_backward,
};
