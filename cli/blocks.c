/* blocks.c - ask the analysis how many seeds each arm needs: the only place where the trainer's
 * side hears of results.
 *
 * The answer is a function of the runs that have ended and of the plan of looks, which is stored
 * before the first run.  So drivers that are killed or that share the work all find the same block.
 */
#include "cli/blocks.h"

#include "analysis/answers/sequence.h"

#include <stdlib.h>
#include <string.h>

/* Where each contrast stands, on stderr. */
static void say(const study_file *s, const comparison *c)
{
    for (int i = 0; i < c->asked.pairs; i++) {
        char *line = sequence_line(c, i);
        fprintf(stderr, "%s: %s\n", s->name, line);
        free(line);
    }
}

static void give(arms *r, const comparison *c, const int *seeds)
{
    for (int a = 0; a < c->study->arms; a++)
        for (int i = 0; i < r->n; i++)
            if (strcmp(r->arm[i].label, c->study->arm[a].label) == 0 && seeds[a] > r->arm[i].seeds)
                r->arm[i].seeds = seeds[a];
}

static int64_t cells(const arms *r)
{
    int64_t n = 0;
    for (int i = 0; i < r->n; i++) n += r->arm[i].seeds;
    return n;
}

/* Is anything said: if `aloud`, or if `ending` and no arm gets more seeds. */
static bool grow(bool *grew, arms *r, const study_file *s, db *d, bool aloud, bool ending, error *e)
{
    study known;
    comparison c;
    const int64_t before = cells(r);
    if (!study_open(&known, d, s->name, NULL, -1, e)) return false;
    const bool ok = comparison_open(&c, &known, d, false, e);
    if (ok && c.staged) {
        int *seeds = error_zeroed((size_t)known.arms, sizeof *seeds),
            *most = error_zeroed((size_t)known.arms, sizeof *most);
        sequence_seeds(seeds, most, &c);
        give(r, &c, seeds);
        *grew = cells(r) > before;
        if (aloud || (ending && !*grew)) say(s, &c);
        free(seeds), free(most);
    }
    if (ok) comparison_close(&c);
    study_free(&known);
    return ok;
}

bool blocks_grow(bool *grew, arms *r, const study_file *s, db *d, bool aloud, error *e)
{
    *grew = false;
    return !s->start || grow(grew, r, s, d, aloud, true, e);
}

bool blocks_recall(arms *r, const study_file *s, db *d, error *e)
{
    int64_t known;
    bool grew;
    if (!s->start) return true;
    if (!db_integer(d, &known, 0, e, "SELECT 1 FROM sweep WHERE name=?", "t", s->name))
        return false;
    return !known || grow(&grew, r, s, d, false, false, e);
}
