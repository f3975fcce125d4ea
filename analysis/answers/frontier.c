/* frontier.c - place each arm by its costs and the verdicts of the comparison of all pairs. */
#include "analysis/answers/frontier.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const double EQUAL = 0.005; /* relative difference of costs that count as equal */

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

void frontier_open(frontier *f, const comparison *c)
{
    const study *s = c->study;
    *f = (frontier){ c, error_zeroed((size_t)s->arms, sizeof *f->arm) };
    for (int a = 0; a < s->arms; a++) {
        frontier_arm *x = &f->arm[a];
        double sd;
        x->n = comparison_arm(&x->mean, &sd, c, a);
        x->cost[FRONTIER_KV] = s->arm[a].kv_bytes > 0 ? s->arm[a].kv_bytes : NAN;
        x->cost[FRONTIER_PARAMS] = (double)s->arm[a].n_params;
        const double tokens = study_tokens(s, a);
        x->cost[FRONTIER_FLOPS] = tokens > 0 ? tokens * s->arm[a].train_flops : NAN;
    }
    for (int a = 0; a < s->arms; a++)
        for (int k = 0; k < FRONTIER_COSTS; k++) place(f, a, k);
}

void frontier_close(frontier *f)
{
    free(f->arm);
    *f = (frontier){ 0 };
}

void frontier_describe(char *text, size_t size, const frontier *f, int arm, int cost)
{
    static const char *const WORDS[] = { "", "frontier", "dominated by ",
                                         "not distinguishable from " };
    const frontier_arm *a = &f->arm[arm];
    snprintf(text, size, "%s%s", WORDS[a->place[cost]],
             a->by[cost] >= 0 ? f->c->study->arm[a->by[cost]].label : "");
}
