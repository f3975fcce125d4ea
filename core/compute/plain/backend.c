/* backend.c - the backend "plain": portable C that follows the equations, for any processor. */
#include "core/compute/backend.h"
#include "core/compute/plain/plain.h"

bool plain_runs(void)
{
    return true;
}

const backend backend_plain = {
    .name = "plain",
    .runs = plain_runs,
    .gemm_nn = plain_gemm_nn,
    .gemm_nt = plain_gemm_nt,
    .gemm_tn = plain_gemm_tn,
    .linear = plain_linear,
    .linear_backward = plain_linear_backward,
    .linear_apart = plain_linear, /* each entry is a sum of its own */
    .bfloat16_runs = plain_runs,
    .bfloat16_linear = plain_bfloat16_linear,
    .bfloat16_linear_backward = plain_bfloat16_linear_backward,
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
    .attention_forward = plain_attention_forward,
    .attention_backward = plain_attention_backward,
};
