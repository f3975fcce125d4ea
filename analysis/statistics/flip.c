/* flip.c - joint sign-flips of whole seeds, and the procedure for 6 seeds or more that uses them.
 *
 * For each flip, the value up to which it counts has a closed form (flip.h).  These ends are kept
 * in sorted lists, so that p is a count and an interval is an order statistic.
 */
#include "analysis/statistics/flip.h"

#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <assert.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lists of ends: of a contrast alone; with the others about 0 and about their means; and the same
 * two from one side, where a flip has two ends: for the largest |t| and for the second largest. */
enum { ALONE, ABOUT_ZERO, ABOUT_MEAN, SIDE_ZERO, SIDE_MEAN, KINDS };
static const size_t START[KINDS] = { 0, 1, 2, 3, 5 }, SIZE[KINDS] = { 1, 1, 1, 2, 2 };
enum { FEWEST = 6 }; /* seeds with which sign-flips can reach 0.05 */
enum { SEED = 20 };  /* of the random flips, if there are too many to make all of them */

static size_t flips_of(int seeds)
{
    return (size_t)1 << (seeds - 1 < FLIP_EXACT - 1 ? seeds - 1 : FLIP_EXACT - 1);
}

static double *ends(const flip *f, int c, int kind, int above)
{
    return f->end + (((size_t)c * 2 + (size_t)above) * FLIP_LISTS + START[kind]) * f->flips;
}

/* turned[i][s]: does flip i change the sign of seed s?  Never that of seed 0, which picks one of a
 * flip and its mirror image. */
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

/* (mean)^2 / mean of squares of d - about after a flip: an increasing function of t^2. */
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

/* The two largest ratios among the contrasts other than c: from the three largest of all. */
enum { TOP = 3 };
typedef struct top {
    double x[TOP];
    int who[TOP];
} top;

static void top_add(top *t, double x, int who)
{
    for (int i = 0; i < TOP; i++)
        if (x > t->x[i]) {
            const double y = t->x[i];
            const int other = t->who[i];
            t->x[i] = x, t->who[i] = who;
            x = y, who = other;
        }
}

static void top_others(double other[2], const top *t, int c)
{
    for (int i = 0, k = 0; k < 2; i++)
        if (t->who[i] != c) other[k++] = t->x[i];
}

/* Means of the seeds that a flip changes and of those that it leaves. */
static void subset_means(double *lo, double *hi, const double *d, const bool *turned, int seeds)
{
    double sum[2] = { 0 };
    int n[2] = { 0 };
    for (int s = 0; s < seeds; s++) sum[turned[s]] += d[s], n[turned[s]]++;
    const double left = sum[0] / n[0], right = n[1] ? sum[1] / n[1] : left;
    *lo = fmin(left, right), *hi = fmax(left, right);
}

/* The distance from its mean up to which a contrast's |t| stays below that of another. */
static double reach_of(double spread, double other)
{
    return spread > 0 && other > 0 ? spread * sqrt(other / (1 - other)) : 0;
}

/* What flip i contributes to the lists of contrast c, given the seeds' subset means and the two
 * largest ratios of others. */
static void put_ends(flip *f, size_t i, int c, const double own[2], double spread, const top *zero,
                     const top *centre)
{
    const top *of[] = { zero, centre };
    for (int above = 0; above < 2; above++) {
        /* The identity has the |t| in question, so it counts whatever the value. */
        const double far = !i ? INFINITY : above ? own[1] - f->mean[c] : f->mean[c] - own[0];
        const double sign = above ? 1 : -1;
        ends(f, c, ALONE, above)[i] = f->mean[c] + sign * far;
        for (int k = 0; k < 2; k++) {
            double other[2];
            top_others(other, of[k], c);
            const double first = reach_of(spread, other[0]), second = reach_of(spread, other[1]);
            const double most = fmax(far, first), next = fmax(fmin(far, first), second);
            double *side = ends(f, c, SIDE_ZERO + k, above) + 2 * i;
            ends(f, c, ABOUT_ZERO + k, above)[i] = side[0] = f->mean[c] + sign * most;
            side[1] = f->mean[c] + sign * next;
        }
    }
}

