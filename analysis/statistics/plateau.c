/* plateau.c - find the level at which runs leave the plateau, and what the moment explains.
 *
 * Sums of the losses up to each step make a smoothed value two look-ups.  Curves are looked at on a
 * grid of steps in geometric progression, fine enough for every window to overlap the next.
 */
#include "analysis/statistics/plateau.h"

#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#define WINDOW 1.1
#define STRIDE 1.03
enum { BEGIN = 5 }; /* the first step looked at: before, a window holds a single step */

double plateau_smooth(const plateau_run *run, double step)
{
    int from = (int)ceil(step / WINDOW), to = (int)floor(step * WINDOW);
    if (from < 1) from = 1;
    if (to > run->n) to = run->n;
    if (from > to) from = to;
    return gsl_stats_mean(run->loss + from - 1, 1, (size_t)(to - from + 1));
}

/* The smoothed curve of a run: ln(step) and loss. */
typedef struct smooth {
    int n;
    double *at, *loss;
} smooth;

static void smooth_open(smooth *s, const plateau_run *run)
{
    *s = (smooth){ 0 };
    if (run->n < PLATEAU_FEWEST) return;
    const int most = (int)(log((double)run->n / BEGIN) / log(STRIDE)) + 2;
    s->at = error_zeroed((size_t)most, sizeof *s->at);
    s->loss = error_zeroed((size_t)most, sizeof *s->loss);
    for (double step = BEGIN; step <= run->n && s->n < most; step *= STRIDE, s->n++)
        s->at[s->n] = log(step), s->loss[s->n] = plateau_smooth(run, step);
}

static void smooth_close(smooth *s)
{
    free(s->at), free(s->loss);
}

/* ln(step) at which the curve first falls to a level; NaN if it never does, or begins below it. */
static double passes(const smooth *s, double level)
{
    for (int i = 1; i < s->n; i++) {
        if (s->loss[i] > level) continue;
        if (s->loss[i - 1] <= level) return NAN;
        const double part = (s->loss[i - 1] - level) / (s->loss[i - 1] - s->loss[i]);
        return s->at[i - 1] + part * (s->at[i] - s->at[i - 1]);
    }
    return NAN;
}

static double median(double *x, int n)
{
    gsl_sort(x, 1, (size_t)n);
    return gsl_stats_median_from_sorted_data(x, 1, (size_t)n);
}

/* From where the lowest of the runs begins to where the middle one ends; false if that is no range.
 */
static bool find_range(double *top, double *bottom, const smooth *s, int runs)
{
    double *end = error_zeroed((size_t)runs, sizeof *end);
    int n = 0;
    *top = INFINITY;
    for (int i = 0; i < runs; i++) {
        if (!s[i].n) continue;
        *top = fmin(*top, s[i].loss[0]);
        end[n++] = s[i].loss[s[i].n - 1];
    }
    if (n) *bottom = median(end, n);
    free(end);
    return n && *bottom < *top;
}

/* h of each bin, from the top down; NaN where no run has passed it. */
static void find_times(double h[PLATEAU_BINS], const smooth *s, double top, double bottom, int runs)
{
    double raw[PLATEAU_BINS];
    const double width = (top - bottom) / PLATEAU_BINS;
    for (int b = 0; b < PLATEAU_BINS; b++) {
        double sum = 0;
        int n = 0;
        for (int i = 0; i < runs; i++) {
            const double time =
                passes(&s[i], top - (b + 1) * width) - passes(&s[i], top - b * width);
            if (!isnan(time)) sum += time, n++;
        }
        raw[b] = n ? sum / n : NAN;
    }
    for (int b = 0; b < PLATEAU_BINS; b++) {
        double sum = 0;
        int n = 0;
        for (int k = b - 1; k <= b + 1; k++)
            if (k >= 0 && k < PLATEAU_BINS && !isnan(raw[k])) sum += raw[k], n++;
        h[b] = n ? sum / n : NAN;
    }
}

