/* file.c - files, folders and locks, on POSIX system calls.
 *
 * Invariant: whatever fails, and whenever the process is killed, the file at a path is either the
 * old one or the new one, complete.  At worst "PATH.part" is left behind; the next write replaces
 * it.
 */
#define _GNU_SOURCE /* flock, nftw, O_TMPFILE */
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

bool file_flush_folder(const char *path, error *e)
{
    char *folder = strdup(path);
    if (!folder) return error_set(e, "%s: out of memory", path);
    char *slash = strrchr(folder, '/');
    if (slash == folder) slash++;
    if (slash) *slash = '\0';
    const int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool ok = fd >= 0 && fsync(fd) == 0;
    if (!ok) error_set(e, "%s: cannot flush its folder to disk: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    free(folder);
    return ok;
}

bool file_draft_open(file_draft *d, const char *path, error *e)
{
    *d = (file_draft){ 0 };
    const size_t room = strlen(path) + sizeof ".part";
    d->path = strdup(path);
    d->beside = malloc(room);
    if (!d->path || !d->beside) {
        file_draft_drop(d);
        return error_set(e, "%s: out of memory", path);
    }
    snprintf(d->beside, room, "%s.part", path);
    d->f = fopen(d->beside, "wb");
    if (!d->f) {
        const int why = errno;
        free(d->beside), d->beside = NULL; /* there is no file to remove */
        file_draft_drop(d);
        return error_set(e, "%s: %s", path, strerror(why));
    }
    return true;
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
        if (mkdir(part, 0777) != 0 && !(stat(part, &s) == 0 && S_ISDIR(s.st_mode)))
            ok = error_set(e, "%s: cannot create this folder: %s", path, strerror(errno));
        *at = end;
        if (!end) break;
    }
    free(part);
    return ok;
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
