/* pilots.c - read studies, and find spread and time for each size and length in them.
 *
 * The statement is in pilots.sql.
 */
#include "analysis/answers/pilots.h"

#include "analysis/answers/leave.h"
#include "analysis/answers/sql.h"
#include "analysis/statistics/noise.h"
#include "analysis/statistics/verdict.h"
#include "core/base/growing.h"

#include <math.h>
#include <stdlib.h>

/* What the runs of one arm were; runs 0: none has finished. */
typedef struct kind {
    int64_t n_layers, dim;
    double tokens, seconds, core_seconds;
    int runs;
} kind;

static bool read_kind(kind *k, const study *s, int arm, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row;
    *k = (kind){ 0 };
    bool ok = db_query(d, &q, e, sql_pilots_arm, "i", s->arm[arm].arm_id) && db_next(d, q, &row, e);
    if (ok && row)
        *k = (kind){ sqlite3_column_int64(q, 0),  sqlite3_column_int64(q, 1),
                     study_tokens(s, arm),        sqlite3_column_double(q, 2),
                     sqlite3_column_double(q, 4), sqlite3_column_int(q, 3) };
    sqlite3_finalize(q);
    return ok;
}

static bool same_kind(const kind *a, const kind *b)
{
    return a->runs && b->runs && a->n_layers == b->n_layers && a->dim == b->dim &&
           a->tokens == b->tokens;
}

/* The point of the arms that are like arm `first`. */
static pilots_point point_of(const comparison *c, const kind *arm, int first)
{
    const study *s = c->study;
    const size_t seeds = (size_t)s->seeds;
    const kind *k = &arm[first];
    pilots_point out = {
        .n_layers = k->n_layers, .dim = k->dim, .tokens = k->tokens, .sd = NAN, .half = NAN
    };
    double *y = error_zeroed((size_t)s->arms * seeds, sizeof *y);
    contrast_pair *pair = error_zeroed((size_t)s->arms, sizeof *pair);
    int *number = error_zeroed((size_t)s->arms, sizeof *number), arms = 0, pairs = 0;
    for (int a = 0; a < s->arms; a++) {
        if (!same_kind(&arm[a], k)) continue;
        out.seconds += arm[a].seconds * arm[a].runs, out.runs += arm[a].runs;
        out.core_seconds += arm[a].core_seconds;
        for (size_t i = 0; i < seeds; i++)
            y[(size_t)arms * seeds + i] = c->y[(size_t)a * seeds + i];
        number[a] = arms++;
    }
    for (int a = 0; a < s->arms; a++)
        if (same_kind(&arm[a], k) && s->arm[a].base >= 0 && same_kind(&arm[s->arm[a].base], k))
            pair[pairs++] = (contrast_pair){ number[a], number[s->arm[a].base] };
    out.seconds /= out.runs;
    if (pairs) {
        const contrast_study asked = { arms, s->seeds, y, pairs, pair, s->alpha, NAN, false };
        contrast_result r;
        noise n;
        verdict_compute(&r, &asked);
        noise_estimate(&n, &r, &asked);
        out.sd = n.difference, out.df = n.df, out.pairs = pairs, out.seeds = r.shared_seeds;
        out.half = 0;
        for (int i = 0; i < pairs; i++) out.half += (r.row[i].hi - r.row[i].lo) / 2 / pairs;
        if (!isfinite(out.half)) out.half = NAN;
        contrast_close(&r);
    }
    free(y), free(pair), free(number);
    return out;
}

static bool add_points(pilots *p, const comparison *c, db *d, error *e)
{
    const study *s = c->study;
    kind *arm = error_zeroed((size_t)s->arms, sizeof *arm);
    leave l;
    bool ok = leave_open(&l, c, d, e);
    for (int a = 0; ok && a < s->arms; a++) ok = read_kind(&arm[a], s, a, d, e);
    for (int a = 0; ok && a < s->arms; a++) {
        bool known = !arm[a].runs;
        for (int b = 0; b < a; b++) known = known || same_kind(&arm[a], &arm[b]);
        if (known) continue;
        p->point = growing_list(p->point, p->n, sizeof *p->point);
        p->point[p->n] = point_of(c, arm, a);
        p->point[p->n++].plateau = leave_explains(&l);
    }
    leave_close(&l);
    free(arm);
    return ok;
}

bool pilots_add(pilots *p, db *d, const char *name, const char *metric_name, error *e)
{
    study s;
    comparison c;
    if (!study_open(&s, d, name, metric_name, -1, e)) return false;
    bool ok = comparison_open(&c, &s, d, false, e);
    if (ok) {
        ok = add_points(p, &c, d, e);
        comparison_close(&c);
    }
    study_free(&s);
    return ok;
}

void pilots_close(pilots *p)
{
    free(p->point);
    *p = (pilots){ 0 };
}