/* The bin with the least h among those from `from` up to, but not including, `to`; -1: none. */
static int fastest(const double h[PLATEAU_BINS], int from, int to)
{
    int best = -1;
    for (int b = from; b < to; b++)
        if (h[b] > 0 && (best < 0 || h[b] < h[best])) best = b;
    return best;
}

void plateau_find(plateau *p, plateau_run *run, int runs)
{
    double h[PLATEAU_BINS], top, bottom;
    smooth *s = error_zeroed((size_t)runs, sizeof *s);
    *p = (plateau){ .stay = NAN, .level = NAN };
    for (int i = 0; i < runs; i++) smooth_open(&s[i], &run[i]), run[i].moment = NAN;
    if (find_range(&top, &bottom, s, runs)) {
        const double width = (top - bottom) / PLATEAU_BINS;
        find_times(h, s, top, bottom, runs);
        for (int b = 1; b < PLATEAU_BINS - 1; b++) {
            const int before = fastest(h, 0, b), after = fastest(h, b + 1, PLATEAU_BINS);
            if (isnan(h[b]) || before < 0 || after < 0) continue;
            const double contrast = h[b] / fmax(h[before], h[after]);
            if (contrast <= p->contrast) continue;
            p->contrast = contrast;
            p->stay = top - (b + 0.5) * width, p->level = top - (after + 0.5) * width;
        }
        p->found = p->contrast >= PLATEAU_CONTRAST;
    }
    for (int i = 0; i < runs; i++) {
        if (p->found) run[i].moment = exp(passes(&s[i], p->level));
        smooth_close(&s[i]);
    }
    free(s);
}

/* atanh of the correlation of x and y (arms, seeds) about the means of the arms, without the seed
 * `skip`; NaN if there is too little. */
static double correlate(const double *x, const double *y, int skip, int arms, int seeds)
{
    double xx = 0, yy = 0, xy = 0;
    for (int a = 0; a < arms; a++) {
        double mx = 0, my = 0;
        int n = 0;
        for (int pass = 0; pass < 2; pass++)
            for (int s = 0; s < seeds; s++) {
                const double u = x[a * seeds + s], v = y[a * seeds + s];
                if (s == skip || isnan(u) || isnan(v)) continue;
                if (!pass)
                    mx += u, my += v, n++;
                else
                    xx += (u - mx / n) * (u - mx / n), yy += (v - my / n) * (v - my / n),
                        xy += (u - mx / n) * (v - my / n);
            }
    }
    return xx > 0 && yy > 0 ? atanh(fmax(-1 + 1e-12, fmin(1 - 1e-12, xy / sqrt(xx * yy)))) : NAN;
}

void plateau_explain(plateau_share *out, const double *moment, const double *final, int arms,
                     int seeds)
{
    const size_t cells = (size_t)arms * (size_t)seeds;
    double *x = error_zeroed(cells, sizeof *x), *z = error_zeroed((size_t)seeds, sizeof *z);
    int n = 0;
    *out = (plateau_share){ NAN, NAN, NAN, false };
    for (size_t i = 0; i < cells; i++) x[i] = log(moment[i]);
    const double all = correlate(x, final, -1, arms, seeds);
    for (int s = 0; s < seeds; s++) {
        bool any = false;
        for (int a = 0; a < arms; a++)
            any = any || (!isnan(x[a * seeds + s]) && !isnan(final[a * seeds + s]));
        const double one = any ? correlate(x, final, s, arms, seeds) : NAN;
        if (!isnan(one)) z[n++] = one;
    }
    if (!isnan(all)) {
        const double r = tanh(all);
        out->r2 = r * r, out->later_is_worse = r > 0;
        if (n > 3) {
            const double mean = gsl_stats_mean(z, 1, (size_t)n);
            double sum = 0;
            for (int i = 0; i < n; i++) sum += (z[i] - mean) * (z[i] - mean);
            const double half = student_critical(0.025, n - 1) * sqrt(sum * (n - 1) / n),
                         lo = tanh(all - half), hi = tanh(all + half);
            out->lo = lo * hi > 0 ? fmin(lo * lo, hi * hi) : 0, out->hi = fmax(lo * lo, hi * hi);
        }
    }
    free(x), free(z);
}
