/* muon.c - Muon: momentum, made orthogonal, for the matrices of the layers; AdamW for the rest.
 *
 *     m = b m + (1 - b) g     u = b m + (1 - b) g     X = u / |u|                 b = 0.95
 *     5 times: A = X X^T, X = 3.4445 X + (-4.7750 A + 2.0315 A A) X
 *     w = w (1 - lr decay) - lr 0.2 sqrt(max(rows, columns)) X
 *
 * K. Jordan et al., Muon: an optimizer for hidden layers in neural networks, 2024.  The iteration
 * (Newton and Schulz) brings all singular values of u near 1.  The factor is that of J. Liu et al.,
 * Muon is scalable for LLM training, 2025: entries move about as far as AdamW's, so the same lr
 * and decay serve both.  A matrix holds all heads of a projection.  A tall matrix is multiplied
 * from the right, X X^T by X^T X, so that the square is the smaller one.  The products are float32
 * whatever the precision of the linear layers.
 */
#include "trainer/model/optimizer.h"

#include <math.h>
#include <string.h>

enum { M, V }; /* matrices have the first alone */
enum { ITERATIONS = 5 };
static const float MOMENTUM = 0.95f, A1 = 3.4445f, A3 = -4.7750f, A5 = 2.0315f;
static const double SMALLEST = 1e-7; /* norm that is divided by */

static bool is_matrix(const model_tensor *t)
{
    const bool in_layer = t->part == MODEL_ATTENTION || t->part == MODEL_FFN;
    return in_layer && t->spec.dim[1] > 0 && t->spec.dim[2] == 0;
}

static size_t shorter(const model_tensor *t)
{
    return (size_t)(t->spec.dim[0] < t->spec.dim[1] ? t->spec.dim[0] : t->spec.dim[1]);
}

static void states(tensor_spec *out, const model_tensor *t)
{
    out[M] = optimizer_state_like("m", t);
    if (!is_matrix(t)) out[V] = optimizer_state_like("v", t);
}

/* X before and after an iteration, A, and its polynomial. */
static size_t scratch(const model_tensor *t)
{
    return is_matrix(t) ? 2 * t->n + 2 * shorter(t) * shorter(t) : 0;
}

/* A, A A and the product with X. */
static double flops(const model_tensor *t)
{
    const double n = (double)t->n, k = (double)shorter(t);
    return is_matrix(t) ? ITERATIONS * (4 * n * k + 2 * k * k * k) : 0;
}

/* X (rows, columns), of norm 1, becomes nearly orthogonal.  Returns where it is: in X or in Y. */
static const float *orthogonalize(float *X, float *Y, float *A, float *B, int rows, int columns)
{
    const bool tall = rows > columns;
    const int k = tall ? columns : rows;
    const size_t n = (size_t)rows * (size_t)columns;
    for (int i = 0; i < ITERATIONS; i++) {
        if (tall)
            gemm_tn(A, k, X, columns, X, columns, k, k, rows, 1, 0);
        else
            gemm_nt(A, k, X, columns, X, columns, k, k, columns, 1, 0);
        memcpy(B, A, (size_t)k * (size_t)k * sizeof *B);
        gemm_nn(B, k, A, k, A, k, k, k, k, A5, A3);
        memcpy(Y, X, n * sizeof *Y);
        if (tall)
            gemm_nn(Y, columns, X, columns, B, k, rows, columns, k, 1, A1);
        else
            gemm_nn(Y, columns, B, k, X, columns, rows, columns, k, 1, A1);
        float *made = Y;
        Y = X, X = made;
    }
    return X;
}

static void update_matrix(const optimizer_piece *p, const optimizer_settings *s)
{
    const int rows = p->tensor->spec.dim[0], columns = p->tensor->spec.dim[1];
    const size_t n = p->n, k = shorter(p->tensor);
    float *X = p->scratch, *Y = X + n, *A = Y + n, *B = A + k * k, *m = p->state[M];
    const float scale = (float)s->scale;
    for (size_t i = 0; i < n; i++) {
        const float g = p->g[i] * scale;
        m[i] = MOMENTUM * m[i] + (1 - MOMENTUM) * g;
        X[i] = MOMENTUM * m[i] + (1 - MOMENTUM) * g;
    }
    const float over = (float)(1 / fmax(sqrt(vector_square_sum(X, n)), SMALLEST));
    for (size_t i = 0; i < n; i++) X[i] *= over;
    const float *towards = orthogonalize(X, Y, A, B, rows, columns);
    const float step = (float)(s->lr * 0.2 * sqrt(rows > columns ? rows : columns));
    const float keep = (float)(1 - s->lr * (p->tensor->decay ? s->weight_decay : 0));
    for (size_t i = 0; i < n; i++) p->w[i] = keep * p->w[i] - step * towards[i];
}

static void update(const optimizer_piece *p, const optimizer_settings *s)
{
    if (is_matrix(p->tensor)) {
        update_matrix(p, s);
        return;
    }
    const adamw a = optimizer_adam(p, s);
    adamw_update(p->w, p->state[M], p->state[V], p->g, p->n, &a);
}

static const char *hazard(const optimizer_settings *s)
{
    return s->eps == 0 ? "train.eps is 0, and AdamW, which updates the embedding, the head and the "
                         "norms, divides 0 by 0 where a gradient is 0"
                       : NULL;
}

const optimizer optimizer_muon = {
    .name = "muon",
    .help =
        "orthogonal momentum for the matrices of the layers (Jordan et al. 2024), AdamW for the "
        "rest; reads weight_decay, and beta1, beta2, eps for AdamW's part",
    .states = states,
    .scratch = scratch,
    .whole = is_matrix,
    .update = update,
    .flops = flops,
    .hazard = hazard,
};
