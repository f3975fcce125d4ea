/* db.c - see db.h. */
#define _GNU_SOURCE /* locks that belong to an open file, not to a process */
#include "core/db/db.h"

#include "core/base/file.h"
#include "core/db/migrate.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

extern const char db_schema_text[]; /* schema.sql, by core/meson.build */

enum { PATIENCE_MS = 60000, APPLICATION = 0x41544C42, VERSION = 1 };

const char *db_schema(void)
{
    return db_schema_text;
}

const char *db_default_path(void)
{
    const char *path = getenv("ATTNLAB_DB");
    return path && *path ? path : "attnlab.db";
}

static bool failed(db *d, error *e)
{
    d->code = sqlite3_errcode(d->handle) & 0xff;
    return error_set(e, "%s: %s", d->path, sqlite3_errmsg(d->handle));
}

static bool bind(sqlite3_stmt *s, const char *types, va_list args)
{
    int status = SQLITE_OK;
    for (int i = 1; types && *types && status == SQLITE_OK; types++, i++) switch (*types) {
        case 'i':
            status = sqlite3_bind_int64(s, i, va_arg(args, int64_t));
            break;
        case 'n':
            status = sqlite3_bind_int(s, i, va_arg(args, int));
            break;
        case 'd':
            status = sqlite3_bind_double(s, i, va_arg(args, double));
            break;
        case 't':
            status = sqlite3_bind_text(s, i, va_arg(args, const char *), -1, SQLITE_TRANSIENT);
            break;
        case 'b': {
            const void *bytes = va_arg(args, const void *);
            status = sqlite3_bind_blob64(s, i, bytes, va_arg(args, size_t), SQLITE_TRANSIENT);
            break;
        }
        default:
            assert(!"a letter db.h does not name");
        }
    return status == SQLITE_OK;
}

static bool query(db *d, sqlite3_stmt **s, error *e, const char *sql, const char *types,
                  va_list args)
{
    *s = NULL;
    if (sqlite3_prepare_v2(d->handle, sql, -1, s, NULL) == SQLITE_OK && bind(*s, types, args))
        return true;
    failed(d, e);
    sqlite3_finalize(*s);
    *s = NULL;
    return false;
}

bool db_query(db *d, sqlite3_stmt **s, error *e, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    const bool ok = query(d, s, e, sql, types, args);
    va_end(args);
    return ok;
}

bool db_next(db *d, sqlite3_stmt *s, bool *row, error *e)
{
    const int status = sqlite3_step(s);
    *row = status == SQLITE_ROW;
    return status == SQLITE_ROW || status == SQLITE_DONE ? true : failed(d, e);
}

static bool nap(const db *d, long ms)
{
    nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
    return db_now_ms() - d->asked_ms < PATIENCE_MS;
}

/* Wait for a lock that somebody has; SQLite calls it.  Its own way of waiting asks ever more
 * rarely.  A disk can stand still for a long time, and a run would rather wait than end. */
static int wait_a_moment(void *arg, int tries)
{
    db *d = arg;
    if (tries == 0) d->asked_ms = db_now_ms();
    return nap(d, 1);
}

/* Be the one who asks for SQLite's lock.  Where the file system knows no such locks, or nobody lets
 * go, it is asked for out of turn. */
static void take_turn(db *d)
{
    struct flock first = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
    d->asked_ms = db_now_ms();
    while (fcntl(d->turn, F_OFD_SETLK, &first) != 0)
        if ((errno != EAGAIN && errno != EACCES) || !nap(d, 4)) return;
}

static void give_turn(db *d)
{
    struct flock first = { .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_len = 1 };
    if (d->turn > 0) fcntl(d->turn, F_OFD_SETLK, &first);
}

bool db_run(db *d, error *e, const char *sql, const char *types, ...)
{
    va_list args;
    sqlite3_stmt *s;
    va_start(args, types);
    bool row = true, ok = query(d, &s, e, sql, types, args);
    va_end(args);
    /* BEGIN IMMEDIATE, or a write that is a transaction of its own. */
    const bool asks =
        ok && d->turn > 0 && sqlite3_get_autocommit(d->handle) && !sqlite3_stmt_readonly(s);
    if (asks) take_turn(d);
    while (ok && row) ok = db_next(d, s, &row, e);
    if (asks) give_turn(d);
    sqlite3_finalize(s);
    return ok;
}

