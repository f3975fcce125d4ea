/* powerlaw.c - fit a power law by least squares from a grid of exponents, with a jackknife over
 * seeds. */
#include "analysis/statistics/powerlaw.h"

#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LOSS, FALL, BETA, PARAMETERS };

/* Beyond these the curve is a step, and no data can distinguish one step from another. */
static const double BETA_MIN = -6, BETA_MAX = 6, BETA_STEP = 0.25;

/* (1 - e^(-beta u)) / beta and its derivative by beta; by series where terms would cancel. */
static double drop(double u, double beta)
{
    const double x = beta * u;
    if (fabs(x) < 1e-3) return u * (1 - x * (1 / 2.0 - x * (1 / 6.0 - x * (1 / 24.0 - x / 120))));
    return -expm1(-x) / beta;
}

static double drop_slope(double u, double beta)
{
    const double x = beta * u;
    if (fabs(x) < 1e-3)
        return -u * u * (1 / 2.0 - x * (1 / 3.0 - x * (1 / 8.0 - x * (1 / 30.0 - x / 144))));
    return (u * exp(-x) - drop(u, beta)) / beta;
}

static double value_at(const double *parameter, double u)
{
    return parameter[LOSS] - parameter[FALL] * drop(u, parameter[BETA]);
}

/* The points of one fit, which may leave out a seed. */
typedef struct sample {
    size_t n;
    double *u, *loss;
} sample;

static void sample_open(sample *s, const powerlaw_point *x, int n, double most, int without)
{
    s->n = 0;
    s->u = error_zeroed((size_t)n, sizeof *s->u),
    s->loss = error_zeroed((size_t)n, sizeof *s->loss);
    for (int i = 0; i < n; i++)
        if (x[i].seed != without) s->u[s->n] = log(x[i].tokens / most), s->loss[s->n++] = x[i].loss;
}

/* The number of distinct numbers of tokens. */
static int sample_levels(const sample *s)
{
    int levels = 0;
    for (size_t i = 0; i < s->n; i++) {
        bool known = false;
        for (size_t k = 0; k < i && !known; k++) known = s->u[k] == s->u[i];
        levels += !known;
    }
    return levels;
}

static void sample_close(sample *s)
{
    free(s->u), free(s->loss);
}

/* Given beta, the rest is a straight line in drop(u): its least squares, and the residual. */
static double project(double *parameter, const sample *s, double beta)
{
    double z = 0, y = 0, zz = 0, zy = 0, yy = 0;
    for (size_t i = 0; i < s->n; i++)
        z += drop(s->u[i], beta) / (double)s->n, y += s->loss[i] / (double)s->n;
    for (size_t i = 0; i < s->n; i++) {
        const double dz = drop(s->u[i], beta) - z, dy = s->loss[i] - y;
        zz += dz * dz, zy += dz * dy, yy += dy * dy;
    }
    parameter[FALL] = zz > 0 ? -zy / zz : 0, parameter[BETA] = beta;
    parameter[LOSS] = y + parameter[FALL] * z;
    return zz > 0 ? yy - zy * zy / zz : yy;
}

static int residuals(const gsl_vector *at, void *of, gsl_vector *out)
{
    const sample *s = of;
    for (size_t i = 0; i < s->n; i++)
        gsl_vector_set(out, i, value_at(at->data, s->u[i]) - s->loss[i]);
    return GSL_SUCCESS;
}

static int jacobian(const gsl_vector *at, void *of, gsl_matrix *out)
{
    const sample *s = of;
    const double fall = gsl_vector_get(at, FALL), beta = gsl_vector_get(at, BETA);
    for (size_t i = 0; i < s->n; i++) {
        gsl_matrix_set(out, i, LOSS, 1);
        gsl_matrix_set(out, i, FALL, -drop(s->u[i], beta));
        gsl_matrix_set(out, i, BETA, -fall * drop_slope(s->u[i], beta));
    }
    return GSL_SUCCESS;
}

/* Fit, starting from the best of a grid of betas.  Returns false if beta diverges towards a step.
 */
