/* filesystem.c - what a database in WAL mode asks of its file system (sqlite.org/wal.html): locks
 * that exclude each other, and a mapping of the index of its log that all processes see.
 *
 * Network file systems promise neither between machines, so they are known by name, whatever a test
 * on one machine would say.  All others are tested, since FUSE and 9p may be anything.
 */
#define _GNU_SOURCE /* F_OFD_SETLK, O_TMPFILE */
#include "core/db/filesystem.h"

#include "core/base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

// clang-format off
static const struct { unsigned long magic; const char *name; } NETWORK[] = { /* statfs(2), linux/magic.h */
    { 0x6969,     "NFS" },
    { 0x517b,     "SMB" },
    { 0xff534d42, "CIFS" },
    { 0xfe534d42, "SMB2" },
    { 0x5346414f, "AFS" },
    { 0x6b414653, "AFS" },
    { 0x73757245, "Coda" },
    { 0x00c36400, "Ceph" },
    { 0x0bd00bd0, "Lustre" },
    { 0x47504653, "GPFS" },
    { 0x19830326, "BeeGFS" },
    { 0x013111a8, "IBRIX" },
    { 0xaad7aaea, "PanFS" },
};
// clang-format on

#define WAY_OUT                                                                                    \
    "keep it on a local disk; for several machines, give each its own (attnlab sweep --shard) "    \
    "and "                                                                                         \
    "join them with attnlab merge"

static const char *network_name(const struct statfs *s)
{
    for (size_t i = 0; i < sizeof NETWORK / sizeof *NETWORK; i++)
        if ((unsigned long)s->f_type == NETWORK[i].magic) return NETWORK[i].name;
    return NULL;
}

/* Two descriptors of one open file each, of a file that no longer has a name. */
static bool open_probe(int fd[2], const char *folder)
{
    char name[64], path[4096];
    fd[0] = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd[0] >= 0) {
        snprintf(name, sizeof name, "/proc/self/fd/%d", fd[0]);
        fd[1] = open(name, O_RDWR | O_CLOEXEC);
    } else {
        snprintf(path, sizeof path, "%s/.attnlab-probe-XXXXXX", folder);
        fd[0] = mkstemp(path);
        fd[1] = fd[0] < 0 ? -1 : open(path, O_RDWR | O_CLOEXEC);
        if (fd[0] >= 0) unlink(path);
    }
    return fd[0] >= 0 && fd[1] >= 0;
}

/* Does a lock by one descriptor keep the other out, for both kinds of lock? */
static bool has_locks(const int fd[2])
{
    struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 }, other = whole;
    return fcntl(fd[0], F_OFD_SETLK, &whole) == 0 && fcntl(fd[1], F_OFD_SETLK, &other) != 0 &&
           flock(fd[0], LOCK_EX | LOCK_NB) == 0 && flock(fd[1], LOCK_EX | LOCK_NB) != 0;
}

/* Does a mapping of one descriptor show what is written by that of the other? */
static bool has_shared_memory(const int fd[2])
{
    enum { SIZE = 4096, MARK = 0x5a };
    /* Without room, a mapping would end the process; the database will say that there is none. */
    if (posix_fallocate(fd[0], 0, SIZE) != 0) return true;
    volatile char *a = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd[0], 0),
                  *b = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd[1], 0);
    const bool mapped = a != MAP_FAILED && b != MAP_FAILED;
    bool same = false;
    if (mapped) {
        a[0] = MARK;
        same = b[0] == MARK;
    }
    if (a != MAP_FAILED) munmap((void *)(size_t)a, SIZE);
    if (b != MAP_FAILED) munmap((void *)(size_t)b, SIZE);
    return same;
}

static bool probe(const char *path, const char *folder, error *e)
{
    int fd[2] = { -1, -1 };
    bool ok = true;
    if (open_probe(fd, folder)) {
        if (!has_locks(fd))
            ok = error_set(e,
                           "%s: the file system of this folder has no locks, which a database "
                           "needs: " WAY_OUT,
                           path);
        else if (!has_shared_memory(fd))
            ok = error_set(e,
                           "%s: processes on the file system of this folder cannot share memory, "
                           "which a database needs: " WAY_OUT,
                           path);
    }
    for (int i = 0; i < 2; i++)
        if (fd[i] >= 0) close(fd[i]);
    return ok;
}

bool filesystem_check(const char *path, error *e)
{
    struct statfs s;
    char *real = realpath(path, NULL), *folder = file_folder(real ? real : path);
    if (!folder) error_memory();
    bool ok = true;
    const char *name = statfs(folder, &s) == 0 ? network_name(&s) : NULL;
    if (name)
        ok = error_set(e,
                       "%s: this is a network file system (%s), which cannot hold a database in "
                       "use: " WAY_OUT,
                       path, name);
    else
        ok = probe(path, folder, e);
    free(real), free(folder);
    return ok;
}
