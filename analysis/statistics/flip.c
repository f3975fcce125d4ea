/* flip.c - joint sign-flips of whole seeds, and the procedure for 6 seeds or more that uses them.
 *
 * For each flip, the value up to which it counts has a closed form (flip.h).  These ends are kept
 * in sorted lists, so that p is a count and an interval is an order statistic.
 */
#include "analysis/statistics/flip.h"

#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <assert.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

/* sign[s][i]: -1 if flip i changes the sign of seed s, else 1.  Never that of seed 0, which picks
 * one of a flip and its mirror image.  `sum`: over seeds. */
static void make_flips(flip *f)
{
    const size_t flips = f->flips;
    const int seeds = f->seeds;
    const bool all = seeds <= FLIP_EXACT && flips == flips_of(seeds);
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);
    if (!r) error_memory();
    gsl_rng_set(r, SEED);
    for (int s = 0; s < seeds; s++) f->sign[(size_t)s * flips] = 1;
    for (size_t i = 0; i < flips; i++) f->sign[i] = 1;
    for (size_t i = 1; i < flips; i++)
        for (int s = 1; s < seeds; s++) {
            const bool turned = all ? i >> (s - 1) & 1 : gsl_rng_uniform_int(r, 2) == 1;
            f->sign[(size_t)s * flips + i] = turned ? -1 : 1;
        }
    for (int s = 0; s < seeds; s++)
        for (size_t i = 0; i < flips; i++) f->sum[i] += f->sign[(size_t)s * flips + i];
    gsl_rng_free(r);
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

/* The distance from its mean up to which a contrast's |t| stays below that of another. */
static double reach_of(double spread, double other)
{
    return spread > 0 && other > 0 ? spread * sqrt(other / (1 - other)) : 0;
}

/* How far a flip alone reaches below and above the mean of contrast c: to the mean of the seeds
 * that it changes, or to that of those it leaves.  `sum`: of the centred differences after the
 * flip. */
static void reach_alone(double far[2], const flip *f, size_t i, double sum)
{
    const double left = (f->seeds + f->sum[i]) / 2, turned = (f->seeds - f->sum[i]) / 2;
    far[sum > 0] = fabs(sum) / 2 / left, far[!(sum > 0)] = fabs(sum) / 2 / turned;
}

/* What flip i contributes to the lists of contrast c, given how far it reaches alone, and the
 * largest ratios of all contrasts. */
static void put_ends(flip *f, size_t i, int c, const double alone[2], const top *zero,
                     const top *centre)
{
    const top *of[] = { zero, centre };
    double first[2], second[2];
    for (int k = 0; k < 2; k++) {
        double other[2];
        top_others(other, of[k], c);
        first[k] = reach_of(f->spread[c], other[0]), second[k] = reach_of(f->spread[c], other[1]);
    }
    for (int above = 0; above < 2; above++) {
        /* The identity has the |t| in question, so it counts whatever the value. */
        const double far = i ? alone[above] : INFINITY, sign = above ? 1 : -1;
        ends(f, c, ALONE, above)[i] = f->mean[c] + sign * far;
        for (int k = 0; k < 2; k++) {
            const double most = far > first[k] ? far : first[k],
                         least = far < most ? far : first[k],
                         next = least > second[k] ? least : second[k];
            double *side = ends(f, c, SIDE_ZERO + k, above) + 2 * i;
            ends(f, c, ABOUT_ZERO + k, above)[i] = side[0] = f->mean[c] + sign * most;
            side[1] = f->mean[c] + sign * next;
        }
    }
}

/* Room for `contrasts`, and the flips: all, or `most` of them. */
static void start(flip *f, int contrasts, int seeds, size_t most)
{
    assert(contrasts > 0 && seeds > 1);
    *f = (flip){ .contrasts = contrasts, .seeds = seeds, .flips = flips_of(seeds) };
    if (f->flips > most) f->flips = most;
    const size_t n = (size_t)contrasts;
    f->mean = error_zeroed(n, sizeof *f->mean), f->spread = error_zeroed(n, sizeof *f->spread);
    f->end = error_zeroed(n * 2 * FLIP_LISTS * f->flips, sizeof *f->end);
    f->turned = error_zeroed(n * f->flips, sizeof *f->turned);
    f->sign = error_zeroed((size_t)seeds * f->flips, sizeof *f->sign);
    f->sum = error_zeroed(f->flips, sizeof *f->sum);
    make_flips(f);
}