static bool fit_curve(double *parameter, double covariance[3][3], sample *s)
{
    double best = INFINITY, guess[PARAMETERS];
    for (double beta = BETA_MIN; beta <= BETA_MAX; beta += BETA_STEP) {
        const double square = project(guess, s, beta);
        if (!(square < best)) continue;
        best = square;
        memcpy(parameter, guess, sizeof guess);
    }
    if (isinf(best)) return false; /* losses whose squares overflow */
    gsl_multifit_nlinear_parameters how = gsl_multifit_nlinear_default_parameters();
    how.solver = gsl_multifit_nlinear_solver_svd;
    gsl_multifit_nlinear_fdf f = {
        .f = residuals, .df = jacobian, .n = s->n, .p = PARAMETERS, .params = s
    };
    gsl_multifit_nlinear_workspace *w =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &how, s->n, PARAMETERS);
    gsl_matrix *c = gsl_matrix_alloc(PARAMETERS, PARAMETERS);
    if (!w || !c) error_memory();
    const gsl_vector_const_view start = gsl_vector_const_view_array(parameter, PARAMETERS);
    gsl_error_handler_t *handler = gsl_set_error_handler_off(); /* a fit may fail */
    int why = 0;
    bool ok = gsl_multifit_nlinear_init(&start.vector, &f, w) == GSL_SUCCESS;
    const int status =
        ok ? gsl_multifit_nlinear_driver(200, 1e-12, 1e-12, 0, NULL, NULL, &why, w) : GSL_FAILURE;
    ok = status == GSL_SUCCESS || why == GSL_ENOPROG; /* no further progress is possible */
    const double *at = gsl_multifit_nlinear_position(w)->data;
    for (int k = 0; ok && k < PARAMETERS; k++) parameter[k] = at[k], ok = isfinite(at[k]);
    ok = ok && parameter[BETA] > BETA_MIN && parameter[BETA] < BETA_MAX;
    if (ok && covariance) {
        double square = 0;
        for (size_t i = 0; i < s->n; i++)
            square += pow(value_at(parameter, s->u[i]) - s->loss[i], 2);
        gsl_multifit_nlinear_covar(gsl_multifit_nlinear_jac(w), 0, c);
        const double variance = s->n > PARAMETERS ? square / (double)(s->n - PARAMETERS) : NAN;
        for (size_t i = 0; i < PARAMETERS; i++)
            for (size_t k = 0; k < PARAMETERS; k++)
                covariance[i][k] = variance * gsl_matrix_get(c, i, k);
    }
    gsl_set_error_handler(handler);
    gsl_multifit_nlinear_free(w);
    gsl_matrix_free(c);
    return ok;
}

/* A straight line in ln D. */
static bool fit_line(double *parameter, double covariance[3][3], const sample *s)
{
    const double square = project(parameter, s, 0);
    if (!covariance) return true;
    double u = 0, uu = 0;
    for (size_t i = 0; i < s->n; i++) u += s->u[i] / (double)s->n;
    for (size_t i = 0; i < s->n; i++) uu += (s->u[i] - u) * (s->u[i] - u);
    const double variance = s->n > 2 ? square / (double)(s->n - 2) : NAN;
    covariance[LOSS][LOSS] = variance * (1 / (double)s->n + u * u / uu);
    covariance[FALL][FALL] = variance / uu;
    covariance[LOSS][FALL] = covariance[FALL][LOSS] = variance * u / uu;
    return true;
}

static bool fit(double *parameter, double covariance[3][3], powerlaw_shape shape, sample *s)
{
    if (sample_levels(s) < (shape == POWERLAW_CURVE ? 3 : 2)) return false;
    return shape == POWERLAW_CURVE ? fit_curve(parameter, covariance, s)
                                   : fit_line(parameter, covariance, s);
}

/* The quantities derived from a fit.  E is taken as the logarithm of its distance from `top`, the
 * loss at D1 of the whole fit, since that is unbounded. */
enum { AT_END, DOUBLING, GAIN, NEXT, EXPONENT, HEIGHT, TOLD };

static void tell(double told[TOLD], const double *parameter, double top)
{
    const double fall = parameter[FALL], beta = parameter[BETA];
    told[AT_END] = parameter[LOSS];
    told[DOUBLING] = fall * M_LN2;
    told[GAIN] = fall * drop(M_LN2, beta);
    told[NEXT] = parameter[LOSS] - told[GAIN];
    told[EXPONENT] = beta;
    told[HEIGHT] = beta > 0 && fall > 0 ? log(top - parameter[LOSS] + fall / beta) : NAN;
}

/* Derivatives of these quantities by the parameters. */
static void tell_slopes(double by[TOLD][PARAMETERS], const double *parameter)
{
    const double fall = parameter[FALL], beta = parameter[BETA];
    const double slopes[TOLD][PARAMETERS] = {
        [AT_END] = { 1, 0, 0 },
        [DOUBLING] = { 0, M_LN2, 0 },
        [GAIN] = { 0, drop(M_LN2, beta), fall * drop_slope(M_LN2, beta) },
        [NEXT] = { 1, -drop(M_LN2, beta), -fall * drop_slope(M_LN2, beta) },
        [EXPONENT] = { 0, 0, 1 },
        [HEIGHT] = { -beta / fall, 1 / fall, -1 / beta },
    };
    memcpy(by, slopes, sizeof slopes);
}

static void delta_errors(double se[TOLD], const powerlaw *p)
{
    double by[TOLD][PARAMETERS];
    tell_slopes(by, p->parameter);
    for (int t = 0; t < TOLD; t++) {
        double square = 0;
        for (int i = 0; i < PARAMETERS; i++)
            for (int k = 0; k < PARAMETERS; k++)
                square += by[t][i] * p->covariance[i][k] * by[t][k];
        se[t] = sqrt(square);
    }
}

