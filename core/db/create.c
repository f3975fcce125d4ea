/* create.c - a new database is built in memory, written beside its place and linked into it.
 *
 *     FILE.new-PID-SALT   the draft: written and flushed by one process, unknown to all others
 *     FILE                its second name, given by link(2), which fails if the name is taken
 *
 * So a process that opens FILE finds all tables, the version and WAL mode, or no file.  Creating
 * needs no lock, and no process ever switches the journal mode of a database that others have open.
 *
 * A write-ahead log or rollback journal that a deleted database left behind would be replayed into
 * the new one.  It is removed first, and so is an empty file that takes the place; only for these
 * two does a process lock `FILE.lock`, to be sure that they are not the work of a faster one.
 */
#define _GNU_SOURCE /* renameat2, flock */
#include "core/db/create.h"

#include "core/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DRAFT ".new-"

enum { OLD_S = 3600 };

/* A path, with room for what is appended to it. */
enum { LONGEST = PATH_MAX - 64 };
typedef struct place {
    char name[PATH_MAX];
} place;

static place beside(const char *path, const char *ending)
{
    place p;
    snprintf(p.name, sizeof p.name, "%s%s", path, ending);
    return p;
}

/* What a chain of symbolic links names in the end, whether it exists or not. */
static place follow_links(const char *path)
{
    enum { MOST = 40 }; /* as in Linux */
    place p = beside(path, "");
    for (int i = 0; i < MOST; i++) {
        char target[PATH_MAX];
        const ssize_t n = readlink(p.name, target, sizeof target - 1);
        if (n < 0) break;
        target[n] = '\0';
        place folder = p;
        if (target[0] == '/')
            p = beside(target, "");
        else
            snprintf(p.name, sizeof p.name, "%s/%s", dirname(folder.name), target);
    }
    return p;
}

/* The bytes of a new database, for sqlite3_free; NULL if memory runs out.  A database in memory
 * cannot be in WAL mode, so the two version numbers in the header are set to it (section 1.3.3 of
 * sqlite.org/fileformat2.html). */
static unsigned char *build(sqlite3_int64 *n, const char *schema)
{
    enum { WRITE_VERSION = 18, READ_VERSION = 19, WAL = 2 };
    sqlite3 *memory = NULL;
    unsigned char *bytes = NULL;
    if (sqlite3_open(":memory:", &memory) == SQLITE_OK &&
        sqlite3_exec(memory, schema, NULL, NULL, NULL) == SQLITE_OK)
        bytes = sqlite3_serialize(memory, "main", n, 0);
    if (bytes) bytes[WRITE_VERSION] = bytes[READ_VERSION] = WAL;
    sqlite3_close(memory);
    return bytes;
}

static bool write_all(int fd, const unsigned char *bytes, sqlite3_int64 n)
{
    while (n > 0) {
        const ssize_t written = write(fd, bytes, (size_t)n);
        if (written < 0 && errno != EINTR) return false;
        if (written > 0) bytes += written, n -= written;
    }
    return true;
}

