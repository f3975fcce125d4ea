/* tuned.c - the tuned key of a study and its value in each arm, as a note.
 *
 * A tuned key is not a confound: every arm had the same chance to find its best value.  The reader
 * of a comparison still has to know the values.
 */
#include "analysis/answers/tuned.h"

#include "analysis/answers/sql.h"
#include "core/base/growing.h"

#include <stdlib.h>

bool tuned_note(notes *out, const study *s, db *d, error *e)
{
    sqlite3_stmt *q;
    growing words;
    char *key = NULL;
    int n = 0;
    bool row = true, ok = db_query(d, &q, e, sql_tuned_values, "i", s->sweep_id);
    growing_open(&words);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        if (!n) key = db_column(q, 0);
        fprintf(words.f, "%s%s %.6g", n++ ? ", " : "", (const char *)sqlite3_column_text(q, 1),
                sqlite3_column_double(q, 2));
    }
    sqlite3_finalize(q);
    char *values = growing_close(&words);
    if (n)
        notes_add(out, NOTE_INFO,
                  "%s was tuned for each arm, at equal cost and with other seeds (study "
                  "'%s.tune'): %s.",
                  key, s->name, values);
    free(values), free(key);
    return ok;
}