/* Tukey's jackknife over seeds; NaN if some fit without a seed fails. */
static void jackknife_errors(double se[TOLD], const powerlaw *p, const powerlaw_point *x, int n)
{
    double sum[TOLD] = { 0 }, square[TOLD] = { 0 };
    double *told = error_zeroed((size_t)p->seeds * TOLD, sizeof *told);
    int k = 0;
    for (int i = 0; i < n; i++) {
        bool first = true;
        for (int j = 0; j < i && first; j++) first = x[j].seed != x[i].seed;
        if (!first) continue;
        sample s;
        double parameter[PARAMETERS], *row = told + (size_t)k++ * TOLD;
        sample_open(&s, x, n, p->most, x[i].seed);
        if (fit(parameter, NULL, p->shape, &s))
            tell(row, parameter, p->parameter[LOSS]);
        else
            for (int t = 0; t < TOLD; t++) row[t] = NAN;
        sample_close(&s);
    }
    for (int i = 0; i < k; i++)
        for (int t = 0; t < TOLD; t++) sum[t] += told[i * TOLD + t] / k;
    for (int i = 0; i < k; i++)
        for (int t = 0; t < TOLD; t++) square[t] += pow(told[i * TOLD + t] - sum[t], 2);
    for (int t = 0; t < TOLD; t++) se[t] = sqrt(square[t] * (k - 1) / k);
    free(told);
}

static powerlaw_value value_of(double x, double se, double t)
{
    return (powerlaw_value){ x, se, x - t * se, x + t * se };
}

static const powerlaw_value NOTHING = { NAN, NAN, NAN, NAN };

static void put_values(powerlaw *p, const double told[TOLD], const double se[TOLD], double alpha)
{
    const double t = student_critical(alpha / 2, p->df);
    p->loss = value_of(told[AT_END], se[AT_END], t);
    p->doubling = value_of(told[DOUBLING], se[DOUBLING], t);
    if (p->shape != POWERLAW_CURVE) return;
    p->gain = value_of(told[GAIN], se[GAIN], t);
    p->next = value_of(told[NEXT], se[NEXT], t);
    p->beta = value_of(told[EXPONENT], se[EXPONENT], t);
    if (!(p->beta.lo > 0) || isnan(se[HEIGHT])) return;
    const double height = exp(told[HEIGHT]);
    p->log_a = told[HEIGHT] + p->parameter[BETA] * log(p->most);
    p->floor = (powerlaw_value){ .value = p->parameter[LOSS] - height,
                                 .se = NAN,
                                 .lo = p->parameter[LOSS] - height * exp(t * se[HEIGHT]),
                                 .hi = p->parameter[LOSS] - height * exp(-t * se[HEIGHT]) };
}

/* Count points, seeds and levels. */
static void count(powerlaw *p, const powerlaw_point *x, int n)
{
    p->points = n, p->least = INFINITY, p->most = 0;
    for (int i = 0; i < n; i++) {
        bool seed = true, level = true;
        for (int k = 0; k < i; k++) {
            seed = seed && x[k].seed != x[i].seed;
            level = level && x[k].tokens != x[i].tokens;
        }
        p->seeds += seed, p->levels += level;
        p->least = fmin(p->least, x[i].tokens), p->most = fmax(p->most, x[i].tokens);
    }
}

void powerlaw_fit(powerlaw *p, const powerlaw_point *x, int n, double alpha)
{
    *p = (powerlaw){ .df = NAN, .sd = NAN, .log_a = NAN };
    p->loss = p->doubling = p->gain = p->next = p->beta = p->floor = NOTHING;
    count(p, x, n);
    p->shape = p->levels > 2 ? POWERLAW_CURVE : p->levels > 1 ? POWERLAW_LINE : POWERLAW_NONE;
    if (p->shape == POWERLAW_NONE) return;
    const int free_ones = p->shape == POWERLAW_CURVE ? 3 : 2;
    sample s;
    double told[TOLD], se[TOLD];
    sample_open(&s, x, n, p->most, -1);
    if (!fit(p->parameter, p->covariance, p->shape, &s)) {
        p->shape = POWERLAW_NONE;
        sample_close(&s);
        return;
    }
    double square = 0;
    for (size_t i = 0; i < s.n; i++) square += pow(value_at(p->parameter, s.u[i]) - s.loss[i], 2);
    p->sd = n > free_ones ? sqrt(square / (n - free_ones)) : NAN;
    sample_close(&s);
    tell(told, p->parameter, p->parameter[LOSS]);
    if (p->seeds > 1) {
        p->df = p->seeds - 1;
        jackknife_errors(se, p, x, n);
    } else {
        p->df = n - free_ones;
        delta_errors(se, p);
    }
    put_values(p, told, se, alpha);
}

double powerlaw_at(const powerlaw *p, double tokens)
{
    return value_at(p->parameter, log(tokens / p->most));
}
