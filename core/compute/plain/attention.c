/* attention.c - causal attention by the definition, one query at a time, sums in float64.
 *
 *     o_i = sum_s p_is v_s      p_is = exp(scale q_i . k_s - lse_i)      s <= i, i - s < window
 *
 * The gradients are those of core/compute/attention.h.  Scores are computed again wherever they are
 * needed, so memory does not grow with T.
 */
#include "core/compute/plain/plain.h"

#include <math.h>
#include <string.h>

static double dot(const float *x, const float *y, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i] * y[i];
    return sum;
}

/* Query i sees the keys s = first, ..., last - 1. */
static void seen(int *first, int *last, const attention *a, int i)
{
    *last = a->T - a->S + i + 1;
    *first = *last > a->window ? *last - a->window : 0;
}

void plain_attention_forward(float *o, float *lse, const float *q, const float *k, const float *v,
                             const attention *a)
{
    for (int i = 0; i < a->S; i++)
        for (int h = 0; h < a->H; h++) {
            const size_t g = (size_t)(h / (a->H / a->G));
            const float *qi = q + (size_t)i * a->q_row + (size_t)h * a->q_head;
            float *oi = o + (size_t)i * a->o_row + (size_t)h * a->o_head;
            double top = -INFINITY, sum = 0;
            int first, last;
            seen(&first, &last, a, i);
            for (int s = first; s < last; s++) {
                const double score =
                    a->scale * dot(qi, k + s * (size_t)a->k_row + g * a->k_head, a->E);
                top = score > top || isnan(score) ? score : top;
            }
            memset(oi, 0, sizeof *oi * (size_t)a->Ev);
            for (int s = first; s < last; s++) {
                const float *vs = v + s * (size_t)a->v_row + g * a->v_head;
                const double p =
                    exp(a->scale * dot(qi, k + s * (size_t)a->k_row + g * a->k_head, a->E) - top);
                sum += p;
                for (int j = 0; j < a->Ev; j++) oi[j] += (float)p * vs[j];
            }
            for (int j = 0; j < a->Ev; j++) oi[j] /= (float)sum;
            if (lse) lse[(size_t)i * a->H + h] = (float)(top + log(sum));
        }
}

void plain_attention_clear(float *x, int rows, int heads, int row, int head, int width)
{
    for (int i = 0; i < rows; i++)
        for (int h = 0; h < heads; h++)
            memset(x + (size_t)i * row + (size_t)h * head, 0, sizeof *x * (size_t)width);
}

void plain_attention_backward(float *dq, float *dk, float *dv, const float *dO, const float *o,
                              const float *lse, const float *q, const float *k, const float *v,
                              const attention *a)
{
    plain_attention_clear(dq, a->S, a->H, a->q_row, a->q_head, a->E);
    plain_attention_clear(dk, a->T, a->G, a->k_row, a->k_head, a->E);
    plain_attention_clear(dv, a->T, a->G, a->v_row, a->v_head, a->Ev);
    for (int i = 0; i < a->S; i++)
        for (int h = 0; h < a->H; h++) {
            const size_t g = (size_t)(h / (a->H / a->G));
            const size_t qi = (size_t)i * a->q_row + (size_t)h * a->q_head;
            const size_t oi = (size_t)i * a->o_row + (size_t)h * a->o_head;
            const double mean = dot(dO + oi, o + oi, a->Ev);
            int first, last;
            seen(&first, &last, a, i);
            for (int s = first; s < last; s++) {
                const size_t ks = s * (size_t)a->k_row + g * a->k_head;
                const size_t vs = s * (size_t)a->v_row + g * a->v_head;
                const double p =
                    exp(a->scale * dot(q + qi, k + ks, a->E) - lse[(size_t)i * a->H + h]);
                const float ds = (float)(a->scale * p * (dot(dO + oi, v + vs, a->Ev) - mean));
                for (int j = 0; j < a->Ev; j++) dv[vs + j] += (float)p * dO[oi + j];
                for (int j = 0; j < a->E; j++) dq[qi + j] += ds * k[ks + j];
                for (int j = 0; j < a->E; j++) dk[ks + j] += ds * q[qi + j];
            }
        }
}
