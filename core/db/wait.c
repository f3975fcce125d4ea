/* wait.c - waiting for a lock that another process has on the database, and saying who has it.
 *
 * Linux lists every lock in /proc/locks (proc_locks(5)), one a line:
 *
 *     N: POSIX ADVISORY WRITE PID MAJOR:MINOR:INODE START END
 *
 * In WAL mode SQLite's write lock is byte 120 of FILE-shm (walformat.html, section 2.3.1); a
 * program that wants the database for itself locks FILE.  The list is read, and the file never
 * opened for it: closing it would drop the locks that this process has itself. */
#define _GNU_SOURCE /* locks that belong to an open file, not to a process */
#include "core/db/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SAY_MS = 2000, WRITE_BYTE = 120 };

/* The name of a program, without what a terminal might act on. */
static void program_name(char out[32], long pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *f = fopen(path, "r");
    if (!f || !fgets(out, 32, f)) out[0] = '\0';
    if (f) fclose(f);
    out[strcspn(out, "\n")] = '\0';
    for (char *c = out; *c; c++)
        if (*c < ' ' || *c > '~') *c = '?';
}

/* The process with the lock; 0 if the list does not say. */
static long find_holder(const db *d)
{
    char path[4200], line[256], kind[16], type[16];
    struct stat file = { 0 }, shm = { 0 };
    long pid, found = 0;
    unsigned long inode;
    long long start;
    snprintf(path, sizeof path, "%s-shm", d->file);
    if (stat(d->file, &file) != 0) return 0;
    const bool has_shm = stat(path, &shm) == 0;
    FILE *f = fopen("/proc/locks", "r");
    while (f && !found && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%*d: %15s %*s %15s %ld %*x:%*x:%lu %lld", kind, type, &pid, &inode,
                   &start) != 5 ||
            strcmp(type, "WRITE") != 0 || pid <= 0 || pid == getpid())
            continue;
        if (inode == file.st_ino || (has_shm && inode == shm.st_ino && start == WRITE_BYTE))
            found = pid;
    }
    if (f) fclose(f);
    return found;
}

void wait_holder(char *out, size_t size, const db *d)
{
    char name[32];
    const long pid = find_holder(d);
    if (!pid) {
        snprintf(out, size, "another process");
        return;
    }
    program_name(name, pid);
    snprintf(out, size, *name ? "process %ld (%s)" : "process %ld", pid, name);
}

static void begin(db *d)
{
    d->asked_ms = db_now_ms();
    d->said = false;
}

/* Sleep; false if the wait has lasted too long. */
static bool nap(db *d, long ms)
{
    const int64_t waited = db_now_ms() - d->asked_ms;
    if (waited >= SAY_MS && !d->said) {
        char who[80];
        wait_holder(who, sizeof who, d);
        fprintf(stderr, "attnlab: %s: waiting for %s, which has locked the database\n", d->path,
                who);
        d->said = true;
    }
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
    return waited < d->patience_ms;
}

int wait_busy(void *arg, int tries)
{
    db *d = arg;
    if (tries == 0 && !d->has_turn) begin(d);
    return nap(d, 1);
}

bool wait_open(db *d, error *e)
{
    const size_t room = strlen(d->file) + sizeof ".lock";
    char *path = malloc(room);
    if (!path) error_memory();
    snprintf(path, room, "%s.lock", d->file);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        error_set(e, "%s: cannot be opened, so the database cannot be written: %s", path,
                  strerror(errno));
    free(path);
    d->turn = fd > 0 ? fd : 0;
    return fd >= 0;
}

void wait_take_turn(db *d)
{
    struct flock first = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
    begin(d);
    while (fcntl(d->turn, F_OFD_SETLK, &first) != 0)
        if ((errno != EAGAIN && errno != EACCES) || !nap(d, 4)) return;
    d->has_turn = true;
}

void wait_give_turn(db *d)
{
    struct flock first = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_len = 1 };
    if (d->turn > 0) fcntl(d->turn, F_OFD_SETLK, &first);
    d->has_turn = false;
}