void flip_open(flip *f, const double *d, int contrasts, int seeds)
{
    assert(contrasts > 0 && seeds > 1);
    *f = (flip){ .contrasts = contrasts, .seeds = seeds, .flips = flips_of(seeds) };
    f->mean = calloc((size_t)contrasts, sizeof *f->mean);
    f->end = calloc((size_t)contrasts * 2 * FLIP_LISTS * f->flips, sizeof *f->end);
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
        top zero = { { 0 }, { -1, -1, -1 } }, centre = zero;
        for (int c = 0; c < contrasts; c++) {
            const double *x = d + (size_t)c * (size_t)seeds;
            top_add(&zero, ratio(x, turn, 0, seeds), c);
            top_add(&centre, ratio(x, turn, f->mean[c], seeds), c);
        }
        for (int c = 0; c < contrasts; c++) {
            double own[2];
            subset_means(&own[0], &own[1], d + (size_t)c * (size_t)seeds, turn, seeds);
            put_ends(f, i, c, own, spread[c], &zero, &centre);
        }
    }
    for (int c = 0; c < contrasts; c++)
        for (int k = 0; k < KINDS; k++)
            for (int above = 0; above < 2; above++)
                gsl_sort(ends(f, c, k, above), 1, SIZE[k] * f->flips);
    free(spread), free(turned);
}

void flip_close(flip *f)
{
    free(f->mean), free(f->end);
    *f = (flip){ 0 };
}

/* The share of a list's ends that `delta` does not pass. */
static double p_of(const flip *f, int c, double delta, int kind)
{
    const double slack = 1e-12 * (fabs(delta) + fabs(f->mean[c])); /* ties count */
    const size_t n = SIZE[kind] * f->flips;
    size_t count = 0;
    if (delta > f->mean[c])
        for (const double *x = ends(f, c, kind, 1); count < n; count++) {
            if (x[n - 1 - count] < delta - slack) break;
        }
    else if (delta < f->mean[c])
        for (const double *x = ends(f, c, kind, 0); count < n; count++) {
            if (x[count] > delta + slack) break;
        }
    else
        count = n;
    return (double)count / (double)n;
}

double flip_p(const flip *f, int c, double delta, bool family)
{
    return family ? fmax(p_of(f, c, delta, ABOUT_ZERO), p_of(f, c, delta, ABOUT_MEAN))
                  : p_of(f, c, delta, ALONE);
}

double flip_p_side(const flip *f, int c, double delta)
{
    return fmax(p_of(f, c, delta, SIDE_ZERO), p_of(f, c, delta, SIDE_MEAN));
}

/* How many of the ends may be passed before p exceeds alpha. */
static size_t allowed(size_t ends, double alpha)
{
    return (size_t)floor(alpha * (double)ends + 1e-9);
}

static void interval(double *lo, double *hi, const flip *f, int c, double alpha, int kind)
{
    *lo = INFINITY, *hi = -INFINITY;
    const size_t n = SIZE[kind] * f->flips,
                 k = allowed(n, alpha); /* the end after these makes p too large */
    assert(k < n);
    for (int i = 0; i < 2; i++) {
        *lo = fmin(*lo, ends(f, c, kind + i, 0)[k]);
        *hi = fmax(*hi, ends(f, c, kind + i, 1)[n - 1 - k]);
    }
}

void flip_interval(double *lo, double *hi, const flip *f, int c, double alpha)
{
    interval(lo, hi, f, c, alpha, ABOUT_ZERO);
}

void flip_interval_side(double *lo, double *hi, const flip *f, int c, double alpha)
{
    interval(lo, hi, f, c, alpha, SIDE_ZERO);
}

double flip_level(int seeds, double alpha)
{
    const size_t flips = flips_of(seeds);
    return (double)allowed(flips, alpha) / (double)flips;
}

