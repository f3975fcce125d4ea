/* ledger.c - entries of the ledger: found, made and put into words (ledger.h). */
#include "analysis/answers/ledger.h"

#include "analysis/answers/sequence.h"
#include "analysis/answers/sql.h"
#include "analysis/statistics/lord.h"
#include "core/base/growing.h"
#include "core/base/hash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The number and the level of the next entry. */
static bool find_next(int64_t *entry, double *level, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_ledger_discoveries, NULL), *discovery = NULL;
    int n = 0;
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        discovery = growing_list(discovery, n, sizeof *discovery);
        discovery[n++] = sqlite3_column_int(q, 0);
    }
    sqlite3_finalize(q);
    *entry = n + 1, *level = lord_level(discovery, LEDGER_FDR, n);
    free(discovery);
    return ok;
}

bool ledger_find(ledger_entry *x, const study *s, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    *x = (ledger_entry){ .p = 1 };
    const bool ok =
        db_query(d, &q, e, sql_ledger_entry, "i", s->sweep_id) && db_next(d, q, &row, e);
    if (ok && row)
        *x = (ledger_entry){ .entry = sqlite3_column_int64(q, 0),
                             .known = true,
                             .level = sqlite3_column_double(q, 1),
                             .p = sqlite3_column_double(q, 2),
                             .discovery = sqlite3_column_int(q, 3) };
    sqlite3_finalize(q);
    return ok && (row || find_next(&x->entry, &x->level, d, e));
}

bool ledger_ready(const study *s, db *d, error *e)
{
    comparison c;
    int unfinished = 0;
    for (int a = 0; a < s->arms; a++) unfinished += s->arm[a].unfinished + s->arm[a].failed;
    if (unfinished)
        return error_set(
            e,
            "study '%s': %d run%s not finished: a study is entered in the ledger once, "
            "after its last run",
            s->name, unfinished, unfinished == 1 ? " is" : "s are");
    if (!comparison_open(&c, s, d, false, e)) return false;
    char *rest = sequence_rest(&c);
    const bool any = c.asked.pairs > 0;
    comparison_close(&c);
    if (rest)
        error_set(e,
                  "study '%s': it still adds seeds (%s): a study is entered in the ledger once, "
                  "after its last run",
                  s->name, rest);
    else if (!any)
        error_set(e, "study '%s': it compares nothing, so there is nothing to enter", s->name);
    free(rest);
    return !rest && any;
}

/* A hash of every run and its value. */
static void results_of(char hex[HASH_HEX], const comparison *c)
{
    hash h;
    const study *s = c->study;
    hash_open(&h);
    for (int i = 0; i < s->arms * s->seeds; i++) {
        char text[96];
        const int n = snprintf(text, sizeof text, "%s %.17g\n",
                               s->cell[i].uid ? s->cell[i].uid : "", s->cell[i].value);
        hash_add(&h, text, (size_t)n);
    }
    hash_close(&h, hex);
}

static void judge(ledger_entry *x, const comparison *c)
{
    x->p = 1, x->discovery = false;
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast *r = &c->result.row[i];
        const bool ahead = (r->diff > 0) == c->asked.larger_is_better && r->diff != 0;
        if (ahead && !isnan(r->p_adjusted)) x->p = fmin(x->p, r->p_adjusted);
        x->discovery = x->discovery || r->verdict == CONTRAST_BETTER;
    }
}

static bool check_same(const comparison *c, const char *hex, db *d, error *e)
{
    char *stored;
    if (!db_text(d, &stored, e, sql_ledger_results, "i", c->study->sweep_id)) return false;
    const bool same = stored && strcmp(stored, hex) == 0;
    free(stored);
    return same ||
           error_set(e,
                     "study '%s': its results have changed since it was entered in the "
                     "ledger, and an entry is final: give the study another name to test it "
                     "again",
                     c->study->name);
}

bool ledger_enter(ledger_entry *x, const comparison *c, db *d, error *e)
{
    char hex[HASH_HEX];
    ledger_entry now;
    const study *s = c->study;
    results_of(hex, c);
    if (!db_begin(d, e)) return false;
    bool ok = ledger_find(&now, s, d, e);
    if (ok && now.known)
        ok = check_same(c, hex, d, e);
    else if (ok && now.level != x->level)
        ok = error_set(e,
                       "another study was entered in the ledger meanwhile: run the command again");
    else if (ok) {
        judge(&now, c);
        ok = db_run(d, e, sql_ledger_insert, "iiiidddnt", now.entry, s->sweep_id, c->cmp_id,
                    db_now_ms(), LEDGER_FDR, now.level, now.p, now.discovery, hex);
    }
    ok = ok && db_commit(d, e);
    if (!ok) db_rollback(d);
    if (ok) *x = now;
    return ok;
}

void ledger_note(notes *out, const ledger_entry *x)
{
    notes_add(out, NOTE_INFO,
              "Ledger: entry %lld, tested at alpha %.4g (LORD++, false discovery rate %g over the "
              "studies of this database): %s.",
              (long long)x->entry, x->level, LEDGER_FDR,
              x->discovery ? "a discovery" : "no discovery");
}

bool ledger_sum(notes *out, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row;
    int64_t entry = 0, n[4] = { 0 };
    double level = 0;
    bool ok = db_query(d, &q, e, sql_ledger_counts, NULL) && db_next(d, q, &row, e);
    for (int i = 0; ok && i < 4; i++) n[i] = sqlite3_column_int64(q, i);
    sqlite3_finalize(q);
    if (!ok || !find_next(&entry, &level, d, e)) return false;
    notes_add(out, NOTE_INFO, "%lld verdict%s shown, of %lld stud%s.", (long long)n[0],
              n[0] == 1 ? "" : "s", (long long)n[1], n[1] == 1 ? "y" : "ies");
    notes_add(out, NOTE_INFO,
              "In the ledger: %lld stud%s, %lld discover%s. `attnlab compare STUDY --ledger` tests "
              "the next one at alpha %.4g (LORD++, false discovery rate %g).",
              (long long)n[2], n[2] == 1 ? "y" : "ies", (long long)n[3], n[3] == 1 ? "y" : "ies",
              level, LEDGER_FDR);
    return true;
}
