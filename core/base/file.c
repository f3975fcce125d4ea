/* file.c - files, folders and locks, on POSIX system calls.
 *
 * Invariant: whatever fails, and whenever the process is killed, the file at a path is either the
 * old one or the new one, complete.  At worst "PATH.part" is left behind, which the next write
 * replaces, or "PATH.part-PID" if the user chose the path: PATH.part could be a file of the user's.
 */
#define _GNU_SOURCE /* flock, memmem, nftw, O_TMPFILE */
#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

bool file_read(char **bytes, size_t *n, const char *path, size_t limit, error *e)
{
    *bytes = NULL, *n = 0;
    FILE *f = fopen(path, "rb");
    struct stat s;
    if (!f) return error_set(e, "%s: %s", path, strerror(errno));
    if (fstat(fileno(f), &s) != 0 || S_ISDIR(s.st_mode)) {
        fclose(f);
        return error_set(e, "%s: this is a folder, not a file", path);
    }
    size_t room = S_ISREG(s.st_mode) ? (size_t)s.st_size + 1 : 1 << 16;
    char *text = NULL;
    bool ok = true;
    for (;;) { /* room for one byte more than the file has, so that a short read shows its end */
        const bool fits = room <= limit + 1 || limit + 1 == 0;
        char *more = fits ? realloc(text, room + 1) : NULL;
        if (!more) {
            ok = fits ? error_set(e, "%s: out of memory (the file needs %zu bytes)", path, room)
                      : error_set(e, "%s: the file has more than %zu bytes", path, limit);
            break;
        }
        text = more;
        *n += fread(text + *n, 1, room - *n, f);
        if (*n < room) break;
        room *= 2;
        if (room > limit + 1 && *n <= limit) room = limit + 1;
    }
    if (ok && ferror(f)) ok = error_set(e, "%s: error while reading the file", path);
    if (ok && *n > limit) ok = error_set(e, "%s: the file has more than %zu bytes", path, limit);
    fclose(f);
    if (!ok) {
        free(text);
        *n = 0;
        return false;
    }
    text[*n] = '\0';
    *bytes = text;
    return true;
}

char *file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash) return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

char *file_path(const char *folder, const char *name)
{
    const size_t room = strlen(folder) + strlen(name) + 2;
    char *path = malloc(room);
    if (!path) error_memory();
    snprintf(path, room, "%s/%s", folder, name);
    return path;
}

