/* source_runs.c - the source's run of each unfinished cell, looked up by its identity.
 *
 * Several cells start from one run: it is counted once, where it comes first.
 */
#include "experiments/source_runs.h"

#include "trainer/run/run_row.h"

static int64_t seed_of(const arm_source *from, int seed)
{
    return from->seed >= 0 ? from->seed : seed;
}

/* Does an earlier cell, by arm and then by seed, start from the same run? */
static bool counted(const arms *a, const study_file *s, int ord, int seed)
{
    const arm_source *own = &a->arm[ord].from;
    for (int i = 0; i <= ord; i++) {
        const arm_source *from = &a->arm[i].from;
        if (from->arm != own->arm || from->study != own->study) continue;
        for (int k = 0; k < (i < ord ? s->seeds : seed); k++)
            if (seed_of(from, s->seed[k]) == seed_of(own, s->seed[seed])) return true;
    }
    return false;
}

static bool find(run_row *r, db *d, const arm *x, int64_t seed, error *e)
{
    run_spec spec;
    bool found = false;
    arm_spec(&spec, x, (int)seed);
    *r = (run_row){ .status = RUN_NEW };
    return !d || run_row_find(d, r, &found, &spec, e);
}

static bool count_cell(source_runs *n, const arm_source *from, db *d, int64_t seed, error *e)
{
    run_row r;
    if (!find(&r, d, from->arm, seed, e)) return false;
    const bool missing = !run_status_final(r.status), outdated = !missing && r.outdated;
    n->needed++;
    if (missing ? n->missing == 0 : outdated && n->missing + n->outdated == 0)
        snprintf(n->first, sizeof n->first, "%s, seed %lld", from->arm->label, (long long)seed);
    n->missing += missing, n->outdated += outdated;
    return true;
}

bool source_runs_count(source_runs *n, const source *from, db *d, const arms *a,
                       const study_file *s, error *e)
{
    *n = (source_runs){ 0 };
    for (int i = 0; i < a->n; i++) {
        const arm_source *x = &a->arm[i].from;
        if (!x->arm || x->study != from) continue;
        for (int k = 0; k < s->seeds; k++) {
            run_row own;
            if (!find(&own, d, &a->arm[i], s->seed[k], e)) return false;
            if (run_status_final(own.status) || counted(a, s, i, k)) continue;
            if (!count_cell(n, x, d, seed_of(x, s->seed[k]), e)) return false;
        }
    }
    return true;
}