/* The draft, on the disk, under a name that nobody else has in use. */
static bool write_draft(place *draft, const place *target, const char *schema, error *e)
{
    enum { MODE = 0644 }; /* SQLite's */
    char ending[64];
    uint64_t salt = 0;
    sqlite3_int64 n = 0;
    if (getrandom(&salt, sizeof salt, 0) < 0) salt = (uint64_t)time(NULL);
    snprintf(ending, sizeof ending, DRAFT "%ld-%016llx", (long)getpid(), (unsigned long long)salt);
    *draft = beside(target->name, ending);
    unsigned char *bytes = build(&n, schema);
    if (!bytes) return error_set(e, "%s: out of memory", target->name);
    const int fd = open(draft->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
    bool ok = fd >= 0 && write_all(fd, bytes, n) && fsync(fd) == 0;
    if (!ok) error_set(e, "%s: cannot be created: %s", target->name, strerror(errno));
    if (fd >= 0 && close(fd) != 0 && ok)
        ok = error_set(e, "%s: cannot be created: %s", target->name, strerror(errno));
    if (fd >= 0 && !ok) unlink(draft->name);
    sqlite3_free(bytes);
    return ok;
}

static bool exists(const char *path)
{
    struct stat s;
    return lstat(path, &s) == 0;
}

/* Is the place taken by an empty file, or by a log without its database?  The database is looked at
 * last: a log that is seen before its database is there belongs to no database. */
static bool needs_clearing(bool *empty, const place *target)
{
    struct stat s;
    const bool log =
        exists(beside(target->name, "-wal").name) || exists(beside(target->name, "-journal").name);
    const bool taken = lstat(target->name, &s) == 0;
    *empty = taken && S_ISREG(s.st_mode) && s.st_size == 0;
    return *empty || (log && !taken);
}

/* Make the place free, unless it holds a database by now.  The permissions of an empty file are
 * kept for the database that replaces it; it goes last, so that everybody else waits here until
 * then. */
static bool clear_place(const place *draft, const place *target, error *e)
{
    bool empty;
    struct stat s;
    if (!needs_clearing(&empty, target)) return true;
    const place lock = beside(target->name, ".lock");
    const int fd = open(lock.name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && flock(fd, LOCK_EX) == 0;
    if (ok && needs_clearing(&empty, target)) {
        unlink(beside(target->name, "-journal").name);
        unlink(beside(target->name, "-wal").name);
        if (empty)
            ok = stat(target->name, &s) == 0 && chmod(draft->name, s.st_mode & 07777) == 0 &&
                 unlink(target->name) == 0;
    }
    if (!ok) error_set(e, "%s: cannot be created: %s", target->name, strerror(errno));
    if (fd >= 0) close(fd);
    return ok;
}

/* Give the draft its name, if that is still free: *taken.  File systems without hard links (FAT)
 * can at least rename without replacing. */
static bool put_in_place(const place *draft, const place *target, bool *taken, error *e)
{
    bool ok = link(draft->name, target->name) == 0;
    if (!ok && errno != EEXIST)
        ok = renameat2(AT_FDCWD, draft->name, AT_FDCWD, target->name, RENAME_NOREPLACE) == 0;
    *taken = !ok && errno == EEXIST;
    if (*taken) return true;
    if (!ok)
        return error_set(e,
                         "%s: cannot be created: this file system knows neither hard links nor "
                         "renaming without replacing (%s)",
                         target->name, strerror(errno));
    return file_flush_folder(target->name, e);
}

bool create_draft(char **file, char **draft, const char *path, const char *schema, error *e)
{
    place own;
    const place target = follow_links(path);
    if (strlen(target.name) > LONGEST)
        return error_set(e, "the path of the database is too long: %s", path);
    if (!write_draft(&own, &target, schema, e)) return false;
    *file = strdup(target.name), *draft = strdup(own.name);
    if (!*file || !*draft) error_memory();
    return true;
}

bool create_publish(bool *taken, const char *file, const char *draft, error *e)
{
    const place own = beside(draft, ""), target = beside(file, "");
    *taken = false;
    const bool ok = clear_place(&own, &target, e) && put_in_place(&own, &target, taken, e);
    unlink(draft); /* a renamed one is no longer there */
    return ok;
}

bool create_database(const char *path, const char *schema, error *e)
{
    char *file, *draft;
    bool taken;
    if (!create_draft(&file, &draft, path, schema, e)) return false;
    const bool ok = create_publish(&taken, file, draft, e);
    free(file), free(draft);
    return ok;
}

/* The next draft beside `target` in its open folder; false at the end. */
static bool next_draft(const char **name, struct stat *s, DIR *folder, const place *target)
{
    place copy = *target;
    const place stem = beside(basename(copy.name), DRAFT);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        *name = entry->d_name;
        if (strncmp(*name, stem.name, strlen(stem.name)) == 0 &&
            fstatat(dirfd(folder), *name, s, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(s->st_mode))
            return true;
    }
    return false;
}

static DIR *open_parent(const place *target)
{
    place parent = *target;
    return opendir(dirname(parent.name));
}

/* A draft with two names is in place already, so its first name can go. */
void create_clear(const char *path)
{
    const place target = follow_links(path);
    DIR *folder = open_parent(&target);
    const time_t now = time(NULL);
    const char *name;
    struct stat s;
    while (folder && next_draft(&name, &s, folder, &target))
        if (s.st_nlink > 1 || now - s.st_mtime > OLD_S) unlinkat(dirfd(folder), name, 0);
    if (folder) closedir(folder);
}

int create_drafts(const char *file)
{
    const place target = beside(file, "");
    DIR *folder = open_parent(&target);
    const char *name;
    struct stat ours, s;
    int n = 0;
    const bool there = stat(file, &ours) == 0;
    while (there && folder && next_draft(&name, &s, folder, &target))
        n += s.st_dev == ours.st_dev && s.st_ino == ours.st_ino;
    if (folder) closedir(folder);
    return n;
}