/* Mean and spread of each contrast, and the sums of its centred differences after each flip. */
static void load(flip *f, const double *d)
{
    for (int c = 0; c < f->contrasts; c++) {
        const double *x = d + (size_t)c * (size_t)f->seeds;
        double *sum = f->turned + (size_t)c * f->flips, mean = 0, square = 0;
        for (int s = 0; s < f->seeds; s++) mean += x[s] / f->seeds;
        for (int s = 0; s < f->seeds; s++) square += (x[s] - mean) * (x[s] - mean) / f->seeds;
        f->mean[c] = mean, f->spread[c] = sqrt(square);
        for (size_t i = 0; i < f->flips; i++) sum[i] = 0;
        for (int s = 0; s < f->seeds; s++) {
            const signed char *sign = f->sign + (size_t)s * f->flips;
            const double centred = x[s] - mean;
            for (size_t i = 0; i < f->flips; i++) sum[i] += sign[i] * centred;
        }
    }
}

/* (sum)^2 / (n * sum of squares): an increasing function of t^2. */
static double ratio(double sum, double squares, int seeds)
{
    const double all = seeds * squares;
    return sum * sum < all ? sum * sum / all : squares > 0;
}

/* Fill the lists of `count` contrasts from `first` on, unsorted, for d (contrasts, seeds). */
static void fill(flip *f, const double *d, int first, int count)
{
    const int n = f->seeds;
    load(f, d);
    for (size_t i = 0; i < f->flips; i++) {
        top zero = { { 0 }, { -1, -1, -1 } }, centre = zero;
        for (int c = 0; c < f->contrasts; c++) {
            const double mean = f->mean[c], square = f->spread[c] * f->spread[c];
            const double sum = f->turned[(size_t)c * f->flips + i];
            top_add(&zero, ratio(sum + mean * f->sum[i], n * (square + mean * mean), n), c);
            top_add(&centre, ratio(sum, n * square, n), c);
        }
        for (int c = first; c < first + count; c++) {
            double alone[2];
            reach_alone(alone, f, i, f->turned[(size_t)c * f->flips + i]);
            put_ends(f, i, c, alone, &zero, &centre);
        }
    }
}

void flip_open(flip *f, const double *d, int contrasts, int seeds)
{
    flip_open_some(f, d, (size_t)-1, contrasts, seeds);
}

void flip_open_some(flip *f, const double *d, size_t most, int contrasts, int seeds)
{
    start(f, contrasts, seeds, most);
    fill(f, d, 0, contrasts);
    for (int c = 0; c < contrasts; c++)
        for (int k = 0; k < KINDS; k++)
            for (int above = 0; above < 2; above++)
                gsl_sort(ends(f, c, k, above), 1, SIZE[k] * f->flips);
}

void flip_close(flip *f)
{
    free(f->mean), free(f->spread), free(f->end);
    free(f->turned), free(f->sign), free(f->sum);
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
             "|t|, %s; p is the larger of two, with the other contrasts flipped about 0 and about "
             "their means)",
             r->shared_seeds,
             r->shared_seeds <= FLIP_EXACT ? "all of them" : "32768 of them, fixed");
}

static void compute(contrast_result *r, const contrast_study *s)
{
    const size_t n = (size_t)r->shared_seeds;
    double *d = error_zeroed((size_t)s->pairs * n, sizeof *d);
    int contrasts = 0;
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!contrast_compared(r, c->of)) continue;
        procedure_subtract(c, d + (size_t)contrasts++ * n, r, s);
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
    free(d);
}

static void combine(procedure_estimate *row, const double *by_seed, double alpha, int rows,
                    int seeds)
{
    flip f;
    flip_open(&f, by_seed, rows, seeds);
    for (int i = 0; i < rows; i++) {
        flip_interval(&row[i].lo, &row[i].hi, &f, i, alpha);
        row[i].p_adjusted = flip_p(&f, i, 0, true);
    }
    flip_close(&f);
}

/* For planning: intervals are simulated where flips are few.  Beyond, they are as good as those of
 * max |t| for normal errors, at the level that so many flips reach. */
enum { SIMULATED = 24, ENDS = 4, SAMPLES = 3000, STUDIES_LEAST = 300 };

/* Beyond so many flips, more change power by less than a point. */
static size_t flips_enough(double alpha)
{
    return (size_t)fmax(512, ceil(25 / alpha));
}

/* Differences of normal arms of one variance, in units of their own standard deviation:
 * d (contrasts, seeds); y: room for the arms. */
