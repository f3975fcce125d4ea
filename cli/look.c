/* look.c - count a look: open the database for writing just for that, since commands that look at
 * results read only.
 *
 * A note that a look could not be recorded belongs to the answer, because the numbers of later
 * looks are then too small.
 */
#include "cli/look.h"

#include "analysis/answers/changes.h"

#include <math.h>

void look_options(study *s, const command_call *call)
{
    const unsigned shared = call->command->shared; /* an option that is not taken has no value */
    if (shared & SHARED_ALPHA && !isnan(call->alpha)) s->alpha = call->alpha;
    if (shared & SHARED_MARGIN && !isnan(call->margin)) s->margin = call->margin;
}

bool look_study(db *d, study *s, const command_call *call, error *e)
{
    if (!db_open(d, call->db, DB_READ, e)) return false;
    if (study_open(s, d, call->argument[0], call->metric, -1, e)) {
        look_options(s, call);
        return true;
    }
    db_close(d);
    return false;
}

bool look_open(look *l, const command_call *call, bool all, error *e)
{
    if (!look_study(&l->d, &l->study, call, e)) return false;
    if (comparison_open(&l->comparison, &l->study, &l->d, all, e)) return true;
    study_free(&l->study);
    db_close(&l->d);
    return false;
}

void look_close(look *l)
{
    comparison_close(&l->comparison);
    study_free(&l->study);
    db_close(&l->d);
}

void look_record(comparison *c, command_call *call)
{
    error e;
    db d;
    bool ok = db_open(&d, call->db, DB_CHANGE, &e);
    if (ok) {
        ok = comparison_record(c, &d, call->line, &e);
        if (ok) db_tidy(&d);
        db_close(&d);
    }
    if (!ok) command_note(call, NOTE_WARNING, "This look is not recorded: %s", e.msg);
}

bool look_changes(command_call *call, const comparison *c, db *d, error *e)
{
    notes list = { 0 };
    changes_asked(&list, c);
    const bool ok = changes_made(&list, c->study, d, e);
    command_notes(call, &list);
    return ok;
}
