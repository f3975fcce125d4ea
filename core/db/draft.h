/* draft.h - a new database that is filled before anybody sees it.
 *
 * It is written without a journal on disk, because a draft whose process dies is of no use; it
 * appears complete under its name, or not at all (create.h).
 */
#ifndef CORE_DB_DRAFT_H
#define CORE_DB_DRAFT_H

#include "core/db/db.h"

typedef struct draft {
    db d;       /* d.path, d.file: what it will be */
    char *name; /* of the file until then           */
} draft;

bool draft_open(draft *w, const char *path, error *e);

/* Flush it to disk and give it its name.  Fails if the name is taken by now.  Closes the draft. */
bool draft_close(draft *w, error *e);
void draft_drop(draft *w);

#endif