bool file_flush_folder(const char *path, error *e)
{
    char *folder = file_folder(path);
    if (!folder) return error_set(e, "%s: out of memory", path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) error_set(e, "%s: cannot flush its folder to disk: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    free(folder);
    return ok;
}

static bool open_draft(file_draft *d, const char *path, const char *ending, int flags, error *e)
{
    *d = (file_draft){ 0 };
    const size_t room = strlen(path) + strlen(ending) + 1;
    d->path = strdup(path);
    d->beside = malloc(room);
    if (!d->path || !d->beside) {
        file_draft_drop(d);
        return error_set(e, "%s: out of memory", path);
    }
    snprintf(d->beside, room, "%s%s", path, ending);
    const int fd = open(d->beside, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
    d->f = fd < 0 ? NULL : fdopen(fd, "wb");
    if (!d->f) {
        const int why = errno;
        if (fd >= 0) close(fd);
        free(d->beside), d->beside = NULL; /* there is no file to remove */
        file_draft_drop(d);
        return error_set(e, "%s: %s", path, strerror(why));
    }
    return true;
}

bool file_draft_open(file_draft *d, const char *path, error *e)
{
    return open_draft(d, path, ".part", O_TRUNC, e);
}

void file_draft_drop(file_draft *d)
{
    if (d->f) fclose(d->f);
    if (d->beside) unlink(d->beside);
    free(d->path), free(d->beside);
    *d = (file_draft){ 0 };
}

bool file_draft_close(file_draft *d, error *e)
{
    /* If a write failed, errno still says why (a full disk, for example): ferror sets no errno. */
    bool ok = !ferror(d->f) && fflush(d->f) == 0 && fsync(fileno(d->f)) == 0;
    int why = errno;
    if (fclose(d->f) != 0 && ok) ok = false, why = errno;
    d->f = NULL;
    if (ok && rename(d->beside, d->path) != 0) ok = false, why = errno;
    if (ok) {
        free(d->beside), d->beside = NULL;
        ok = file_flush_folder(d->path, e);
    } else
        error_set(e, "%s: cannot write the file: %s", d->path, strerror(why ? why : EIO));
    file_draft_drop(d);
    return ok;
}

bool file_write(const char *path, const void *bytes, size_t n, error *e)
{
    file_draft d;
    if (!file_draft_open(&d, path, e)) return false;
    fwrite(bytes, 1, n, d.f); /* file_draft_close checks for errors */
    return file_draft_close(&d, e);
}

void file_mark(char mark[FILE_MARK], const char *maker)
{
    snprintf(mark, FILE_MARK, "Made by `%s`, which may replace it.", maker);
}

static bool is_database(const char *path)
{
    static const char HEADER[] = "SQLite format 3"; /* sqlite.org/fileformat2.html, 1.3.1 */
    char start[sizeof HEADER] = "";
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    const bool yes = fread(start, 1, sizeof start, f) == sizeof start &&
                     memcmp(start, HEADER, sizeof start) == 0;
    fclose(f);
    return yes;
}

/* Would SQLite or attnlab take a file of this name for a part of a database? */
static bool belongs_to_database(const char *path)
{
    static const char *const ENDING[] = { "-wal", "-shm", "-journal", ".lock", ".runs" };
    bool yes = false;
    for (size_t i = 0; i < sizeof ENDING / sizeof *ENDING && !yes; i++) {
        if (!file_ends_in(path, ENDING[i])) continue;
        char *stem = strndup(path, strlen(path) - strlen(ENDING[i]));
        if (!stem) error_memory();
        yes = is_database(stem);
        free(stem);
    }
    return yes;
}

/* Is the mark in the first or last FILE_MARKED bytes?  A database may hold any text. */
static bool is_marked(const char *path, const char *maker)
{
    char mark[FILE_MARK], part[FILE_MARKED];
    struct stat s;
    file_mark(mark, maker);
    FILE *f = is_database(path) ? NULL : fopen(path, "rb");
    if (!f) return false;
    size_t n = fread(part, 1, sizeof part, f);
    bool found = memmem(part, n, mark, strlen(mark));
    if (!found && fstat(fileno(f), &s) == 0 && s.st_size > FILE_MARKED &&
        fseeko(f, -(off_t)FILE_MARKED, SEEK_END) == 0) {
        n = fread(part, 1, sizeof part, f);
        found = memmem(part, n, mark, strlen(mark));
    }
    fclose(f);
    return found;
}

/* Nothing is there yet: can it be made? */
static bool check_new(const char *path, error *e)
{
    struct stat s;
    if (!*path || file_ends_in(path, "/"))
        return error_usage(e, "'%s': name a file, not a folder", path);
    if (lstat(path, &s) == 0)
        return error_usage(
            e, "%s: a link to a file that does not exist: choose another name or remove the link",
            path);
    char *folder = file_folder(path);
    if (!folder) error_memory();
    const bool ok = access(folder, W_OK | X_OK) == 0;
    if (!ok) error_set(e, "%s: cannot write into its folder: %s", path, strerror(errno));
    free(folder);
    return ok;
}

bool file_output_check(const char *path, const char *maker, file_made *made, void *context,
                       error *e)
{
    struct stat s;
    if (belongs_to_database(path))
        return error_usage(e, "%s: this name belongs to a database: choose another name", path);
    if (stat(path, &s) != 0) return check_new(path, e);
    if (S_ISDIR(s.st_mode)) return error_usage(e, "%s is a folder: name a file", path);
    if (S_ISREG(s.st_mode) && (made ? made(path, context) : is_marked(path, maker))) return true;
    return error_usage(e, "%s exists and was not made by `%s`: choose another name or remove it",
                       path, maker);
}

bool file_output_open(file_draft *d, const char *path, const char *maker, file_made *made,
                      void *context, error *e)
{
    char ending[32];
    *d = (file_draft){ 0 };
    if (!file_output_check(path, maker, made, context, e)) return false;
    char *target = realpath(path, NULL);
    snprintf(ending, sizeof ending, ".part-%ld", (long)getpid());
    const bool ok = open_draft(d, target ? target : path, ending, O_EXCL | O_NOFOLLOW, e);
    free(target);
    return ok;
}

bool file_ends_in(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

bool file_make_folder(const char *path, error *e)
{
    char *part = strdup(path);
    if (!part) return error_set(e, "%s: out of memory", path);
    bool ok = true;
    for (char *at = part + 1; ok; at++) {
        if (*at && *at != '/') continue;
        const char end = *at;
        *at = '\0';
        struct stat s;
        const bool made = mkdir(part, 0777) == 0;
        const int why = errno; /* stat would replace it */
        if (!made && !(stat(part, &s) == 0 && S_ISDIR(s.st_mode)))
            ok = error_set(e, "%s: cannot create this folder: %s", path, strerror(why));
        *at = end;
        if (!end) break;
    }
    free(part);
    return ok;
}

bool file_output_folder(const char *path, error *e)
{
    struct stat s;
    if (belongs_to_database(path))
        return error_usage(e, "%s: this name belongs to a database: choose another name", path);
    if (stat(path, &s) == 0 && !S_ISDIR(s.st_mode))
        return error_usage(e, "%s is a file: name a folder", path);
    return file_make_folder(path, e);
}

bool file_scratch(char *folder, size_t size, const char *what, error *e)
{
    const char *set = getenv("TMPDIR"), *place = set && *set ? set : "/tmp";
    const int n = snprintf(folder, size, "%s/attnlab-%s-XXXXXX", place, what);
    if ((size_t)n >= size)
        return error_set(e, "%.400s: this path is too long; set TMPDIR to a shorter one", place);
    return mkdtemp(folder) ||
           error_set(e, "%s: cannot create a temporary folder: %s", folder, strerror(errno));
}

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    return remove(path);
}

void file_scratch_remove(const char *folder)
{
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

bool file_room(const char *folder, size_t n, error *e)
{
    const int fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) return true;
    int why;
    do why = posix_fallocate(fd, 0, (off_t)n);
    while (why == EINTR);
    close(fd);
    if (why != ENOSPC && why != EDQUOT && why != EFBIG) return true;
    return error_set(e, "%s: there is no room for %.1f MB: %s", folder, (double)n * 1e-6,
                     strerror(why));
}

bool file_lock(int *fd, const char *path, error *e)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    const int refused = errno;
    if (*fd < 0 && (refused == EACCES || refused == EROFS)) *fd = open(path, O_RDONLY | O_CLOEXEC);
    if (*fd < 0) return error_set(e, "%s: %s", path, strerror(refused));
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0) return true;
    const int why = errno;
    close(*fd);
    *fd = -1;
    return why == EWOULDBLOCK ? true
                              : error_set(e, "%s: cannot lock the file: %s", path, strerror(why));
}