bool db_integer(db *d, int64_t *out, int64_t otherwise, error *e, const char *sql,
                const char *types, ...)
{
    va_list args;
    sqlite3_stmt *s;
    va_start(args, types);
    bool row = false;
    const bool ok = query(d, &s, e, sql, types, args) && db_next(d, s, &row, e);
    va_end(args);
    *out = row && sqlite3_column_type(s, 0) != SQLITE_NULL ? sqlite3_column_int64(s, 0) : otherwise;
    sqlite3_finalize(s);
    return ok;
}

bool db_text(db *d, char **out, error *e, const char *sql, const char *types, ...)
{
    va_list args;
    sqlite3_stmt *s;
    va_start(args, types);
    bool row = false, ok = query(d, &s, e, sql, types, args) && db_next(d, s, &row, e);
    va_end(args);
    const char *text = row ? (const char *)sqlite3_column_text(s, 0) : NULL;
    *out = text ? strdup(text) : NULL;
    if (text && !*out) ok = error_set(e, "%s: no memory", d->path);
    sqlite3_finalize(s);
    return ok;
}

bool db_begin(db *d, error *e)
{
    return db_run(d, e, "BEGIN IMMEDIATE", NULL);
}

bool db_commit(db *d, error *e)
{
    if (db_run(d, e, "COMMIT", NULL)) return true;
    db_rollback(d);
    return false;
}

void db_rollback(db *d)
{
    error ignored; /* SQLite may have rolled back by itself */
    if (!sqlite3_get_autocommit(d->handle)) db_run(d, &ignored, "ROLLBACK", NULL);
}

int64_t db_last_id(const db *d)
{
    return sqlite3_last_insert_rowid(d->handle);
}

int db_changes(const db *d)
{
    return sqlite3_changes(d->handle);
}

int64_t db_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* From older versions to this one; there are none yet. */
static const migration MIGRATIONS[1] = { { .from = -1 } };
enum { N_MIGRATIONS = 0 };

typedef enum schema { SCHEMA_OURS, SCHEMA_OLD, SCHEMA_NONE } schema;

/* Is it ours, of this version or an older one, or empty?  Anything else is refused as it is. */
static bool check_schema(db *d, schema *s, error *e)
{
    int64_t id, version, tables;
    *s = SCHEMA_OURS;
    /* The three are of one moment: another process may just be making the tables. */
    const bool alone = sqlite3_get_autocommit(d->handle);
    if (alone && !db_run(d, e, "BEGIN", NULL)) return false;
    const bool read = db_integer(d, &tables, 0, e, "SELECT count(*) FROM sqlite_schema", NULL) &&
                      db_integer(d, &id, 0, e, "PRAGMA application_id", NULL) &&
                      db_integer(d, &version, 0, e, "PRAGMA user_version", NULL);
    if (alone) db_rollback(d); /* nothing was written */
    if (!read) return false;
    if (id == APPLICATION && version == VERSION) return true;
    if (id == APPLICATION && version < VERSION) {
        if (d->mode == DB_READ)
            return error_set(e,
                             "%s: has the older schema version %lld: `attnlab doctor --fix` brings "
                             "it up to date",
                             d->path, (long long)version);
        *s = SCHEMA_OLD;
        return true;
    }
    if (id == APPLICATION)
        return error_set(e,
                         "%s: has schema version %lld, and this attnlab knows versions up to %d: "
                         "use the attnlab that wrote it, or a newer one",
                         d->path, (long long)version, VERSION);
    if (id != 0 || version != 0 || tables != 0)
        return error_set(e, "%s: is a database, but not one of attnlab's", d->path);
    if (d->mode == DB_READ) return error_set(e, "%s: is empty", d->path);
    *s = SCHEMA_NONE;
    return true;
}

/* Make the tables.  Two processes may come at once: the second waits for the transaction and then
 * finds the work done. */
static bool make_tables(db *d, error *e)
{
    schema s;
    char *why = NULL;
    if (!db_begin(d, e)) return false;
    bool ok = check_schema(d, &s, e);
    if (ok && s == SCHEMA_NONE &&
        sqlite3_exec(d->handle, db_schema_text, NULL, NULL, &why) != SQLITE_OK)
        ok = error_set(e, "%s: %s", d->path, why ? why : "its tables cannot be made");
    sqlite3_free(why);
    if (ok) return db_commit(d, e);
    db_rollback(d);
    return false;
}

