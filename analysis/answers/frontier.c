/* frontier.c - see frontier.h. */
#include "analysis/answers/frontier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double EQUAL = 0.005; /* costs, as a part */

/* The verdict of arm a against arm b. */
static contrast_verdict verdict(const comparison *c, int a, int b)
{
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast *r = &c->result.row[i];
        if (r->of.arm == a && r->of.base == b) return r->verdict;
        if (r->of.arm != b || r->of.base != a) continue;
        return r->verdict == CONTRAST_BETTER  ? CONTRAST_WORSE
               : r->verdict == CONTRAST_WORSE ? CONTRAST_BETTER
                                              : r->verdict;
    }
    return CONTRAST_UNDECIDED;
}

static void place(frontier *f, int arm, int cost)
{
    const comparison *c = f->c;
    frontier_arm *a = &f->arm[arm];
    a->place[cost] = isnan(a->cost[cost]) || isnan(a->mean) ? FRONTIER_UNKNOWN : FRONTIER_BEST;
    a->by[cost] = -1;
    for (int b = 0; b < c->study->arms && a->place[cost] != FRONTIER_UNKNOWN; b++) {
        const frontier_arm *other = &f->arm[b];
        const double mine = a->cost[cost], theirs = other->cost[cost];
        if (b == arm || isnan(theirs) || isnan(other->mean)) continue;
        if (theirs > mine * (1 + EQUAL)) continue;
        const contrast_verdict v = verdict(c, b, arm);
        const bool cheaper = theirs * (1 + EQUAL) < mine;
        if (v == CONTRAST_BETTER || (v == CONTRAST_EQUIVALENT && cheaper)) {
            a->place[cost] = FRONTIER_DOMINATED, a->by[cost] = b;
            return;
        }
        if (v == CONTRAST_WORSE || a->place[cost] == FRONTIER_OPEN) continue;
        a->place[cost] = FRONTIER_OPEN, a->by[cost] = b;
    }
}

/* FLOPs of a whole run: those of a token times its tokens. */
static bool read_flops(double *flops, const study *s, db *d, int arm, error *e)
{
    double tokens = 0;
    for (int i = 0; i < s->seeds; i++) {
        const study_cell *c = study_at(s, arm, i);
        if (c->status == STUDY_DONE && c->tokens) tokens = fmax(tokens, strtod(c->tokens, NULL));
    }
    sqlite3_stmt *q;
    bool row = false;
    const bool ok = db_query(d, &q, e,
                             "SELECT train_flops_per_token FROM config JOIN arm USING(config_id)"
                             " WHERE arm_id = ?",
                             "i", s->arm[arm].arm_id) &&
                    db_next(d, q, &row, e);
    *flops = ok && row && tokens > 0 ? sqlite3_column_double(q, 0) * tokens : NAN;
    sqlite3_finalize(q);
    return ok;
}

bool frontier_open(frontier *f, const comparison *c, db *d, error *e)
{
    const study *s = c->study;
    *f = (frontier){ c, calloc((size_t)s->arms, sizeof *f->arm) };
    if (!f->arm) error_memory();
    for (int a = 0; a < s->arms; a++) {
        frontier_arm *x = &f->arm[a];
        double sd;
        x->n = comparison_arm(&x->mean, &sd, c, a);
        x->cost[FRONTIER_KV] = s->arm[a].kv_bytes > 0 ? s->arm[a].kv_bytes : NAN;
        x->cost[FRONTIER_PARAMS] = (double)s->arm[a].n_params;
        if (!read_flops(&x->cost[FRONTIER_FLOPS], s, d, a, e)) {
            frontier_close(f);
            return false;
        }
    }
    for (int a = 0; a < s->arms; a++)
        for (int k = 0; k < FRONTIER_COSTS; k++) place(f, a, k);
    return true;
}

void frontier_close(frontier *f)
{
    free(f->arm);
    *f = (frontier){ 0 };
}

void frontier_describe(char *text, size_t size, const frontier *f, int arm, int cost)
{
    static const char *const WORDS[] = { "", "frontier", "dominated by ", "not told from " };
    const frontier_arm *a = &f->arm[arm];
    snprintf(text, size, "%s%s", WORDS[a->place[cost]],
             a->by[cost] >= 0 ? f->c->study->arm[a->by[cost]].label : "");
}
