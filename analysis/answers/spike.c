/* spike.c - see spike.h. */
#include "analysis/answers/spike.h"

#include "analysis/statistics/contrast.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_movstat.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

/* Median and robust standard deviation of the `window` losses up to each, itself included. */
static void move(double *median, double *sd, const double *loss, int n, int window)
{
    const gsl_vector_const_view x = gsl_vector_const_view_array(loss, (size_t)n);
    gsl_vector_view m = gsl_vector_view_array(median, (size_t)n),
                    s = gsl_vector_view_array(sd, (size_t)n);
    gsl_movstat_workspace *w = gsl_movstat_alloc2((size_t)window - 1, 0);
    if (!w) abort();
    gsl_movstat_mad(GSL_MOVSTAT_END_TRUNCATE, &x.vector, &m.vector, &s.vector, w);
    gsl_movstat_free(w);
}

int spike_find(spike **out, int *watched, const double *loss, int n, const spike_rule *how)
{
    const int first = how->window / 2;
    *out = error_zeroed((size_t)n, sizeof **out);
    *watched = n > first ? n - first : 0;
    if (!*watched) return 0;
    double *median = error_zeroed((size_t)n, sizeof *median),
           *sd = error_zeroed((size_t)n, sizeof *sd);
    move(median, sd, loss, n, how->window);
    int spikes = 0;
    for (int i = first; i < n; i++) {
        const double above = loss[i] - median[i - 1];
        /* Losses that agree to the last digit have no spread to go by. */
        if (!(above > how->height * sd[i - 1]) || !(sd[i - 1] > 0)) continue;
        const double height = above / sd[i - 1];
        spike *k = spikes ? &(*out)[spikes - 1] : NULL;
        if (!k || i - (k->first + k->steps) >= how->gap) {
            k = &(*out)[spikes++];
            *k = (spike){ .first = i, .peak = loss[i], .at = i };
        }
        k->steps = i - k->first + 1;
        k->height = fmax(k->height, height);
        if (loss[i] > k->peak) k->peak = loss[i], k->at = i;
    }
    free(median), free(sd);
    return spikes;
}

double spike_flip_p(const int *d, int n)
{
    /* How many of the 2^n flips give each sum: one seed after another. */
    int most = 0, sum = 0;
    for (int i = 0; i < n; i++) most += abs(d[i]), sum += d[i];
    double *ways = error_zeroed(2 * (size_t)most + 1, sizeof *ways);
    double *next = error_zeroed(2 * (size_t)most + 1, sizeof *next);
    ways[most] = 1;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k <= 2 * most; k++) next[k] = 0;
        for (int k = 0; k <= 2 * most; k++) {
            if (ways[k] == 0) continue;
            next[k + d[i]] += ways[k] / 2, next[k - d[i]] += ways[k] / 2;
        }
        double *swap = ways;
        ways = next, next = swap;
    }
    double p = 0;
    for (int k = 0; k <= 2 * most; k++)
        if (abs(k - most) >= abs(sum)) p += ways[k];
    free(ways), free(next);
    return fmin(1, p);
}

double spike_binomial_p(int a, int b, double share)
{
    if (a + b == 0) return 1;
    const unsigned n = (unsigned)(a + b);
    const double seen = gsl_ran_binomial_pdf((unsigned)a, share, n);
    double p = 0;
    for (unsigned k = 0; k <= n; k++) {
        const double likely = gsl_ran_binomial_pdf(k, share, n);
        if (likely <= seen * (1 + 1e-7)) p += likely; /* ties count */
    }
    return fmin(1, p);
}

/* Clopper and Pearson's interval for the share of a in a + b. */
static void share_interval(double *lo, double *hi, int a, int b, double alpha)
{
    *lo = a ? gsl_cdf_beta_Pinv(alpha / 2, a, b + 1) : 0;
    *hi = b ? gsl_cdf_beta_Qinv(alpha / 2, a + 1, b) : 1;
}

