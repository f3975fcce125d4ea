/* backup.c - a copy by VACUUM INTO, which reads one snapshot of the database as any reader does
 * under WAL.  It does not flush what it writes; that is done here, before the file takes its name.
 */
#define _GNU_SOURCE /* asprintf, realpath */
#include "core/db/backup.h"

#include "core/base/file.h"
#include "core/db/identity.h"
#include "core/db/reason.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The event of a copy of this database.  The caller frees it. */
static char *signature(const char *original)
{
    char *whole = realpath(original, NULL), *line;
    if (asprintf(&line, BACKUP_SAYS "%s", whole ? whole : original) < 0) error_memory();
    free(whole);
    return line;
}

static bool has_beside(const char *path, const char *ending)
{
    char *name;
    if (asprintf(&name, "%s%s", path, ending) < 0) error_memory();
    const bool there = access(name, F_OK) == 0;
    free(name);
    return there;
}

/* Is the file at `path` an earlier copy of the database that has not been changed since?  Opening a
 * copy for writing switches it to WAL mode (db.h), which shows in byte 18 of its header. */
static bool is_copy(const char *path, void *context)
{
    enum { WRITE_VERSION = 18, ROLLBACK = 1 };
    const db *of = context;
    char header[WRITE_VERSION + 1] = "", *last = NULL, *ours = signature(of->file);
    db d = { .path = (char *)path };
    error ignored;
    FILE *f = fopen(path, "rb");
    bool yes = f && fread(header, 1, sizeof header, f) == sizeof header &&
               header[WRITE_VERSION] == ROLLBACK && !has_beside(path, "-wal") &&
               !has_beside(path, "-journal") && !has_beside(path, ".runs");
    if (f) fclose(f);
    yes = yes && sqlite3_open_v2(path, &d.handle, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
          db_text(&d, &last, &ignored, "SELECT message FROM event ORDER BY event_id DESC LIMIT 1",
                  NULL) &&
          last && strcmp(last, ours) == 0;
    sqlite3_close(d.handle);
    free(last), free(ours);
    return yes;
}

/* A log of a database that is gone would be replayed into the copy. */
static bool check(const db *d, const char *path, error *e)
{
    if (identity_same(path, d->path))
        return error_usage(e, "%s: this is the database itself: give the copy another name", path);
    if (access(path, F_OK) != 0 && (has_beside(path, "-wal") || has_beside(path, "-journal")))
        return error_usage(e,
                           "%s: beside it lies the log of a database that is gone: choose another "
                           "name or remove %s-wal and %s-journal",
                           path, path, path);
    return true;
}

/* Copy what is committed.  Only the copy is written, so if there is no room, it is the copy that
 * has none. */
static bool copy(db *d, const char *draft, const char *path, error *e)
{
    if (db_run(d, e, "VACUUM INTO ?", "t", draft)) return true;
    int why;
    if (!reason_is_room(&why, d)) return false;
    return error_set(e, "%s: the copy cannot be written: %s", path, strerror(why));
}

/* Note in the copy that it is one, and of which database: its checkpoints lie there. */
static bool sign(const char *draft, const char *path, const char *original, error *e)
{
    char *line = signature(original);
    db d = { .path = (char *)path };
    const bool ok =
        sqlite3_open_v2(draft, &d.handle, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        db_run(&d, e, "PRAGMA journal_mode=MEMORY", NULL) && /* no other process knows it yet */
        db_run(&d, e, "INSERT INTO event(at_ms, level, message) VALUES(?, 'info', ?)", "it",
               db_now_ms(), line);
    if (!d.handle) error_set(e, "%s: cannot be opened", path);
    sqlite3_close(d.handle);
    free(line);
    return ok;
}

bool backup_write(db *d, const char *path, error *e)
{
    file_draft draft;
    if (!check(d, path, e) || !file_output_open(&draft, path, "attnlab backup", is_copy, d, e))
        return false;
    if (copy(d, draft.beside, path, e) && sign(draft.beside, path, d->file, e))
        return file_draft_close(&draft, e);
    file_draft_drop(&draft);
    return false;
}
