/* comparison.c - compare the arms of a study, and store the comparison in the database.
 *
 * The statements are in comparison.sql.
 */
#include "analysis/answers/comparison.h"

#include "analysis/answers/confound.h"
#include "analysis/answers/scored.h"
#include "analysis/answers/sequence.h"
#include "analysis/answers/sql.h"
#include "analysis/statistics/verdict.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* Every two arms: the later one is compared with the earlier one, unless the later one is the
 * baseline of the earlier one. */
static int every_two(contrast_pair *pair, const study *s)
{
    int n = 0;
    for (int a = 0; a < s->arms; a++)
        for (int b = 0; b < a; b++)
            pair[n++] = s->arm[b].base == a ? (contrast_pair){ b, a } : (contrast_pair){ a, b };
    return n;
}

bool comparison_open(comparison *c, const study *s, db *d, bool all, error *e)
{
    const size_t arms = (size_t)s->arms, cells = arms * (size_t)s->seeds;
    const size_t room = all ? arms * (arms - 1) / 2 + 1 : arms;
    *c = (comparison){ .study = s,
                       .pair = error_zeroed(room, sizeof *c->pair),
                       .y = error_zeroed(cells, sizeof *c->y),
                       .power = error_zeroed(room, sizeof *c->power),
                       .confounds = error_zeroed(room, sizeof *c->confounds) };
    int pairs = 0;
    if (all) pairs = every_two(c->pair, s);
    for (int a = 0; !all && a < s->arms; a++)
        if (s->arm[a].base >= 0) c->pair[pairs++] = (contrast_pair){ a, s->arm[a].base };
    for (size_t i = 0; i < cells; i++) c->y[i] = s->cell[i].value;
    c->asked = (contrast_study){ .arms = s->arms,
                                 .seeds = s->seeds,
                                 .y = c->y,
                                 .pairs = pairs,
                                 .pair = c->pair,
                                 .alpha = s->alpha,
                                 .margin = s->margin,
                                 .larger_is_better = s->metric.larger_is_better };
    if (!all) sequence_plan(c);
    verdict_compute(&c->result, &c->asked);
    if (s->scores && s->scores->rows) c->scored = scored_open(c);

    /* Without shared seeds, every finished run was used. */
    bool *used = error_zeroed((size_t)s->seeds, sizeof *used);
    for (int i = 0; i < s->seeds; i++) used[i] = c->result.used[i] || !c->result.shared_seeds;
    bool ok = db_integer(d, &c->look, 0, e, sql_comparison_look, "i", s->sweep_id);
    for (int i = 0; ok && i < pairs; i++)
        ok = confound_find(&c->confounds[i], s, d, c->pair[i].arm, c->pair[i].base, used, e);
    free(used);
    if (!ok) comparison_close(c);
    return ok;
}

void comparison_power(comparison *c)
{
    for (int i = 0; c->scored && !c->power_known && i < c->asked.pairs; i++) {
        const crossed_row *r = scored_at(c->scored, i, 0);
        c->power[i] = (power){ r->mde, r->needed, r->towards };
    }
    if (!c->scored && !c->power_known) power_compute(c->power, &c->result, &c->asked);
    c->power_known = true;
}

void comparison_close(comparison *c)
{
    for (int i = 0; c->confounds && i < c->asked.pairs; i++) json_decref(c->confounds[i]);
    contrast_close(&c->result);
    scored_close(c->scored);
    free(c->pair), free(c->y), free(c->plan), free(c->ended), free(c->power), free(c->confounds);
    *c = (comparison){ 0 };
}

/* Infinite ends of intervals are stored as NULL, which is what db_run makes of NaN. */
static double finite(double x)
{
    return isfinite(x) ? x : NAN;
}

static bool record_row(const comparison *c, db *d, int i, error *e)
{
    const contrast *r = &c->result.row[i];
    char *confounds =
        json_array_size(c->confounds[i]) ? json_dumps(c->confounds[i], JSON_COMPACT) : NULL;
    const bool ok = db_run(d, e, sql_comparison_row, "iiinddddddddddttn", c->cmp_id,
                           c->study->arm[r->of.arm].arm_id, c->study->arm[r->of.base].arm_id, r->n,
                           r->mean, r->base_mean, r->diff, finite(r->lo), finite(r->hi), r->p,
                           r->p_adjusted, r->p_equivalent, r->correlation, c->power[i].mde,
                           contrast_verdict_name(r->verdict), confounds, r->look);
    free(confounds);
    return ok;
}

/* Store the comparison as a look at one study. */
static bool record_look(comparison *c, db *d, int64_t sweep_id, int64_t version, const char *argv,
                        int64_t *look, error *e)
{
    const study *s = c->study;
    char procedure[VERDICT_TEXT], at_x[64];
    comparison_power(c);
    study_point_print(at_x, sizeof at_x, s->at);
    verdict_describe(procedure, sizeof procedure, &c->result);
    bool ok = db_integer(d, look, 0, e, sql_comparison_look, "i", sweep_id) &&
              db_run(d, e, sql_comparison_store, "iiiitttddt", sweep_id, version, db_now_ms(),
                     *look, s->metric.name, at_x, procedure, c->asked.alpha, c->asked.margin, argv);
    c->cmp_id = ok ? db_last_id(d) : 0;
    for (int i = 0; ok && i < c->asked.pairs; i++) ok = record_row(c, d, i, e);
    return ok && (!c->scored || scored_record(c, d, e));
}

/* Two studies that are compared with each other are both looked at; the number is the first's. */
bool comparison_record(comparison *c, db *d, const char *argv, error *e)
{
    const study *s = c->study;
    int64_t look;
    if (!db_begin(d, e)) return false;
    bool ok = (!s->other.sweep_id ||
               record_look(c, d, s->other.sweep_id, s->other.version, argv, &look, e)) &&
              record_look(c, d, s->sweep_id, s->version, argv, &look, e);
    if (ok)
        ok = db_commit(d, e);
    else
        db_rollback(d);
    if (ok)
        c->look = look;
    else
        c->cmp_id = 0;
    return ok;
}

int comparison_pair(const comparison *c, int arm)
{
    for (int i = 0; i < c->asked.pairs; i++)
        if (c->pair[i].arm == arm) return i;
    return -1;
}

bool comparison_is_base(const comparison *c, int arm)
{
    for (int i = 0; i < c->asked.pairs; i++)
        if (c->pair[i].base == arm) return true;
    return false;
}

int comparison_arm(double *mean, double *sd, const comparison *c, int arm)
{
    const contrast_result *r = &c->result;
    double *x = error_zeroed((size_t)c->asked.seeds, sizeof *x);
    const bool all = !verdict_paired(r) || c->staged || r->left_out[arm];
    const size_t n = (size_t)contrast_gather(x, &c->asked, arm, all ? NULL : r->used);
    *mean = n ? gsl_stats_mean(x, 1, n) : NAN;
    *sd = n > 1 ? gsl_stats_sd(x, 1, n) : NAN;
    free(x);
    return (int)n;
}

int comparison_digits(const comparison *c)
{
    double least = INFINITY;
    for (int i = 0; i < c->asked.pairs; i++)
        if (c->result.row[i].se > 0) least = fmin(least, c->result.row[i].se);
    const int digits = isinf(least) ? 4 : 1 - (int)floor(log10(least));
    return digits < 2 ? 2 : digits > 8 ? 8 : digits;
}
