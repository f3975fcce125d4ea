/* procedure.c - choose the procedure for a study, and what procedures based on t have in common. */
#include "analysis/statistics/procedure.h"

#include "analysis/statistics/student.h"

#include <assert.h>
#include <float.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

const procedure *procedure_choose(const procedure_case *k)
{
    int i = 0;
    while (procedures[i] && !procedures[i]->applies(k)) i++;
    assert(procedures[i]);
    return procedures[i];
}

double procedure_t(double x, double se)
{
    return x == 0 ? 0 : fabs(x) / se;
}

void procedure_subtract(contrast *c, double *d, const contrast_result *r, const contrast_study *s)
{
    const double *arm = s->y + (size_t)c->of.arm * (size_t)s->seeds,
                 *base = s->y + (size_t)c->of.base * (size_t)s->seeds;
    size_t n = 0;
    for (int i = 0; i < s->seeds; i++)
        if (r->used[i]) d[n++] = arm[i] - base[i];
    c->se = gsl_stats_sd(d, 1, n) / sqrt((double)n), c->df = (double)n - 1;
}

/* How far inside the margin the difference is, in standard errors; negative outside. */
static double t_inside(const contrast *c, double margin)
{
    const double gap = margin - fabs(c->diff);
    return gap < 0 ? -procedure_t(gap, c->se) : procedure_t(gap, c->se);
}

void procedure_student(contrast *c, int family, double alpha, double margin)
{
    const double rounding = DBL_EPSILON * (fabs(c->mean) + fabs(c->base_mean));
    if (c->diff != 0 && c->se <= rounding) {
        c->lo = c->inner_lo = -INFINITY, c->hi = c->inner_hi = INFINITY;
        c->p = c->p_adjusted = 1;
        if (!isnan(margin)) c->p_equivalent = 1;
        return;
    }
    const double outer = student_critical(alpha / (2 * family), c->df),
                 inner = student_critical(alpha / family, c->df);
    c->lo = c->diff - outer * c->se, c->hi = c->diff + outer * c->se;
    c->inner_lo = c->diff - inner * c->se, c->inner_hi = c->diff + inner * c->se;
    c->p = 2 * student_above(procedure_t(c->diff, c->se), c->df);
    c->p_adjusted = fmin(1, family * c->p);
    if (!isnan(margin))
        c->p_equivalent = fmin(1, family * student_above(t_inside(c, margin), c->df));
}

void procedure_forecast_student(procedure_forecast *f, const procedure_plan *p, double df)
{
    const int family = maxt_contrasts(&p->family);
    *f = (procedure_forecast){ .df = df,
                               .outer = student_critical(p->alpha / (2 * family), df),
                               .inner = student_critical(p->alpha / family, df) };
}
