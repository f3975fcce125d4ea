/* backup.c - a copy by VACUUM INTO, which reads one snapshot of the database as any reader does
 * under WAL.  It does not flush what it writes; that is done here, before the file takes its name.
 */
#include "core/db/backup.h"

#include "core/base/file.h"
#include "core/db/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
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

/* Copy what is committed.  Only the copy is written, so what says that there is no room is about
 * the copy. */
static bool copy(db *d, const char *draft, const char *path, error *e)
{
    if (db_run(d, e, "VACUUM INTO ?", "t", draft)) return true;
    const int code = sqlite3_extended_errcode(d->handle), why = sqlite3_system_errno(d->handle);
    if (!reason_is_room(code, why)) return false;
    return error_set(e, "%s: the copy cannot be written: %s", path,
                     strerror((code & 0xff) == SQLITE_FULL ? ENOSPC : why));
}

/* Note in the copy that it is one, and of which database: its checkpoints lie there. */
static bool sign(const char *draft, const char *path, const char *original, error *e)
{
    char line[sizeof e->msg];
    db d = { .path = (char *)path };
    snprintf(line, sizeof line, BACKUP_SAYS "%s", original);
    const bool ok =
        sqlite3_open_v2(draft, &d.handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        db_run(&d, e, "PRAGMA journal_mode=MEMORY", NULL) && /* no other process knows it yet */
        db_run(&d, e, "INSERT INTO event(at_ms, level, message) VALUES(?, 'info', ?)", "it",
               db_now_ms(), line);
    if (!d.handle) error_set(e, "%s: cannot be opened", path);
    sqlite3_close(d.handle);
    return ok;
}

bool backup_write(db *d, const char *path, error *e)
{
    file_draft draft;
    if (!may_replace(d, path, e) || !file_draft_open(&draft, path, e)) return false;
    if (copy(d, draft.beside, path, e) && sign(draft.beside, path, d->file, e))
        return file_draft_close(&draft, e);
    file_draft_drop(&draft);
    return false;
}
