/* draft.c - filling a database without a journal on disk: SQLite writes each page once
 * (sqlite.org/pragma.html#pragma_journal_mode), and one flush at the end makes it last. */
#include "core/db/draft.h"

#include "core/db/create.h"
#include "core/db/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool draft_open(draft *w, const char *path, error *e)
{
    *w = (draft){ .d = { .mode = DB_WRITE, .path = strdup(path), .patience_ms = DB_PATIENCE_MS } };
    if (!w->d.path) error_memory();
    create_clear(path);
    if (filesystem_check(path, e) && create_draft(&w->d.file, &w->name, path, db_schema(), e) &&
        (sqlite3_open_v2(w->name, &w->d.handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_EXRESCODE,
                         NULL) == SQLITE_OK ||
         error_set(e, "%s: cannot be opened", w->name)) &&
        db_run(&w->d, e, "PRAGMA locking_mode=EXCLUSIVE", NULL) &&
        db_run(&w->d, e, "PRAGMA journal_mode=MEMORY", NULL) &&
        db_run(&w->d, e, "PRAGMA synchronous=OFF", NULL) &&
        db_run(&w->d, e, "PRAGMA foreign_keys=ON", NULL))
        return true;
    draft_drop(w);
    return false;
}

static bool publish(draft *w, error *e)
{
    enum { WRITE_VERSION = 18 };
    static const unsigned char WAL[] = { 2, 2 }; /* sqlite.org/fileformat2.html, section 1.3.3 */
    bool taken;
    const int fd = open(w->name, O_WRONLY | O_CLOEXEC);
    const bool ok =
        fd >= 0 && pwrite(fd, WAL, sizeof WAL, WRITE_VERSION) == sizeof WAL && fsync(fd) == 0;
    if (!ok) error_set(e, "%s: cannot be written: %s", w->d.path, strerror(errno));
    if (fd >= 0) close(fd);
    return ok && create_publish(&taken, w->d.file, w->name, e) &&
           (!taken || error_set(e,
                                "%s: another process has made this database meanwhile: run the "
                                "command again",
                                w->d.path));
}

bool draft_close(draft *w, error *e)
{
    const bool ok =
        sqlite3_close(w->d.handle) == SQLITE_OK || error_set(e, "%s: cannot be closed", w->d.path);
    w->d.handle = NULL;
    const bool done = ok && publish(w, e);
    draft_drop(w);
    return done;
}

void draft_drop(draft *w)
{
    sqlite3_close_v2(w->d.handle);
    if (w->name) unlink(w->name);
    free(w->name), free(w->d.path), free(w->d.file);
    *w = (draft){ 0 };
}
