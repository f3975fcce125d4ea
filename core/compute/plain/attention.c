/* attention.c - causal attention by the definition, one query at a time, sums in float64.
 *
 *     o_i = sum_s p_is v_s      p_is = exp(z_is - lse_i)      s <= i, i - s < window
 *     z_is = cap(scale q_i . k_s) + c_i - c_s
 *     cap(z) = z, or softcap tanh(z / softcap)
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

/* z_is of head h; *slope is the derivative of cap. */
static double score(double *slope, const float *qi, const float *k, const attention *a, int i,
                    int h, int s)
{
    const size_t g = (size_t)(h / (a->H / a->G));
    double z = a->scale * dot(qi, k + s * (size_t)a->k_row + g * a->k_head, a->E);
    *slope = 1;
    if (a->softcap > 0) {
        const double t = tanh(z / a->softcap);
        *slope = 1 - t * t;
        z = a->softcap * t;
    }
    if (!a->bias) return z;
    const float *c = a->bias + (size_t)h * a->bias_head;
    return z + c[a->T - a->S + i] - c[s];
}

void plain_attention_forward(float *o, float *lse, const float *q, const float *k, const float *v,
                             const attention *a)
{
    for (int i = 0; i < a->S; i++)
        for (int h = 0; h < a->H; h++) {
            const size_t g = (size_t)(h / (a->H / a->G));
            const float *qi = q + (size_t)i * a->q_row + (size_t)h * a->q_head;
            float *oi = o + (size_t)i * a->o_row + (size_t)h * a->o_head;
            double top = -INFINITY, sum = 0, slope;
            int first, last;
            seen(&first, &last, a, i);
            for (int s = first; s < last; s++) {
                const double z = score(&slope, qi, k, a, i, h, s);
                top = z > top || isnan(z) ? z : top;
            }
            memset(oi, 0, sizeof *oi * (size_t)a->Ev);
            for (int s = first; s < last; s++) {
                const float *vs = v + s * (size_t)a->v_row + g * a->v_head;
                const double p = exp(score(&slope, qi, k, a, i, h, s) - top);
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
    for (int h = 0; a->dbias && h < a->H; h++)
        memset(a->dbias + (size_t)h * a->bias_head, 0, sizeof *a->dbias * (size_t)a->T);
    for (int i = 0; i < a->S; i++)
        for (int h = 0; h < a->H; h++) {
            const size_t g = (size_t)(h / (a->H / a->G));
            const size_t qi = (size_t)i * a->q_row + (size_t)h * a->q_head;
            const size_t oi = (size_t)i * a->o_row + (size_t)h * a->o_head;
            const double mean = dot(dO + oi, o + oi, a->Ev);
            float *dbias = a->dbias ? a->dbias + (size_t)h * a->bias_head : NULL;
            int first, last;
            seen(&first, &last, a, i);
            for (int s = first; s < last; s++) {
                const size_t ks = s * (size_t)a->k_row + g * a->k_head;
                const size_t vs = s * (size_t)a->v_row + g * a->v_head;
                double slope;
                const double z = score(&slope, q + qi, k, a, i, h, s);
                const double p = exp(z - lse[(size_t)i * a->H + h]);
                const double pull = dot(dO + oi, v + vs, a->Ev) - mean;
                const float ds = (float)(a->scale * p * pull * slope);
                if (dbias) dbias[s] -= (float)(p * pull);
                for (int j = 0; j < a->Ev; j++) dv[vs + j] += (float)p * dO[oi + j];
                for (int j = 0; j < a->E; j++) dq[qi + j] += ds * k[ks + j];
                for (int j = 0; j < a->E; j++) dk[ks + j] += ds * q[qi + j];
            }
        }
}
