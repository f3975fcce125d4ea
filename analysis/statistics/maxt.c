/* maxt.c - the distribution of the largest |t| of a family, by Gauss-Legendre integration.
 *
 * Both integrals of maxt.h run over ranges that leave out less than 1e-14 of the probability.  The
 * integrands are smooth, so the sums are accurate to about 1e-7.
 */
#include "analysis/statistics/maxt.h"

#include "core/base/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_integration.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_roots.h>
#include <math.h>
#include <stdlib.h>

enum { OUTER = 64, STAR = 32, CLIQUE = 64, STEPS = 100 };
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
    if (single(f)) return isinf(df) ? erfc(c * M_SQRT1_2) : 2 * gsl_cdf_tdist_Q(c, df);
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

static double student_above(double c, double df)
{
    return isinf(df) ? 0.5 * erfc(c * M_SQRT1_2) : gsl_cdf_tdist_Q(c, df);
}

static double student_critical(double alpha, double df)
{
    return isinf(df) ? gsl_cdf_ugaussian_Qinv(alpha) : gsl_cdf_tdist_Qinv(alpha, df);
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
    double alpha, df;
} crossing;

static double above(double c, void *context)
{
    const crossing *k = context;
    return k->tail(k->f, c, k->df) - k->alpha;
}

/* Where the tail is alpha: between one contrast alone, and Bonferroni's bound. */
static double cross(crossing k, double one, double most)
{
    gsl_function g = { above, &k };
    gsl_root_fsolver *solver = gsl_root_fsolver_alloc(gsl_root_fsolver_brent);
    if (!solver) error_memory();
    gsl_root_fsolver_set(solver, &g, one - 1e-9 * fabs(one), most + 1e-9 * fabs(most));
    for (int i = 0; i < STEPS; i++) {
        gsl_root_fsolver_iterate(solver);
        const double lo = gsl_root_fsolver_x_lower(solver), hi = gsl_root_fsolver_x_upper(solver);
        if (hi - lo < 1e-9 * fabs(hi)) break;
    }
    const double c = gsl_root_fsolver_root(solver);
    gsl_root_fsolver_free(solver);
    return c;
}

double maxt_critical(const maxt_family *f, double alpha, double df)
{
    const int n = maxt_contrasts(f);
    const double one = student_critical(alpha / 2, df);
    return n == 1 ? one
                  : cross((crossing){ maxt_tail, f, alpha, df }, one,
                          student_critical(alpha / (2 * n), df));
}

double maxt_critical_side(const maxt_family *f, double alpha, double df)
{
    const int n = maxt_contrasts(f);
    const double one = student_critical(alpha, df), most = student_critical(alpha / n, df);
    return n == 1 ? one : cross((crossing){ maxt_tail_side, f, alpha, df }, one, most);
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

double maxt_power_difference(double effect, double se, double df, double c)
{
    return mean_over_scale(outside, (const double[]){ effect / se, c }, df, INFINITY);
}

static double between(double s, const double *v)
{
    return phi_below(v[1] - v[2] * s) - phi_below(v[0] + v[2] * s);
}

/* Beyond s = margin / (c se) the interval is wider than the margins are apart. */
double maxt_power_equivalence(double effect, double margin, double se, double df, double c)
{
    const double v[] = { (-margin - effect) / se, (margin - effect) / se, c };
    return mean_over_scale(between, v, df, margin / (c * se));
}
