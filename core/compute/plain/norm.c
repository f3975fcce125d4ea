/* norm.c - RMSNorm, a row at a time, sums in float64.
 *
 *     y_j = x_j r gain_j      r = (sum_j x_j^2 / D + eps)^(-1/2)
 *     dx_j = r gain_j dy_j - x_j r^3 / D sum_i dy_i gain_i x_i      dgain_j += dy_j x_j r
 *
 * B. Zhang and R. Sennrich, Root mean square layer normalization, 2019.
 */
#include "core/compute/plain/plain.h"

#include <math.h>

void plain_rmsnorm(float *y, float *r, const float *x, const float *gain, int N, int D, float eps)
{
    for (int i = 0; i < N; i++, x += D, y += D) {
        double sum = 0;
        for (int j = 0; j < D; j++) sum += (double)x[j] * x[j];
        r[i] = (float)(1 / sqrt(sum / D + eps));
        for (int j = 0; j < D; j++) y[j] = x[j] * r[i] * gain[j];
    }
}

void plain_rmsnorm_backward(float *dx, float *dgain, const float *dy, const float *x,
                            const float *r, const float *gain, int N, int D, float beta)
{
    for (int i = 0; i < N; i++, x += D, dy += D, dx += D) {
        double sum = 0;
        for (int j = 0; j < D; j++) sum += (double)dy[j] * gain[j] * x[j];
        const float pull = (float)(sum * r[i] * r[i] * r[i] / D);
        for (int j = 0; j < D; j++) {
            const float g = dy[j] * r[i], d = g * gain[j] - x[j] * pull;
            dgain[j] += g * x[j];
            dx[j] = beta == 0 ? d : d + beta * dx[j];
        }
    }
}
