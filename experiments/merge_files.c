/* merge_files.c - copying files so that they are durable before any row names them.
 *
 * Each gets its final name only when it is complete; one flush of the whole file system, before the
 * rows are committed, makes all of them last (syncfs(2)).
 */
#define _GNU_SOURCE /* syncfs */
#include "experiments/merge_files.h"

#include "core/base/file.h"
#include "core/base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 1 << 20 };

static bool copy_bytes(FILE *to, FILE *from, char *piece, char hex[HASH_HEX])
{
    hash h;
    size_t n;
    bool ok = true;
    hash_open(&h);
    while (ok && (n = fread(piece, 1, PIECE, from)) > 0) {
        hash_add(&h, piece, n);
        ok = fwrite(piece, 1, n, to) == n;
    }
    hash_close(&h, hex);
    return ok && !ferror(from);
}

static bool copy(merge_file *f, char *piece, error *e)
{
    char hex[HASH_HEX], part[4096];
    if (!file_make_folder(f->folder, e)) return false;
    snprintf(part, sizeof part, "%s.part", f->to);
    FILE *from = fopen(f->from, "rb"), *to = from ? fopen(part, "wb") : NULL;
    if (!from || !to) {
        error_set(e, "%s: %s", from ? part : f->from, strerror(errno));
        if (from) fclose(from);
        return false;
    }
    bool ok = copy_bytes(to, from, piece, hex);
    int why = errno;
    if (fclose(to) != 0 && ok) ok = false, why = errno;
    fclose(from);
    if (!ok)
        error_set(e, "%s: cannot be copied to %s: %s", f->from, f->to, strerror(why));
    else if (f->sha256 && strcmp(hex, f->sha256) != 0)
        ok = error_set(e,
                       "%s: has another content than its row says; `attnlab doctor` examines the "
                       "database that it belongs to",
                       f->from);
    else if (rename(part, f->to) != 0)
        ok = error_set(e, "%s: %s", f->to, strerror(errno));
    if (!ok) unlink(part);
    f->copied = ok;
    return ok;
}

bool merge_files_copy(merge_file *file, int n, error *e)
{
    if (n == 0) return true;
    char *piece = malloc(PIECE);
    if (!piece) error_memory();
    bool ok = true;
    for (int i = 0; ok && i < n; i++) ok = copy(&file[i], piece, e);
    free(piece);
    if (!ok) return false;
    const int fd = open(file[n - 1].folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok = fd >= 0 && syncfs(fd) == 0;
    if (!ok) error_set(e, "%s: cannot be flushed to disk: %s", file[n - 1].folder, strerror(errno));
    if (fd >= 0) close(fd);
    return ok;
}

void merge_files_remove(const merge_file *file, int n)
{
    for (int i = 0; i < n; i++)
        if (file[i].copied) unlink(file[i].to);
    for (int i = 0; i < n; i++) rmdir(file[i].folder); /* fails where something else is in it */
}

void merge_files_close(merge_file *file, int n)
{
    for (int i = 0; i < n; i++)
        free(file[i].from), free(file[i].to), free(file[i].folder), free(file[i].sha256);
    free(file);
}
