/* procedure.c - choose the procedure for a study, and what procedures based on t have in common. */
#include "analysis/statistics/procedure.h"

#include <assert.h>
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

double procedure_t_inside(const contrast *c, double margin)
{
    const double gap = margin - fabs(c->diff);
    return gap < 0 ? -procedure_t(gap, c->se) : procedure_t(gap, c->se);
}

void procedure_intervals(contrast *c, double outer, double inner)
{
    c->lo = c->diff - outer * c->se, c->hi = c->diff + outer * c->se;
    c->inner_lo = c->diff - inner * c->se, c->inner_hi = c->diff + inner * c->se;
}
