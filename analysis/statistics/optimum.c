/* optimum.c - a parabola in the logarithm, and Fieller's interval of its vertex.
 *
 * With every seed at every point of the window, the seeds' own levels drop out when l and l^2 are
 * centred over the points: two normal equations are left.
 */
#include "analysis/statistics/optimum.h"

#include "analysis/statistics/student.h"

#include <assert.h>
#include <math.h>

enum { SIDE = 2 }; /* points of the window on either side of the best */

/* The mean at a point; NaN if a seed has no result. */
static double mean_at(const double *y, int seeds)
{
    double sum = 0;
    for (int s = 0; s < seeds; s++) sum += y[s];
    return sum / seeds;
}

/* The best of the means, -1 if there is none. */
static int best_of(const double *mean, bool largest, int points)
{
    int best = -1;
    for (int j = 0; j < points; j++)
        if (!isnan(mean[j]) &&
            (best < 0 || (largest ? mean[j] > mean[best] : mean[j] < mean[best])))
            best = j;
    return best;
}

/* How many points below the best and as many above it have a mean. */
static int room(const double *mean, int best, int points)
{
    int side = 0;
    while (side < SIDE && best > side && best + side + 1 < points &&
           !isnan(mean[best - side - 1]) && !isnan(mean[best + side + 1]))
        side++;
    return side;
}

/* Sums over the window, of l and l^2 centred over its points. */
typedef struct sums {
    double l, q;       /* means of l and l^2 */
    double ll, lq, qq; /* squares and products */
    double b1, b2;
} sums;

static double at_of(const optimum *o, const double *x, int j)
{
    return log(x[j]) - o->centre;
}

/* Fit; returns false if the points don't determine a parabola. */
static bool fit(optimum *o, sums *k, const double *x, const double *mean)
{
    const int n = o->last - o->first + 1;
    double ly = 0, qy = 0, y = 0;
    *k = (sums){ 0 };
    o->centre = 0.5 * (log(x[o->first]) + log(x[o->last]));
    for (int j = o->first; j <= o->last; j++) {
        const double l = at_of(o, x, j);
        k->l += l / n, k->q += l * l / n, y += mean[j] / n;
    }
    for (int j = o->first; j <= o->last; j++) {
        const double l = at_of(o, x, j) - k->l, q = at_of(o, x, j) * at_of(o, x, j) - k->q;
        k->ll += l * l, k->lq += l * q, k->qq += q * q;
        ly += l * mean[j], qy += q * mean[j];
    }
    const double det = k->ll * k->qq - k->lq * k->lq;
    if (n < 3 || !(det > 0)) return false;
    k->b1 = (k->qq * ly - k->lq * qy) / det, k->b2 = (k->ll * qy - k->lq * ly) / det;
    o->c[1] = k->b1, o->c[2] = k->b2, o->c[0] = y - k->b1 * k->l - k->b2 * k->q;
    return true;
}

/* The residual variance of single results, seeds' levels apart. */
static double variance(const optimum *o, const double *x, const double *y, int seeds, int df)
{
    const int n = o->last - o->first + 1;
    double square = 0;
    for (int s = 0; s < seeds; s++) {
        double off = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int j = o->first; j <= o->last; j++) {
                const double u = at_of(o, x, j);
                const double r = y[j * seeds + s] - (o->c[1] * u + o->c[2] * u * u);
                if (pass)
                    square += (r - off) * (r - off);
                else
                    off += r / n;
            }
    }
    return square / df;
}

/* Where (b1 + 2 u b2)^2 is within t^2 times its variance. */
static void fieller(optimum *o, const sums *k, double s2, int seeds, int df)
{
    const double det = (k->ll * k->qq - k->lq * k->lq) * seeds, t = student_critical(0.025, df);
    const double v11 = s2 * k->qq / det, v22 = s2 * k->ll / det, v12 = -s2 * k->lq / det;
    const double a = 4 * (k->b2 * k->b2 - t * t * v22), b = 4 * (k->b1 * k->b2 - t * t * v12),
                 c = k->b1 * k->b1 - t * t * v11;
    const double root = b * b - 4 * a * c;
    o->lo = 0, o->hi = INFINITY;
    if (!(a > 0) || !(root >= 0)) return;
    o->lo = exp(o->centre + (-b - sqrt(root)) / (2 * a));
    o->hi = exp(o->centre + (-b + sqrt(root)) / (2 * a));
}

void optimum_find(optimum *o, const double *x, const double *y, bool largest, int points, int seeds)
{
    double mean[OPTIMUM_POINTS];
    sums k;
    assert(points <= OPTIMUM_POINTS && seeds > 0);
    *o = (optimum){ .x = NAN, .y = NAN, .lo = NAN, .hi = NAN };
    for (int j = 0; j < points; j++) mean[j] = mean_at(y + j * seeds, seeds);
    const int best = best_of(mean, largest, points);
    if (best < 0) return;
    o->x = x[best], o->y = mean[best];
    o->edge = best == 0 ? OPTIMUM_LOWER : best == points - 1 ? OPTIMUM_UPPER : OPTIMUM_INSIDE;
    const int side = room(mean, best, points);
    o->first = best - side, o->last = best + side;
    if (!side || !fit(o, &k, x, mean)) return;
    const double u = -k.b1 / (2 * k.b2);
    const bool curved = largest ? k.b2 < 0 : k.b2 > 0;
    if (!curved || u < at_of(o, x, best - 1) || u > at_of(o, x, best + 1)) return;
    const int df = (o->last - o->first + 1) * seeds - seeds - 2;
    o->fitted = true, o->x = exp(o->centre + u);
    o->y = o->c[0] + o->c[1] * u + o->c[2] * u * u;
    o->lo = 0, o->hi = INFINITY;
    if (df > 0) fieller(o, &k, variance(o, x, y, seeds, df), seeds, df);
}
