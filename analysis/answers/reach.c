/* reach.c - find where curves fall to a loss, and summarise the ratios of their tokens over seeds.
 */
#include "analysis/answers/reach.h"

#include "analysis/statistics/student.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_spline.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* Tokens at which the curve crosses the loss between points i and i + 1. */
static double crossing(const curve *k, int i, double loss)
{
    enum { HALVINGS = 60 };
    double *u = error_zeroed((size_t)k->n, sizeof *u);
    for (int p = 0; p < k->n; p++) u[p] = log(k->tokens[p]);
    double lo = u[i], hi = u[i + 1];
    if (k->n < 3) /* Steffen's method needs three points */
        hi = lo + (hi - lo) * (k->loss[i] - loss) / (k->loss[i] - k->loss[i + 1]);
    else {
        gsl_spline *s = gsl_spline_alloc(gsl_interp_steffen, (size_t)k->n);
        gsl_interp_accel *at = gsl_interp_accel_alloc();
        if (!s || !at) error_memory();
        gsl_spline_init(s, u, k->loss, (size_t)k->n);
        for (int h = 0; h < HALVINGS; h++) {
            const double middle = (lo + hi) / 2;
            if (gsl_spline_eval(s, middle, at) <= loss)
                hi = middle;
            else
                lo = middle;
        }
        gsl_spline_free(s), gsl_interp_accel_free(at);
    }
    free(u);
    return exp(hi);
}

double reach_tokens(const curve *k, double loss)
{
    if (k->n == 0) return NAN;
    if (k->loss[0] < loss) return -INFINITY;
    if (k->loss[0] == loss) return k->tokens[0];
    for (int i = 0; i + 1 < k->n; i++)
        if (k->loss[i + 1] == loss)
            return k->tokens[i + 1];
        else if (k->loss[i + 1] < loss)
            return crossing(k, i, loss);
    return INFINITY;
}

/* Which order statistic from either end bounds the interval, counting from 1; 0 if even the
 * extremes do not contain the median often enough. */
static int order_of(int n, double alpha)
{
    int k = 0;
    while (k < n / 2 && 2 * gsl_cdf_binomial_P((unsigned)k, 0.5, (unsigned)n) <= alpha) k++;
    return k;
}

void reach_summarise(reach *r, double *x, int n, double alpha)
{
    r->n = n, r->ratio = r->lo = r->hi = NAN;
    if (!n) return;
    bool whole = true;
    for (int i = 0; i < n; i++) whole = whole && isfinite(x[i]);
    r->median = !whole;
    const size_t N = (size_t)n;
    if (whole) {
        const double mean = gsl_stats_mean(x, 1, N);
        const double half =
            n < 2 ? NAN : student_critical(alpha / 2, n - 1) * gsl_stats_sd(x, 1, N) / sqrt(n);
        r->ratio = exp(mean), r->lo = exp(mean - half), r->hi = exp(mean + half);
        return;
    }
    gsl_sort(x, 1, N);
    const double low = x[(n - 1) / 2], high = x[n / 2];
    r->ratio = exp(low == high ? low : isfinite(low) && isfinite(high) ? (low + high) / 2 : high);
    const int k = order_of(n, alpha);
    if (k) r->lo = exp(x[k - 1]), r->hi = exp(x[n - k]);
}

/* The ratios of one row.  A ratio of which only a bound is known counts as 0 or infinite. */
static void compare(reach *r, const series_list *l, double given, double alpha)
{
    const study *s = l->study;
    const series *arm = &l->row[r->series], *base = &l->row[r->base];
    double *x = error_zeroed((size_t)s->seeds, sizeof *x), loss = 0, tokens = 0;
    int n = 0, targets = 0;
    r->least = INFINITY;
    for (int i = 0; i < s->seeds; i++) {
        const curve *a = &arm->curve[i], *b = &base->curve[i];
        if (!a->n || !b->n) continue;
        double target = given;
        for (int p = 0; p < b->n && isnan(given); p++)
            if (base->basis != SERIES_HORIZONS || b->tokens[p] == r->tokens) target = b->loss[p];
        if (isnan(target)) continue;
        const double of_arm = reach_tokens(a, target), of_base = reach_tokens(b, target);
        if (isinf(of_arm) && isinf(of_base)) continue; /* no information */
        loss += target, targets++;
        if (isfinite(of_base)) tokens += log(of_base);
        r->reached += of_arm < INFINITY, r->early += of_arm == -INFINITY;
        if (of_arm == INFINITY) {
            r->least = fmin(r->least, a->tokens[a->n - 1] / of_base);
            x[n++] = INFINITY;
        } else if (of_arm == -INFINITY || of_base == INFINITY)
            x[n++] = -INFINITY;
        else if (of_base == -INFINITY)
            x[n++] = INFINITY;
        else
            x[n++] = log(of_arm / of_base);
    }
    r->loss = targets ? loss / targets : NAN;
    if (isnan(r->tokens)) r->tokens = targets ? round(exp(tokens / targets)) : NAN;
    if (isinf(r->least)) r->least = NAN;
    reach_summarise(r, x, n, alpha);
    free(x);
}

void reach_find(reach_list *out, const series_list *l, double loss)
{
    int room = 1;
    for (int k = 0; k < l->n; k++) room += l->row[k].base < 0 ? 0 : l->row[l->row[k].base].arms;
    *out = (reach_list){ 0, error_zeroed((size_t)room, sizeof(reach)) };
    for (int k = 0; k < l->n; k++) {
        if (l->row[k].base < 0) continue;
        const series *base = &l->row[l->row[k].base];
        double last = 0;
        for (int i = 0; i < base->arms; i++) {
            const double tokens = study_tokens(l->study, base->arm[i]);
            const bool horizons = base->basis == SERIES_HORIZONS && isnan(loss);
            if (tokens <= last || (!horizons && i > 0)) continue;
            reach *r = &out->row[out->n];
            *r = (reach){ .series = k, .base = l->row[k].base, .tokens = horizons ? tokens : NAN };
            compare(r, l, loss, l->study->alpha);
            last = tokens;
            out->n += r->n > 0;
        }
    }
}

void reach_close(reach_list *out)
{
    free(out->row);
    *out = (reach_list){ 0 };
}
