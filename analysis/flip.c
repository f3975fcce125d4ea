/* flip.c - see flip.h. */
#include "analysis/flip.h"

#include "core/error.h"

#include <assert.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ALONE, ABOUT_ZERO, ABOUT_MEAN, KINDS };
enum { SEED = 20 }; /* of the flips when there are too many to make all */

static size_t flips_of(int seeds)
{
    return (size_t)1 << (seeds - 1 < FLIP_EXACT - 1 ? seeds - 1 : FLIP_EXACT - 1);
}

static double *ends(const flip *f, int c, int kind, int above)
{
    return f->end + (((size_t)c * KINDS + (size_t)kind) * 2 + (size_t)above) * f->flips;
}

/* turned[i][s]: is seed s turned round in flip i?  Seed 0 never is: that picks one of a flip and
 * its mirror image. */
static bool *make_flips(size_t flips, int seeds)
{
    bool *turned = calloc(flips * (size_t)seeds, sizeof *turned);
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);
    if (!turned || !r) error_memory();
    gsl_rng_set(r, SEED);
    for (size_t i = 1; i < flips; i++)
        for (int s = 1; s < seeds; s++)
            turned[i * (size_t)seeds + (size_t)s] =
                seeds <= FLIP_EXACT ? i >> (s - 1) & 1 : gsl_rng_uniform_int(r, 2) == 1;
    gsl_rng_free(r);
    return turned;
}

/* (mean)^2 / mean of squares of d - about after a flip: t^2 by an increasing function. */
static double ratio(const double *d, const bool *turned, double about, int seeds)
{
    double sum = 0, squares = 0;
    for (int s = 0; s < seeds; s++) {
        const double x = d[s] - about;
        sum += turned[s] ? -x : x;
        squares += x * x;
    }
    return squares > 0 ? fmin(1, sum * sum / (seeds * squares)) : 0;
}

/* The largest ratio among the contrasts other than c: from the two largest of all. */
typedef struct top {
    double first, second;
    int who;
} top;

static void top_add(top *t, double x, int who)
{
    if (x > t->first)
        *t = (top){ x, t->first, who };
    else if (x > t->second)
        t->second = x;
}

static double top_other(const top *t, int c)
{
    return t->who == c ? t->second : t->first;
}

/* Means of the seeds that a flip turns round and of those that it leaves. */
static void subset_means(double *lo, double *hi, const double *d, const bool *turned, int seeds)
{
    double sum[2] = { 0 };
    int n[2] = { 0 };
    for (int s = 0; s < seeds; s++) sum[turned[s]] += d[s], n[turned[s]]++;
    const double left = sum[0] / n[0], right = n[1] ? sum[1] / n[1] : left;
    *lo = fmin(left, right), *hi = fmax(left, right);
}

void flip_open(flip *f, const double *d, int contrasts, int seeds)
{
    assert(contrasts > 0 && seeds > 1);
    *f = (flip){ .contrasts = contrasts, .seeds = seeds, .flips = flips_of(seeds) };
    f->mean = calloc((size_t)contrasts, sizeof *f->mean);
    f->end = calloc((size_t)contrasts * KINDS * 2 * f->flips, sizeof *f->end);
    double *spread = calloc((size_t)contrasts, sizeof *spread); /* sqrt of the mean square */
    bool *turned = make_flips(f->flips, seeds);
    if (!f->mean || !f->end || !spread) error_memory();
    for (int c = 0; c < contrasts; c++) {
        const double *x = d + (size_t)c * (size_t)seeds;
        for (int s = 0; s < seeds; s++) f->mean[c] += x[s] / seeds;
        for (int s = 0; s < seeds; s++)
            spread[c] += (x[s] - f->mean[c]) * (x[s] - f->mean[c]) / seeds;
        spread[c] = sqrt(spread[c]);
    }
    for (size_t i = 0; i < f->flips; i++) {
        const bool *turn = turned + i * (size_t)seeds;
        top zero = { 0, 0, -1 }, centre = { 0, 0, -1 };
        for (int c = 0; c < contrasts; c++) {
            const double *x = d + (size_t)c * (size_t)seeds;
            top_add(&zero, ratio(x, turn, 0, seeds), c);
            top_add(&centre, ratio(x, turn, f->mean[c], seeds), c);
        }
        for (int c = 0; c < contrasts; c++) {
            double lo, hi;
            subset_means(&lo, &hi, d + (size_t)c * (size_t)seeds, turn, seeds);
            const double others[KINDS] = { 0, top_other(&zero, c), top_other(&centre, c) };
            for (int k = 0; k < KINDS; k++) {
                /* |t| about delta passes the others' where (delta - mean)^2 is this. */
                const double reach = spread[c] > 0 && others[k] > 0
                                         ? spread[c] * sqrt(others[k] / (1 - others[k]))
                                         : 0;
                /* The identity has the |t| in question, so it counts whatever the value. */
                ends(f, c, k, 0)[i] = i ? fmin(lo, f->mean[c] - reach) : -INFINITY;
                ends(f, c, k, 1)[i] = i ? fmax(hi, f->mean[c] + reach) : INFINITY;
            }
        }
    }
    for (int c = 0; c < contrasts; c++)
        for (int k = 0; k < KINDS; k++)
            for (int above = 0; above < 2; above++) gsl_sort(ends(f, c, k, above), 1, f->flips);
    free(spread), free(turned);
}

void flip_close(flip *f)
{
    free(f->mean), free(f->end);
    *f = (flip){ 0 };
}

static double p_of(const flip *f, int c, double delta, int kind)
{
    const double slack = 1e-12 * (fabs(delta) + fabs(f->mean[c])); /* ties count */
    size_t count = 0;
    if (delta > f->mean[c])
        for (const double *x = ends(f, c, kind, 1); count < f->flips; count++) {
            if (x[f->flips - 1 - count] < delta - slack) break;
        }
    else if (delta < f->mean[c])
        for (const double *x = ends(f, c, kind, 0); count < f->flips; count++) {
            if (x[count] > delta + slack) break;
        }
    else
        count = f->flips;
    return (double)count / (double)f->flips;
}

double flip_p(const flip *f, int c, double delta, bool family)
{
    return family ? fmax(p_of(f, c, delta, ABOUT_ZERO), p_of(f, c, delta, ABOUT_MEAN))
                  : p_of(f, c, delta, ALONE);
}

/* How many flips, with the identity, may count before p is above alpha. */
static size_t allowed(size_t flips, double alpha)
{
    return (size_t)floor(alpha * (double)flips + 1e-9);
}

void flip_interval(double *lo, double *hi, const flip *f, int c, double alpha)
{
    *lo = INFINITY, *hi = -INFINITY;
    const size_t k = allowed(f->flips, alpha); /* the flip after these makes p too large */
    assert(k < f->flips);
    for (int kind = ABOUT_ZERO; kind <= ABOUT_MEAN; kind++) {
        *lo = fmin(*lo, ends(f, c, kind, 0)[k]);
        *hi = fmax(*hi, ends(f, c, kind, 1)[f->flips - 1 - k]);
    }
}

double flip_level(int seeds, double alpha)
{
    const size_t flips = flips_of(seeds);
    return (double)allowed(flips, alpha) / (double)flips;
}