bool flip_reaches(int seeds, double alpha)
{
    return seeds >= FEWEST && flip_level(seeds, alpha) > 0;
}

static bool applies(const procedure_case *k)
{
    return flip_reaches(k->seeds, k->alpha);
}

static void describe(char *text, size_t size, const contrast_result *r)
{
    snprintf(text, size,
             "paired by seed (n = %d), own standard errors, joint sign-flips of whole seeds (max "
             "|t|, %s)",
             r->shared_seeds,
             r->shared_seeds <= FLIP_EXACT ? "all of them" : "32768 of them, fixed");
}

static void compute(contrast_result *r, const contrast_study *s)
{
    const size_t n = (size_t)r->shared_seeds;
    double *d = error_zeroed((size_t)s->pairs * n, sizeof *d), *b = error_zeroed(n, sizeof *b);
    int contrasts = 0;
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!contrast_compared(r, c->of)) continue;
        double *x = d + (size_t)contrasts++ * n;
        contrast_values(x, r, s, c->of.arm), contrast_values(b, r, s, c->of.base);
        for (size_t k = 0; k < n; k++) x[k] -= b[k];
        c->se = gsl_stats_sd(x, 1, n) / sqrt((double)n), c->df = (double)n - 1;
    }
    flip f;
    flip_open(&f, d, contrasts, (int)n);
    contrasts = 0;
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!contrast_compared(r, c->of)) continue;
        const int k = contrasts++;
        flip_interval(&c->lo, &c->hi, &f, k, s->alpha);
        flip_interval_side(&c->inner_lo, &c->inner_hi, &f, k, s->alpha);
        c->p = flip_p(&f, k, 0, false), c->p_adjusted = flip_p(&f, k, 0, true);
        if (!isnan(s->margin))
            c->p_equivalent = fmax(flip_p_side(&f, k, s->margin), flip_p_side(&f, k, -s->margin));
        if (fabs(c->diff) >= s->margin) c->p_equivalent = 1; /* not even the mean is inside */
    }
    flip_close(&f);
    free(d), free(b);
}

static void combine(procedure_estimate *row, const double *by_seed, const maxt_family *family,
                    const contrast_result *r, double alpha, int rows)
{
    (void)family; /* flips find the joint distribution themselves */
    flip f;
    flip_open(&f, by_seed, rows, r->shared_seeds);
    for (int i = 0; i < rows; i++) {
        flip_interval(&row[i].lo, &row[i].hi, &f, i, alpha);
        row[i].p_adjusted = flip_p(&f, i, 0, true);
    }
    flip_close(&f);
}

static double freedom(const procedure_plan *p, const contrast *row, int seeds)
{
    (void)p, (void)row;
    return seeds - 1;
}

/* Normal errors, at the level that the flips of so many seeds really reach. */
static double critical(const procedure_plan *p, double df, int seeds, bool equivalence)
{
    return equivalence ? maxt_critical_side(&p->family, flip_level(seeds, 2 * p->alpha) / 2, df)
                       : maxt_critical(&p->family, flip_level(seeds, p->alpha), df);
}

const procedure procedure_flip = {
    .name = "sign-flips",
    .assumes = "differences that scatter symmetrically about their means",
    .recipe =
        "A contrast is a difference between two arms at each seed, and its t is their mean over "
        "the standard error of that mean. A flip changes the signs of all contrasts at some of the "
        "seeds, and every t is computed anew. The adjusted p of a contrast is the share of flips "
        "(the one that changes nothing counts) in which the largest |t| of all contrasts is at "
        "least the |t| that this contrast has. This is done under two null hypotheses, and p is "
        "the larger of the two shares: the other contrasts are flipped about 0, or about their own "
        "means. The interval holds the differences whose p, computed likewise, is above alpha.",
    .paired = true,
    .applies = applies,
    .describe = describe,
    .compute = compute,
    .combine = combine,
    .freedom = freedom,
    .critical = critical,
};