/* WAL is a property of the file: what is not ours is not touched, so this comes after the check. */
static bool use_wal(db *d, error *e)
{
    char *journal = NULL;
    bool ok = db_text(d, &journal, e, "PRAGMA journal_mode=WAL", NULL);
    if (ok && (!journal || strcmp(journal, "wal") != 0))
        ok = error_set(e,
                       "%s: this file system cannot hold a database that several processes use "
                       "(journal mode '%s')",
                       d->path, journal ? journal : "none");
    free(journal);
    return ok;
}

static bool settle(db *d, error *e)
{
    schema s;
    sqlite3_busy_handler(d->handle, wait_a_moment, d);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    return db_run(d, e, "PRAGMA foreign_keys=ON", NULL) &&
           db_run(d, e, "PRAGMA wal_autocheckpoint=0", NULL) && check_schema(d, &s, e) &&
           (d->mode == DB_READ || use_wal(d, e)) && (s != SCHEMA_NONE || make_tables(d, e)) &&
           (s != SCHEMA_OLD || migrate_run(d, MIGRATIONS, N_MIGRATIONS, VERSION, e));
}

/* Whoever only reads may be in the way of a switch to WAL, too. */
static bool settle_in_time(db *d, error *e)
{
    const int64_t until = db_now_ms() + PATIENCE_MS;
    while (d->code = 0, !settle(d, e)) {
        if (d->code != SQLITE_BUSY || db_now_ms() > until) return false;
        nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
    }
    return true;
}

/* FILE.lock; the caller frees it. */
static char *lock_path(const db *d)
{
    const size_t room = strlen(d->path) + sizeof ".lock";
    char *path = malloc(room);
    if (!path) error_memory();
    snprintf(path, room, "%s.lock", d->path);
    return path;
}

/* A database without a table is one page at most, and so is one whose tables are still in its log.
 */
static bool is_young(const char *path)
{
    enum { PAGE = 4096 };
    struct stat s;
    return stat(path, &s) == 0 && s.st_size <= PAGE;
}

static bool open_turn(db *d, error *e)
{
    char *path = lock_path(d);
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) error_set(e, "%s: %s", path, strerror(errno));
    free(path);
    d->turn = fd > 0 ? fd : 0;
    return fd >= 0;
}

bool db_open(db *d, const char *path, db_mode mode, error *e)
{
    *d = (db){ .mode = mode, .path = strdup(path) };
    if (!d->path) return error_set(e, "%s: no memory", path);
    if (mode == DB_READ && access(path, F_OK) != 0) {
        db_close(d);
        return error_set(e, "%s: there is no such database", path);
    }
    if (mode == DB_WRITE && access(path, F_OK) == 0 && access(path, W_OK) != 0) {
        db_close(d);
        return error_set(e, "%s: cannot be written: %s", path, strerror(errno));
    }
    const int flags =
        mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path, &d->handle, flags | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK) {
        error_set(e, "%s: %s", path, d->handle ? sqlite3_errmsg(d->handle) : "no memory");
        db_close(d);
        return false;
    }
    /* Many processes may make one record at once, and SQLite does not wait for who is switching the
     * file to WAL, while each that looks at it keeps the others from it: so they come one by one.
     * Beside what is not ours no lock is made. */
    const bool making = mode == DB_WRITE && is_young(path);
    bool ok = !making || open_turn(d, e);
    if (ok && making) take_turn(d);
    ok = ok && settle_in_time(d, e);
    if (making) give_turn(d);
    if (ok && (mode == DB_READ || making || open_turn(d, e))) return true;
    db_close(d);
    return false;
}

void db_close(db *d)
{
    sqlite3_close_v2(d->handle);
    if (d->turn > 0) close(d->turn);
    free(d->path);
    *d = (db){ 0 };
}

void db_tidy(db *d)
{
    error ignored;
    int fd;
    char *lock = lock_path(d);
    if (file_lock(&fd, lock, &ignored) && fd >= 0) {
        sqlite3_wal_checkpoint_v2(d->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        close(fd);
    }
    free(lock);
}
