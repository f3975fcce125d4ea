/* backup.c - a copy by VACUUM INTO, which reads one snapshot of the database as any reader does
 * under WAL.  It does not flush what it writes; that is done here, before the file takes its name.
 */
#define _DEFAULT_SOURCE /* realpath */
#include "core/db/backup.h"

#include "core/base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

static bool may_replace(const db *d, const char *path, error *e)
{
    struct stat ours, theirs;
    db other;
    if (stat(path, &theirs) != 0) return true;
    if (stat(d->path, &ours) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
        return error_usage(e, "%s: is the database itself; give the copy another name", path);
    if (!db_open(&other, path, DB_READ, e)) return error_where(e, "not replaced");
    db_close(&other);
    return true;
}

/* Note in the copy that it is one, and of which database: its checkpoints lie there. */
static bool sign(const char *copy, const char *original, error *e)
{
    char *whole = realpath(original, NULL), line[sizeof e->msg];
    db d = { .path = (char *)copy };
    snprintf(line, sizeof line, BACKUP_SAYS "%s", whole ? whole : original);
    free(whole);
    const bool ok =
        sqlite3_open_v2(copy, &d.handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        db_run(&d, e, "PRAGMA journal_mode=MEMORY", NULL) && /* no other process knows it yet */
        db_run(&d, e, "INSERT INTO event(at_ms, level, message) VALUES(?, 'info', ?)", "it",
               db_now_ms(), line);
    if (!d.handle) error_set(e, "%s: cannot be opened", copy);
    sqlite3_close(d.handle);
    return ok;
}

bool backup_write(db *d, const char *path, error *e)
{
    file_draft draft;
    if (!may_replace(d, path, e) || !file_draft_open(&draft, path, e)) return false;
    if (db_run(d, e, "VACUUM INTO ?", "t", draft.beside) && sign(draft.beside, d->path, e))
        return file_draft_close(&draft, e);
    file_draft_drop(&draft);
    return false;
}
