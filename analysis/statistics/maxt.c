/* maxt.c - the distribution of the largest |t| of a family, by Gauss-Legendre integration.
 *
 * Both integrals of maxt.h run over ranges that leave out less than 1e-14 of the probability.  The
 * integrands are smooth, so the sums are accurate to about 1e-7.
 */
#include "analysis/statistics/maxt.h"

#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <math.h>

enum { OUTER = 64, STAR = 32, CLIQUE = 64 };
#define REACH 8.0 /* standard deviations */

/* Normal distribution function; erfc keeps both tails. */
static double phi_below(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

/* Nodes and weights of a quadrature. */
typedef struct nodes {
    int n;
    double x[OUTER], weight[OUTER];
} nodes;

static void nodes_fill(nodes *k, int n, double lo, double hi)
{
    gsl_integration_glfixed_table *t = gsl_integration_glfixed_table_alloc((size_t)n);
    if (!t) error_memory();
    k->n = n;
    for (int i = 0; i < n; i++)
        gsl_integration_glfixed_point(lo, hi, (size_t)i, &k->x[i], &k->weight[i], t);
    gsl_integration_glfixed_table_free(t);
}

/* For the baseline of a star (the integrand is even in it), or for the largest of a clique. */
static void nodes_normal(nodes *k, const maxt_family *f)
{
    nodes_fill(k, f->clique ? CLIQUE : STAR, f->clique ? -REACH : 0, REACH);
    for (int i = 0; i < k->n; i++)
        k->weight[i] *= gsl_ran_ugaussian_pdf(k->x[i]) * (f->clique ? f->clique : 2);
}

/* For s/sigma = sqrt(chi^2/df), up to `most`.  The range follows from Wilson and Hilferty: the cube
 * root of chi^2/df is close to normal. */
static void nodes_scale(nodes *k, double df, double most)
{
    const double mean = 1 - 2 / (9 * df), reach = REACH * sqrt(2 / (9 * df));
    const double lo = pow(fmax(0, mean - reach), 1.5), hi = fmin(pow(mean + reach, 1.5), most);
    nodes_fill(k, OUTER, lo, fmax(lo, hi));
    for (int i = 0; i < k->n; i++)
        k->weight[i] *= gsl_ran_chisq_pdf(df * k->x[i] * k->x[i], df) * 2 * df * k->x[i];
}

/* P(all |t| <= c) given x = sqrt(2) c s/sigma. */
static double inside(const maxt_family *f, double x, const nodes *normal)
{
    double p = 1, sum = 0;
    for (int i = 0; f->clique && i < normal->n; i++) {
        const double z = normal->x[i];
        sum += normal->weight[i] * gsl_pow_int(phi_below(z) - phi_below(z - x), f->clique - 1);
    }
    for (int star = 0; !f->clique && star < f->stars; star++) {
        double one = 0;
        for (int i = 0; i < normal->n; i++) {
            const double z = normal->x[i];
            one +=
                normal->weight[i] * gsl_pow_int(phi_below(z + x) - phi_below(z - x), f->size[star]);
        }
        p *= one;
    }
    return f->clique ? sum : p;
}

static bool single(const maxt_family *f)
{
    return f->clique ? f->clique == 2 : f->stars == 1 && f->size[0] == 1;
}

double maxt_tail(const maxt_family *f, double c, double df)
{
    if (isnan(c)) return NAN;
    if (c <= 0) return 1;
    if (isinf(c)) return 0;
    if (single(f)) return 2 * student_above(c, df);
    nodes normal, k;
    nodes_normal(&normal, f);
    double sum = 0;
    if (isinf(df))
        sum = inside(f, M_SQRT2 * c, &normal);
    else {
        nodes_scale(&k, df, INFINITY);
        for (int i = 0; i < k.n; i++) sum += k.weight[i] * inside(f, M_SQRT2 * c * k.x[i], &normal);
    }
    return fmin(1, fmax(0, 1 - sum));
}

/* P(no t of a star reaches c), half of them on either side, given x as above. */
static double inside_side(int size, double x, const nodes *normal)
{
    const int i = size / 2, k = size - i;
    double sum = 0;
    for (int n = 0; n < normal->n; n++) {
        const double left = phi_below(x + normal->x[n]), right = phi_below(x - normal->x[n]);
        sum += normal->weight[n] / 2 *
               (gsl_pow_int(left, i) * gsl_pow_int(right, k) +
                gsl_pow_int(left, k) * gsl_pow_int(right, i));
    }
    return sum;
}

static double star_tail_side(int size, double c, double df, const nodes *normal)
{
    if (size == 1) return student_above(c, df);
    if (isinf(df)) return 1 - inside_side(size, M_SQRT2 * c, normal);
    nodes k;
    double sum = 0;
    nodes_scale(&k, df, INFINITY);
    for (int i = 0; i < k.n; i++)
        sum += k.weight[i] * inside_side(size, M_SQRT2 * c * k.x[i], normal);
    return 1 - sum;
}

int maxt_contrasts(const maxt_family *f)
{
    int n = f->clique * (f->clique - 1) / 2;
    for (int i = 0; !f->clique && i < f->stars; i++) n += f->size[i];
    return n;
}

double maxt_tail_side(const maxt_family *f, double c, double df)
{
    if (isnan(c)) return NAN;
    if (isinf(c)) return c < 0;
    nodes normal;
    nodes_normal(&normal, f);
    double sum = f->clique ? maxt_contrasts(f) * student_above(c, df) : 0;
    for (int i = 0; !f->clique && i < f->stars; i++)
        sum += star_tail_side(f->size[i], c, df, &normal);
    if (f->clique || f->stars > 1) sum = fmin(sum, maxt_tail(f, c, df)); /* of both sides */
    return fmin(1, fmax(0, sum));
}

typedef struct crossing {
    double (*tail)(const maxt_family *f, double c, double df);
    const maxt_family *f;
    double df;
} crossing;

static double below(double c, const void *context)
{
    const crossing *k = context;
    return -k->tail(k->f, c, k->df);
}

/* Where the tail is alpha: between one contrast alone, and Bonferroni's bound.  Below LEAST the
 * tails' rounding would show; the bound is as good there. */
static double cross(const crossing *k, double alpha, double one, double most)
{
    const double LEAST = 1e-5;
    return alpha < LEAST ? most : student_halve(below, k, -alpha, one, most, 1e-9);
}

double maxt_critical(const maxt_family *f, double alpha, double df)
{
    const int n = maxt_contrasts(f);
    const double one = student_critical(alpha / 2, df),
                 most = student_critical(alpha / (2 * n), df);
    return n == 1 ? one : cross(&(crossing){ maxt_tail, f, df }, alpha, one, most);
}

double maxt_critical_side(const maxt_family *f, double alpha, double df)
{
    const int n = maxt_contrasts(f);
    const double one = student_critical(alpha, df), most = student_critical(alpha / n, df);
    return n == 1 ? one : cross(&(crossing){ maxt_tail_side, f, df }, alpha, one, most);
}

/* Mean over the distribution of s/sigma, up to `most`, of what `given` says. */
static double mean_over_scale(double (*given)(double s, const double *v), const double *v,
                              double df, double most)
{
    if (isinf(df)) return most >= 1 ? given(1, v) : 0;
    nodes k;
    nodes_scale(&k, df, most);
    double sum = 0;
    for (int i = 0; i < k.n; i++) sum += k.weight[i] * given(k.x[i], v);
    return sum;
}

static double outside(double s, const double *v)
{
    return phi_below(v[0] - v[1] * s) + phi_below(-v[0] - v[1] * s);
}

/* Both powers the other way round, for few degrees of freedom: the mean over the estimate, at
 * `effect` + z, of the probability that s is small enough.  `room`: (margin) for equivalence, else
 * INFINITY.  The integrand has a corner where the estimate is 0, so the range is cut there. */
static double mean_over_estimate(double effect, double room, double df, double c)
{
    double sum = 0;
    for (int side = -1; side <= 1; side += 2) {
        /* |effect + z| on this side of 0: from `near` to `far`. */
        const double near = fmax(0, side * effect - REACH),
                     far = fmin(room, fmax(0, side * effect + REACH));
        if (far <= near) continue;
        nodes k;
        nodes_fill(&k, OUTER, near, far);
        for (int i = 0; i < k.n; i++) {
            const double s = (isinf(room) ? k.x[i] : room - k.x[i]) / c;
            sum += k.weight[i] * gsl_ran_ugaussian_pdf(side * k.x[i] - effect) *
                   gsl_cdf_chisq_P(df * s * s, df);
        }
    }
    return sum;
}

/* Which way is accurate?  As a function of s, the probability of an estimate beyond c s is a step
 * of width 1 / c; the nodes for s are closer than that if there are enough degrees of freedom. */
static bool steep(double df, double c)
{
    return c > 2 * sqrt(2 * df);
}

double maxt_power_difference(double effect, double se, double df, double c)
{
    if (steep(df, c)) return mean_over_estimate(effect / se, INFINITY, df, c);
    return mean_over_scale(outside, (const double[]){ effect / se, c }, df, INFINITY);
}

static double between(double s, const double *v)
{
    return phi_below(v[1] - v[2] * s) - phi_below(v[0] + v[2] * s);
}

/* Beyond s = margin / (c se) the interval is wider than the margins are apart. */
double maxt_power_equivalence(double effect, double margin, double se, double df, double c)
{
    if (steep(df, c)) return mean_over_estimate(effect / se, margin / se, df, c);
    const double v[] = { (-margin - effect) / se, (margin - effect) / se, c };
    return mean_over_scale(between, v, df, margin / (c * se));
}