static void contrast_fill(spike_contrast *c, const spike_study *k, int contrasts)
{
    const study *s = k->study;
    int *d = error_zeroed((size_t)s->seeds, sizeof *d);
    for (int i = 0; i < s->seeds; i++) {
        const spike_run *a = &k->run[c->arm * s->seeds + i], *b = &k->run[c->base * s->seeds + i];
        if (!a->known || !b->known) continue;
        d[c->n++] = a->spikes - b->spikes;
        c->spikes += a->spikes, c->base_spikes += b->spikes;
        c->watched += a->watched, c->base_watched += b->watched;
    }
    c->ratio = c->lo = c->hi = c->p = NAN;
    if (c->n && c->watched > 0 && c->base_watched > 0) {
        const double odds = c->base_watched / c->watched;
        c->flips = contrast_flips_reach(c->n, s->alpha / contrasts);
        c->p = c->flips ? spike_flip_p(d, c->n)
                        : spike_binomial_p(c->spikes, c->base_spikes, 1 / (1 + odds));
        if (c->spikes + c->base_spikes > 0) {
            double lo, hi;
            share_interval(&lo, &hi, c->spikes, c->base_spikes, s->alpha);
            c->ratio = (double)c->spikes / c->base_spikes * odds;
            c->lo = lo / (1 - lo) * odds, c->hi = hi / (1 - hi) * odds;
        }
    }
    free(d);
}

static bool read_run(spike_run *r, db *d, int64_t run_id, const spike_rule *how, error *e)
{
    int64_t steps;
    sqlite3_stmt *q;
    bool row = true;
    if (!db_integer(d, &steps, 0, e, "SELECT count(*) FROM train_step WHERE run_id = ?", "i",
                    run_id))
        return false;
    double *loss = error_zeroed((size_t)steps, sizeof *loss);
    int64_t *step = error_zeroed((size_t)steps, sizeof *step),
            *tokens = error_zeroed((size_t)steps, sizeof *step);
    int n = 0;
    bool ok = db_query(d, &q, e,
                       "SELECT loss, step, tokens FROM train_step WHERE run_id = ?"
                       " ORDER BY step",
                       "i", run_id);
    while (ok && n < steps && (ok = db_next(d, q, &row, e)) && row) {
        /* A loss that is no number ends a run; that is its divergence, and counted as such. */
        if (sqlite3_column_type(q, 0) == SQLITE_NULL || isinf(sqlite3_column_double(q, 0))) break;
        loss[n] = sqlite3_column_double(q, 0);
        step[n] = sqlite3_column_int64(q, 1), tokens[n++] = sqlite3_column_int64(q, 2);
    }
    sqlite3_finalize(q);
    if (ok) {
        r->known = true;
        r->spikes = spike_find(&r->spike, &r->watched, loss, n, how);
        r->step = error_zeroed((size_t)r->spikes, sizeof *r->step);
        r->tokens = error_zeroed((size_t)r->spikes, sizeof *r->tokens);
        for (int i = 0; i < r->spikes; i++) {
            r->step[i] = step[r->spike[i].at], r->tokens[i] = tokens[r->spike[i].at];
            r->worst = fmax(r->worst, r->spike[i].height);
        }
    }
    free(loss), free(step), free(tokens);
    return ok;
}

bool spike_open(spike_study *k, const study *s, db *d, const spike_rule *how, error *e)
{
    *k = (spike_study){ .study = s,
                        .rule = *how,
                        .run = error_zeroed((size_t)s->arms * (size_t)s->seeds, sizeof *k->run),
                        .row = error_zeroed((size_t)s->arms, sizeof *k->row) };
    for (int i = 0; i < s->arms * s->seeds; i++) {
        const study_cell *c = &s->cell[i];
        if (c->status != STUDY_DONE && c->status != STUDY_DIVERGED) continue;
        if (!read_run(&k->run[i], d, c->run_id, how, e)) {
            spike_close(k);
            return false;
        }
    }
    for (int a = 0; a < s->arms; a++)
        if (s->arm[a].base >= 0)
            k->row[k->contrasts++] = (spike_contrast){ .arm = a, .base = s->arm[a].base };
    for (int i = 0; i < k->contrasts; i++) {
        contrast_fill(&k->row[i], k, k->contrasts);
        k->row[i].p_adjusted = isnan(k->row[i].p) ? NAN : fmin(1, k->row[i].p * k->contrasts);
    }
    return true;
}

void spike_close(spike_study *k)
{
    for (int i = 0; k->run && i < k->study->arms * k->study->seeds; i++)
        free(k->run[i].spike), free(k->run[i].step), free(k->run[i].tokens);
    free(k->run), free(k->row);
    *k = (spike_study){ 0 };
}
