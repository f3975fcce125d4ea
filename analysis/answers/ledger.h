/* ledger.h - one verdict a study, at levels that control false discoveries over all studies of a
 * database (analysis/statistics/lord.h).
 *
 * A study is entered once, when its runs have ended.  Its level follows from the entries before it,
 * and takes the place of the study's alpha: all its contrasts together are tested at that level,
 * and it is a discovery if an arm is better than its baseline.  The entry is final.  So an
 * automated search can keep what is better and discard the rest, and at most LEDGER_FDR of what it
 * keeps is expected to be nothing.
 */
#ifndef ANALYSIS_ANSWERS_LEDGER_H
#define ANALYSIS_ANSWERS_LEDGER_H

#include "analysis/answers/comparison.h"

#define LEDGER_FDR 0.05

typedef struct ledger_entry {
    int64_t entry; /* its number, from 1 */
    bool known;    /* it is in the database */
    double level;
    double p;       /* the least adjusted p of an arm that is ahead of its baseline; 1 if none is */
    bool discovery; /* an arm is better */
} ledger_entry;

/* The entry of the study, or the one that it would be. */
bool ledger_find(ledger_entry *x, const study *s, db *d, error *e);

/* Has the study ended?  If not, e says what is missing. */
bool ledger_ready(const study *s, db *d, error *e);

/* Enter the comparison, which was made at x->level and stored.  Fails if another study was entered
 * in between, or if the study was entered before with other results. */
bool ledger_enter(ledger_entry *x, const comparison *c, db *d, error *e);

/* "Ledger: entry 3, tested at 0.0021 ..." */
void ledger_note(notes *out, const ledger_entry *x);

/* How many studies and verdicts the database has, and the level of the next study. */
bool ledger_sum(notes *out, db *d, error *e);

#endif
