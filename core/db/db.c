/* db.c - opening the database, and its statements.
 *
 * Invariant: a writer asks for SQLite's lock only in its turn (wait.h), and SQLite never moves the
 * write-ahead log by itself (sqlite.org/wal.html#walresetbug). */
#define _GNU_SOURCE
#include "core/db/db.h"

#include "core/base/file.h"
#include "core/db/create.h"
#include "core/db/filesystem.h"
#include "core/db/identity.h"
#include "core/db/migrate.h"
#include "core/db/reason.h"
#include "core/db/wait.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* embedded by meson.build */
extern const char db_schema_text[], db_migration_1_to_2[], db_migration_2_to_3[],
    db_migration_3_to_4[], db_migration_4_to_5[];

enum { SOON_MS = 20, APPLICATION = 0x41544C42, VERSION = 5 };

static const migration MIGRATIONS[] = { { .from = 1, .sql = db_migration_1_to_2 },
                                        { .from = 2, .sql = db_migration_2_to_3 },
                                        { .from = 3, .sql = db_migration_3_to_4 },
                                        { .from = 4, .sql = db_migration_4_to_5 } };
enum { N_MIGRATIONS = sizeof MIGRATIONS / sizeof MIGRATIONS[0] };

const char *db_schema(void)
{
    return db_schema_text;
}

const char *db_default_path(void)
{
    const char *path = getenv("ATTNLAB_DB");
    return path && *path ? path : "attnlab.db";
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
            assert(!"not one of the letters in db.h");
        }
    return status == SQLITE_OK;
}

static bool has_content(const char *file, const char *ending)
{
    char path[PATH_MAX + 16];
    struct stat s;
    snprintf(path, sizeof path, "%s%s", file, ending);
    return stat(path, &s) == 0 && s.st_size > 0;
}

static int64_t changed_ns(const struct stat *s)
{
    return (int64_t)s->st_mtim.tv_sec * 1000000000 + s->st_mtim.tv_nsec;
}

/* A frozen database is read without locks, so nothing that was read may have been changed. */
static bool is_same(const db *d, error *e)
{
    struct stat s;
    if (!d->frozen || (stat(d->file, &s) == 0 && s.st_size == d->size &&
                       changed_ns(&s) == d->changed_ns && !has_content(d->file, "-wal")))
        return true;
    return error_set(e, "%s: the database was changed while it was read: run the command again",
                     d->path);
}

static bool query(db *d, sqlite3_stmt **s, error *e, const char *sql, const char *types,
                  va_list args)
{
    *s = NULL;
    if (!is_same(d, e)) return false;
    if (sqlite3_prepare_v2(d->handle, sql, -1, s, NULL) == SQLITE_OK && bind(*s, types, args))
        return true;
    reason_set(d, e);
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
    if (status == SQLITE_DONE) return is_same(d, e);
    return status == SQLITE_ROW || reason_set(d, e);
}

bool db_run(db *d, error *e, const char *sql, const char *types, ...)
{
    va_list args;
    sqlite3_stmt *s;
    va_start(args, types);
    bool row = true, ok = query(d, &s, e, sql, types, args);
    va_end(args);
    /* BEGIN IMMEDIATE, or a write outside any transaction. */
    const bool asks =
        ok && d->turn > 0 && sqlite3_get_autocommit(d->handle) && !sqlite3_stmt_readonly(s);
    if (asks) wait_take_turn(d);
    while (ok && row) ok = db_next(d, s, &row, e);
    if (asks) wait_give_turn(d);
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
    if (text && !*out) ok = error_set(e, "%s: out of memory", d->path);
    sqlite3_finalize(s);
    return ok;
}

bool db_begin(db *d, error *e)
{
    return db_run(d, e, "BEGIN IMMEDIATE", NULL);
}

bool db_begin_soon(db *d, bool *begun, error *e)
{
    const int64_t patience = d->patience_ms;
    d->patience_ms = SOON_MS;
    *begun = db_begin(d, e);
    d->patience_ms = patience;
    return *begun || (sqlite3_errcode(d->handle) & 0xff) == SQLITE_BUSY;
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

char *db_column(sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) error_memory();
    return copy;
}

int64_t db_last_id(const db *d)
{
    return sqlite3_last_insert_rowid(d->handle);
}

int db_changes(const db *d)
{
    return sqlite3_changes(d->handle);
}

typedef enum schema_age { SCHEMA_CURRENT, SCHEMA_OLDER } schema_age;

/* Is this attnlab's, of this version or an older one?  Anything else is refused and left as it is.
 */
static bool check_schema(db *d, schema_age *age, error *e)
{
    int64_t id, version;
    *age = SCHEMA_CURRENT;
    if (!db_integer(d, &id, 0, e, "PRAGMA application_id", NULL) ||
        !db_integer(d, &version, 0, e, "PRAGMA user_version", NULL))
        return false;
    if (id != APPLICATION) return error_set(e, "%s: is not one of attnlab's databases", d->path);
    if (version > VERSION)
        return error_set(e,
                         "%s: has schema version %lld, and this attnlab knows versions up to %d: "
                         "use the attnlab that wrote it, or a newer one",
                         d->path, (long long)version, VERSION);
    if (version < VERSION && d->mode == DB_READ)
        return error_set(e,
                         "%s: has the older schema version %lld: `attnlab doctor --fix` brings it "
                         "up to date",
                         d->path, (long long)version);
    if (version < VERSION) *age = SCHEMA_OLDER;
    return true;
}

