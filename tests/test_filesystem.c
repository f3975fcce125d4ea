/* test_filesystem.c - file systems that cannot hold a database are refused before anything is
 * written, by standing in for statfs, flock, fcntl and mmap.
 */
#define _GNU_SOURCE
#include "core/db/db.h"
#include "core/db/filesystem.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include <dirent.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>

static unsigned long magic; /* 0: as it is */
static bool locks_lie, private_memory;

int __real_statfs64(const char *path, struct statfs *s);
int __wrap_statfs64(const char *path, struct statfs *s);
int __real_flock(int fd, int operation);
int __wrap_flock(int fd, int operation);
void *__real_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset);

int __wrap_statfs64(const char *path, struct statfs *s)
{
    const int status = __real_statfs64(path, s);
    if (magic) s->f_type = (long)magic;
    return status;
}

/* A file system that grants every lock. */
int __wrap_flock(int fd, int operation)
{
    return locks_lie ? 0 : __real_flock(fd, operation);
}

void *__wrap_mmap64(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
    if (private_memory && (flags & MAP_SHARED)) flags = (flags & ~MAP_SHARED) | MAP_PRIVATE;
    return __real_mmap64(at, n, protection, flags, fd, offset);
}

static int setup(void **state)
{
    magic = 0, locks_lie = private_memory = false;
    return scratch_setup(state);
}

static int files(void)
{
    int n = 0;
    DIR *d = opendir(dir.folder);
    for (struct dirent *f; (f = readdir(d));) n += f->d_name[0] != '.' || strlen(f->d_name) > 2;
    closedir(d);
    return n;
}

/* Opening a new database fails with these words, and leaves nothing. */
static void refused(const char *words)
{
    char path[4096];
    db d;
    error e;
    snprintf(path, sizeof path, "%s/new.db", dir.folder);
    assert_false(db_open(&d, path, DB_WRITE, &e));
    if (!strstr(e.msg, words)) fail_msg("no '%s' in: %s", words, e.msg);
    assert_non_null(strstr(e.msg, "attnlab merge"));
    assert_int_equal(files(), 0);
}

static void usual_ones_are_taken(void **state)
{
    char path[4096];
    db d;
    error e;
    (void)state;
    snprintf(path, sizeof path, "%s/new.db", dir.folder);
    assert_true(filesystem_check(path, &e));
    assert_int_equal(files(), 0);
    if (!db_open(&d, path, DB_WRITE, &e)) fail_msg("%s", e.msg);
    db_close(&d);
}

static void network_ones_are_refused(void **state)
{
    (void)state;
    magic = 0x6969;
    refused("network file system (NFS)");
    magic = 0xff534d42;
    refused("network file system (CIFS)");
    magic = 0x0bd00bd0;
    refused("Lustre");
}

static void one_that_grants_every_lock_is_refused(void **state)
{
    (void)state;
    locks_lie = true;
    refused("has no locks");
}

static void one_without_shared_memory_is_refused(void **state)
{
    (void)state;
    private_memory = true;
    refused("cannot share memory");
}

/* A database that is there can be read from anywhere. */
static void reading_is_allowed(void **state)
{
    char path[4096];
    db d;
    error e;
    (void)state;
    snprintf(path, sizeof path, "%s/new.db", dir.folder);
    assert_true(db_open(&d, path, DB_WRITE, &e));
    db_close(&d);
    magic = 0x6969;
    if (!db_open(&d, path, DB_READ, &e)) fail_msg("%s", e.msg);
    db_close(&d);
    assert_false(db_open(&d, path, DB_CHANGE, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(usual_ones_are_taken, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(network_ones_are_refused, setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(one_that_grants_every_lock_is_refused, setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(one_without_shared_memory_is_refused, setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(reading_is_allowed, setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
