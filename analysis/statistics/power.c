/* power.c - the smallest effect that the seeds find, and the seeds that a verdict would take.
 *
 *     standard error with n seeds = the one seen * sqrt(seeds seen / n)
 *
 * Everything else is the forecast of the procedure (forecast.h).
 */
#include "analysis/statistics/power.h"

#include "analysis/statistics/forecast.h"
#include "core/base/error.h"

#include <math.h>
#include <stdlib.h>

/* A row, and what is asked of it. */
typedef struct question {
    forecast *f;
    const contrast *row;
    double margin;
    bool equivalence;
} question;

static bool enough(int seeds, void *context)
{
    const question *q = context;
    const contrast *c = q->row;
    const procedure_forecast at = forecast_at(q->f, c, seeds);
    const double se = c->se * sqrt((c->n + c->n_base) / 2.0 / seeds);
    return FORECAST_POWER <= (q->equivalence ? forecast_equivalence(&at, c->diff, q->margin, se)
                                             : forecast_difference(&at, c->diff, se));
}

/* In a study that planned its looks the plan says how many seeds are left, and a contrast could
 * find what its last look could. */
static void row_planned(power *p, const contrast_result *r, const contrast *c)
{
    procedure_forecast at;
    r->procedure->forecast(&at, NULL, c, 0);
    *p = (power){ .mde = forecast_effect(&at, c->se) };
}

static void row(power *p, forecast *f, const contrast *c, const contrast_study *s)
{
    *p = (power){ .mde = c->se };
    if (!(c->se > 0)) return; /* 0, or NaN */
    const int seeds = c->n < FORECAST_SEEDS_MAX ? c->n : FORECAST_SEEDS_MAX;
    const procedure_forecast now = forecast_at(f, c, f->paired ? seeds : 0);
    p->mde = forecast_effect(&now, c->se);
    if (c->verdict != CONTRAST_UNDECIDED) return;
    question q = { f, c, s->margin, false };
    const int seen = c->n > c->n_base ? c->n : c->n_base;
    const int apart = forecast_seeds(seen, enough, &q);
    q.equivalence = true;
    const int alike = fabs(c->diff) < s->margin ? forecast_seeds(seen, enough, &q) : 0;
    if (alike && (!apart || alike <= apart))
        p->needed = alike, p->towards = CONTRAST_EQUIVALENT;
    else if (apart) {
        p->needed = apart;
        p->towards = (c->diff > 0) == s->larger_is_better ? CONTRAST_BETTER : CONTRAST_WORSE;
    }
}

void power_compute(power *out, const contrast_result *r, const contrast_study *s)
{
    forecast f;
    for (int i = 0; r->procedure->staged && i < s->pairs; i++) row_planned(&out[i], r, &r->row[i]);
    if (r->procedure->staged) return;
    int *size = error_zeroed((size_t)s->pairs, sizeof *size);
    const procedure_plan plan = { contrast_family(size, r, s), s->alpha };
    /* Arms that share no seeds now will not share any later. */
    forecast_open(&f, &plan, !r->procedure->independent);
    for (int i = 0; i < s->pairs; i++) row(&out[i], &f, &r->row[i], s);
    forecast_close(&f);
    free(size);
}