/* A new database is in WAL mode already; this is for one that somebody has taken out of it. */
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

/* First the settings of the connection, then changes to the file.  The schema is checked in
 * between: a lock file is never created, and the journal mode never changed, for a database that
 * is not attnlab's. */
static bool settle(db *d, error *e)
{
    schema_age age;
    sqlite3_busy_handler(d->handle, wait_busy, d);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(d->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!db_run(d, e, "PRAGMA foreign_keys=ON", NULL) ||
        !db_run(d, e, "PRAGMA wal_autocheckpoint=0", NULL) || !check_schema(d, &age, e))
        return false;
    if (d->mode == DB_READ) return true;
    return wait_open(d, e) && use_wal(d, e) &&
           (age == SCHEMA_CURRENT ||
            migrate_run(d->handle, d->path, MIGRATIONS, N_MIGRATIONS, VERSION, e));
}

/* See to it that there is a file, which for writing may be a new one. */
static bool find_file(const char *path, db_mode mode, error *e)
{
    struct stat s;
    const bool there = stat(path, &s) == 0, empty = there && S_ISREG(s.st_mode) && s.st_size == 0;
    if (!there && errno != ENOENT)
        return error_set(e, "%s: cannot be opened: %s", path, strerror(errno));
    if (there && !S_ISREG(s.st_mode))
        return error_set(e, "%s: is not a file, so it is no database", path);
    if (mode != DB_WRITE && !there) return error_set(e, "%s: there is no such database", path);
    if (mode == DB_READ && empty) return error_set(e, "%s: is empty", path);
    if (access(path, R_OK) != 0 && there)
        return error_set(e, "%s: cannot be opened: %s", path, strerror(errno));
    if (mode == DB_READ) return true;
    if (!filesystem_check(path, e)) return false;
    create_clear(path);
    if (!there || empty) return create_database(path, db_schema_text, e);
    if (access(path, W_OK) == 0) return true;
    return error_set(e, "%s: cannot be written: %s", path, strerror(errno));
}

/* The URI of a file that nobody changes (sqlite.org/c3ref/open.html); the caller frees it. */
static char *frozen_uri(const char *file)
{
    static const char PLAIN[] = "/._-~";
    char *uri = malloc(3 * strlen(file) + sizeof "file:?immutable=1"), *end = uri;
    if (!uri) error_memory();
    end += sprintf(end, "file:");
    for (const unsigned char *c = (const unsigned char *)file; *c; c++)
        end += sprintf(end, (*c < 128 && isalnum(*c)) || strchr(PLAIN, *c) ? "%c" : "%%%02X", *c);
    strcpy(end, "?immutable=1");
    return uri;
}

static bool connect_plainly(db *d, error *e)
{
    const int flags = d->mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(d->file, &d->handle, flags | SQLITE_OPEN_EXRESCODE, NULL) == SQLITE_OK)
        return settle(d, e);
    return d->handle ? reason_set(d, e) : error_set(e, "%s: out of memory", d->path);
}

static bool connect_frozen(db *d, error *e)
{
    struct stat s;
    sqlite3_close_v2(d->handle);
    d->handle = NULL;
    if (stat(d->file, &s) != 0) return error_set(e, "%s: %s", d->path, strerror(errno));
    d->frozen = true, d->size = s.st_size, d->changed_ns = changed_ns(&s);
    char *uri = frozen_uri(d->file);
    const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
    const bool ok = sqlite3_open_v2(uri, &d->handle, flags, NULL) == SQLITE_OK;
    free(uri);
    if (!d->handle) return error_set(e, "%s: out of memory", d->path);
    return ok ? settle(d, e) : reason_set(d, e);
}

/* Did a reader fail because the index of the log can't be written, though there is no log? */
static bool may_freeze(const db *d)
{
    const int code = d->handle ? sqlite3_errcode(d->handle) & 0xff : SQLITE_OK;
    return d->mode == DB_READ &&
           (code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_IOERR) &&
           !has_content(d->file, "-wal") && !has_content(d->file, "-journal");
}

bool db_open(db *d, const char *path, db_mode mode, error *e)
{
    *d = (db){ 0 };
    if (!find_file(path, mode, e)) return false;
    *d = (db){ .mode = mode, .path = strdup(path), .patience_ms = DB_PATIENCE_MS };
    if (!d->path) return error_set(e, "%s: out of memory", path);
    bool ok = identity_resolve(&d->file, path, e) &&
              (mode == DB_READ || identity_check_runs(path, d->file, e));
    if (ok) ok = connect_plainly(d, e) || (may_freeze(d) && connect_frozen(d, e));
    if (!ok) db_close(d);
    return ok;
}

void db_close(db *d)
{
    sqlite3_close_v2(d->handle);
    if (d->turn > 0) close(d->turn);
    free(d->path), free(d->file);
    *d = (db){ 0 };
}

void db_tidy(db *d)
{
    error ignored;
    int fd;
    char lock[PATH_MAX + 16];
    snprintf(lock, sizeof lock, "%s.lock", d->file);
    if (file_lock(&fd, lock, &ignored) && fd >= 0) {
        sqlite3_wal_checkpoint_v2(d->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
        close(fd);
    }
}
