/* backup.c - see backup.h.  VACUUM INTO reads one snapshot, as any reader under WAL; it does not
 * flush what it writes, so that is done here, before the file takes its name. */
#include "core/backup.h"

#include "core/file.h"

#include <sys/stat.h>

static bool may_replace(const db *d, const char *path, error *e)
{
    struct stat ours, theirs;
    db other;
    if (stat(path, &theirs) != 0) return true;
    if (stat(d->path, &ours) == 0 && ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino)
        return error_usage(e, "%s: is the record itself", path);
    if (!db_open(&other, path, DB_READ, e)) return error_where(e, "what is there is not replaced");
    db_close(&other);
    return true;
}

bool backup_write(db *d, const char *path, error *e)
{
    file_draft draft;
    if (!may_replace(d, path, e) || !file_draft_open(&draft, path, e)) return false;
    if (db_run(d, e, "VACUUM INTO ?", "t", draft.beside)) return file_draft_close(&draft, e);
    file_draft_drop(&draft);
    return false;
}