static void make_differences(double *d, double *y, const maxt_family *family, int seeds, gsl_rng *g)
{
    const size_t n = (size_t)seeds;
    const int arms = family->clique ? family->clique : maxt_contrasts(family) + family->stars;
    for (size_t i = 0; i < (size_t)arms * n; i++) y[i] = gsl_ran_gaussian_ziggurat(g, M_SQRT1_2);
    for (int a = 0; a < family->clique; a++)
        for (int b = 0; b < a; b++, d += n)
            for (size_t s = 0; s < n; s++) d[s] = y[(size_t)a * n + s] - y[(size_t)b * n + s];
    for (int star = 0; !family->clique && star < family->stars; star++) {
        const double *base = y;
        y += n;
        for (int k = 0; k < family->size[star]; k++, y += n, d += n)
            for (size_t s = 0; s < n; s++) d[s] = y[s] - base[s];
    }
}

/* interval() of lists that are not sorted; it changes their order. */
static void select_interval(double *lo, double *hi, const flip *f, int c, double alpha, int kind)
{
    const size_t n = SIZE[kind] * f->flips, k = allowed(n, alpha);
    *lo = INFINITY, *hi = -INFINITY;
    for (int i = 0; i < 2; i++) {
        *lo = fmin(*lo, gsl_stats_select(ends(f, c, kind + i, 0), 1, n, k));
        *hi = fmax(*hi, gsl_stats_select(ends(f, c, kind + i, 1), 1, n, n - 1 - k));
    }
}

/* A study and its mirror image are equally likely, so each interval counts both ways round. */
static void simulate(procedure_forecast *out, const procedure_plan *p, int seeds)
{
    const int m = maxt_contrasts(&p->family), each = m < ENDS ? m : ENDS;
    const int wanted = SAMPLES / (2 * each),
              studies = wanted > STUDIES_LEAST ? wanted : STUDIES_LEAST;
    const size_t n = (size_t)studies * (size_t)each * 2;
    *out = (procedure_forecast){ .df = seeds - 1,
                                 .outer_hi = error_zeroed(n, sizeof(double)),
                                 .outer_half = error_zeroed(n, sizeof(double)),
                                 .inner_lo = error_zeroed(n, sizeof(double)),
                                 .inner_hi = error_zeroed(n, sizeof(double)) };
    double *d = error_zeroed((size_t)m * (size_t)seeds, sizeof *d),
           *y = error_zeroed(2 * (size_t)m * (size_t)seeds + (size_t)seeds, sizeof *y);
    const double unit = sqrt(seeds); /* standard errors in a standard deviation */
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    if (!g) error_memory();
    gsl_rng_set(g, SEED);
    flip f;
    start(&f, m, seeds, flips_enough(p->alpha));
    for (int k = 0; k < studies; k++) {
        make_differences(d, y, &p->family, seeds, g);
        const int first = k * each % (m - each + 1);
        fill(&f, d, first, each);
        for (int c = first; c < first + each; c++) {
            double lo, hi;
            const int at = out->samples;
            select_interval(&lo, &hi, &f, c, p->alpha, ABOUT_ZERO);
            out->outer_hi[at] = hi * unit, out->outer_hi[at + 1] = -lo * unit;
            out->outer_half[at] = out->outer_half[at + 1] = (hi - lo) / 2 * unit;
            select_interval(&lo, &hi, &f, c, p->alpha, SIDE_ZERO);
            out->inner_lo[at] = lo * unit, out->inner_lo[at + 1] = -hi * unit;
            out->inner_hi[at] = hi * unit, out->inner_hi[at + 1] = -lo * unit;
            out->samples += 2;
        }
    }
    gsl_sort(out->outer_hi, 1, (size_t)out->samples);
    gsl_sort(out->outer_half, 1, (size_t)out->samples);
    flip_close(&f);
    gsl_rng_free(g);
    free(d), free(y);
}

static void forecast(procedure_forecast *f, const procedure_plan *p, const contrast *row, int seeds)
{
    (void)row;
    if (seeds <= SIMULATED) {
        simulate(f, p, seeds);
        return;
    }
    const double df = seeds - 1;
    const double side = flip_level(seeds, 2 * p->alpha) / 2;
    *f = (procedure_forecast){ .df = df,
                               .outer = maxt_critical(&p->family, flip_level(seeds, p->alpha), df),
                               .inner = maxt_critical_side(&p->family, side, df) };
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
    .forecast = forecast,
};
