/* reason.c - why SQLite failed, in words that say what to do.
 *
 * SQLite says "disk I/O error", "unable to open database file" or "attempt to write a readonly
 * database", and names no file.  Its extended code tells the part (sqlite.org/rescode.html), and
 * sqlite3_system_errno the system's reason; permissions are looked up here. */
#include "core/db/reason.h"

#include "core/db/wait.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 4200 };

bool reason_is_room(int *why, const db *d)
{
    const int kind = sqlite3_extended_errcode(d->handle) & 0xff;
    *why = kind == SQLITE_FULL ? ENOSPC : sqlite3_system_errno(d->handle);
    return (kind == SQLITE_FULL || kind == SQLITE_IOERR) &&
           (*why == ENOSPC || *why == EDQUOT || *why == EFBIG);
}

static bool say_busy(const db *d, error *e)
{
    char who[80];
    wait_holder(who, sizeof who, d);
    return error_set(
        e,
        "%s: %s has had the database locked for %lld s: wait until it ends, or end it, "
        "and run the command again",
        d->path, who, (long long)(db_now_ms() - d->asked_ms) / 1000);
}

/* What cannot be done, and to which part of the database. */
static const char *part_of(int code)
{
    switch (code) {
    case SQLITE_IOERR_SHMOPEN:
    case SQLITE_IOERR_SHMSIZE:
    case SQLITE_IOERR_SHMLOCK:
    case SQLITE_IOERR_SHMMAP:
        return "the index of its log (FILE-shm), which readers need too, cannot be made";
    case SQLITE_IOERR_READ:
    case SQLITE_IOERR_SHORT_READ:
    case SQLITE_IOERR_FSTAT:
        return "cannot be read";
    default:
        return "cannot be written";
    }
}

static bool say_io(const db *d, int code, error *e)
{
    int why;
    const char *part = part_of(code);
    if (reason_is_room(&why, d))
        return error_set(e, "%s: %s: %s; make room, and run the command again", d->path, part,
                         strerror(why));
    return error_set(e, "%s: %s: %s", d->path, part,
                     why ? strerror(why) : sqlite3_errmsg(d->handle));
}

/* Is there a file beside the database that can't be used like this (R_OK, W_OK)? */
static bool is_closed(char path[PATH], const db *d, const char *ending, int use)
{
    snprintf(path, PATH, "%s%s", d->file, ending);
    return access(path, F_OK) == 0 && access(path, use) != 0;
}

/* Why a reader fails: the log, its index, or the folder where the index would be made. */
static bool say_unreadable(const db *d, error *e)
{
    static const char *const BESIDE[] = { "-wal", "-shm", "-journal" };
    char path[PATH];
    for (int i = 0; i < 3; i++)
        if (is_closed(path, d, BESIDE[i], R_OK))
            return error_set(e, "%s: its log cannot be read, %s: %s", d->path, path,
                             strerror(errno));
    for (int i = 0; i < 3; i += 2) {
        snprintf(path, sizeof path, "%s%s", d->file, BESIDE[i]);
        if (access(path, F_OK) == 0)
            return error_set(
                e,
                "%s: its newest rows are in %s, which can be read only where its index "
                "can be written: copy both files to a folder of yours",
                d->path, path);
    }
    return error_set(e, "%s: %s", d->path, sqlite3_errmsg(d->handle));
}

/* Is the folder closed to this process?  errno says why. */
static bool is_folder_closed(const db *d)
{
    char path[PATH];
    snprintf(path, sizeof path, "%s", d->file);
    *strrchr(path, '/') = '\0';
    return access(*path ? path : "/", W_OK) != 0;
}

static bool say_unwritable(const db *d, error *e)
{
    static const char *const BESIDE[] = { "", "-wal", "-shm", "-journal" };
    char path[PATH];
    for (int i = 0; i < 4; i++)
        if (is_closed(path, d, BESIDE[i], R_OK | W_OK))
            return error_set(e, "%s: cannot be written: %s: %s", d->path, path, strerror(errno));
    if (is_folder_closed(d))
        return error_set(e, "%s: cannot be written, because its folder cannot: %s", d->path,
                         strerror(errno));
    return error_set(e, "%s: %s", d->path, sqlite3_errmsg(d->handle));
}

bool reason_set(const db *d, error *e)
{
    const int code = sqlite3_extended_errcode(d->handle);
    switch (d->file ? code & 0xff : SQLITE_OK) {
    case SQLITE_BUSY:
        return say_busy(d, e);
    case SQLITE_FULL:
    case SQLITE_IOERR:
        return say_io(d, code, e);
    case SQLITE_READONLY: /* a reader that tries to write gets this code, too */
        if (d->mode == DB_READ && code == SQLITE_READONLY && !is_folder_closed(d)) break;
        return d->mode == DB_READ ? say_unreadable(d, e) : say_unwritable(d, e);
    case SQLITE_CANTOPEN:
        return d->mode == DB_READ ? say_unreadable(d, e) : say_unwritable(d, e);
    }
    return error_set(e, "%s: %s", d->path, sqlite3_errmsg(d->handle));
}
