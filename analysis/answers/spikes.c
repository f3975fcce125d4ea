/* spikes.c - read the training losses of a study, find their spikes and compare the arms.
 *
 * The statements are in spikes.sql.
 */
#include "analysis/answers/spikes.h"

#include "analysis/answers/sql.h"
#include "analysis/statistics/counts.h"

#include <math.h>
#include <stdlib.h>

static void contrast_fill(spikes_contrast *c, const spikes *k)
{
    const study *s = k->study;
    int *d = error_zeroed((size_t)s->seeds, sizeof *d);
    for (int i = 0; i < s->seeds; i++) {
        const spikes_run *a = &k->run[c->arm * s->seeds + i], *b = &k->run[c->base * s->seeds + i];
        if (!a->known || !b->known) continue;
        d[c->n++] = a->spikes - b->spikes;
        c->spikes += a->spikes, c->base_spikes += b->spikes;
        c->watched += a->watched, c->base_watched += b->watched;
    }
    c->ratio = c->p = NAN;
    if (c->n && c->watched > 0 && c->base_watched > 0) {
        c->p = counts_flip_p(d, c->n);
        if (c->spikes + c->base_spikes > 0)
            c->ratio = (double)c->spikes / c->base_spikes * c->base_watched / c->watched;
    }
    free(d);
}

static bool read_run(spikes_run *r, db *d, int64_t run_id, const spike_rule *how, error *e)
{
    int64_t steps;
    sqlite3_stmt *q;
    bool row = true;
    if (!db_integer(d, &steps, 0, e, sql_spikes_steps, "i", run_id)) return false;
    double *loss = error_zeroed((size_t)steps, sizeof *loss);
    int64_t *step = error_zeroed((size_t)steps, sizeof *step),
            *tokens = error_zeroed((size_t)steps, sizeof *step);
    int n = 0;
    bool ok = db_query(d, &q, e, sql_spikes_losses, "i", run_id);
    while (ok && n < steps && (ok = db_next(d, q, &row, e)) && row) {
        /* A loss that is not finite ends a run; that is a divergence, and counted as one. */
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

bool spikes_open(spikes *k, const study *s, db *d, const spike_rule *how, error *e)
{
    *k = (spikes){ .study = s,
                   .rule = *how,
                   .run = error_zeroed((size_t)s->arms * (size_t)s->seeds, sizeof *k->run),
                   .row = error_zeroed((size_t)s->arms, sizeof *k->row) };
    for (int i = 0; i < s->arms * s->seeds; i++) {
        const study_cell *c = &s->cell[i];
        if (c->status != STUDY_DONE && c->status != STUDY_DIVERGED) continue;
        if (!read_run(&k->run[i], d, c->run_id, how, e)) {
            spikes_close(k);
            return false;
        }
    }
    for (int a = 0; a < s->arms; a++)
        if (s->arm[a].base >= 0)
            k->row[k->contrasts++] = (spikes_contrast){ .arm = a, .base = s->arm[a].base };
    for (int i = 0; i < k->contrasts; i++) {
        contrast_fill(&k->row[i], k);
        k->row[i].p_adjusted = isnan(k->row[i].p) ? NAN : fmin(1, k->row[i].p * k->contrasts);
    }
    return true;
}

void spikes_close(spikes *k)
{
    for (int i = 0; k->run && i < k->study->arms * k->study->seeds; i++)
        free(k->run[i].spike), free(k->run[i].step), free(k->run[i].tokens);
    free(k->run), free(k->row);
    *k = (spikes){ 0 };
}
