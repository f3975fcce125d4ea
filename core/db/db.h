/* db.h - the record: one SQLite database, opened the one way that is safe.
 *
 * The schema (schema.sql, built in) is created under one BEGIN IMMEDIATE.  Every write is made
 * between db_begin and db_commit, which begin IMMEDIATE: a transaction that reads first and writes
 * later fails under WAL however long it waits.  Writers take turns: SQLite gives its lock to
 * whoever happens to ask when it is free, which is nearly always the one who just let it go, so
 * here only one at a time asks, the one who holds the first byte of `FILE.lock`.  SQLite 3.40.1 can
 * corrupt a database when two connections reset the WAL at once (sqlite.org/wal.html#walresetbug),
 * so no connection checkpoints by itself: whoever gets a try-lock on `FILE.lock` does, in db_tidy.
 *
 * Values are bound by a string of letters:  i int64_t   n int   d double   t const char *
 * (NULL is NULL)   b const void * and size_t.  A NaN is bound as NULL, which SQLite makes of it.
 *
 *     db_run(&d, e, "UPDATE run SET status=? WHERE run_id=?", "ti", "done", id)
 */
#ifndef CORE_DB_DB_H
#define CORE_DB_DB_H

#include "core/base/error.h"

#include <sqlite3.h>
#include <stdint.h>

typedef enum db_mode {
    DB_READ,  /* must exist; nothing can be written */
    DB_WRITE, /* made, with its schema, where there is none */
} db_mode;

typedef struct db {
    sqlite3 *handle;
    char *path;
    db_mode mode;
    int code;         /* SQLite's, of the last statement that failed */
    int turn;         /* FILE.lock, of who may write; or 0           */
    int64_t asked_ms; /* when a wait for a lock began                */
} db;

/* The value of ATTNLAB_DB, or "attnlab.db". */
const char *db_default_path(void);

/* Fails on a file that is missing (DB_READ), not writable (DB_WRITE), not attnlab's, or of a newer
 * schema; nothing is changed then.  The parent folder must exist. */
bool db_open(db *d, const char *path, db_mode mode, error *e);
void db_close(db *d);

/* The text of schema.sql. */
const char *db_schema(void);

bool db_begin(db *d, error *e);
bool db_commit(db *d, error *e); /* a failed commit is rolled back */
void db_rollback(db *d);

/* One statement whose rows nobody wants. */
bool db_run(db *d, error *e, const char *sql, const char *types, ...);

/* One statement whose rows somebody wants: prepare, then db_next until it says no more, then
 * sqlite3_finalize (which takes NULL).  The columns are read by sqlite3_column_*. */
bool db_query(db *d, sqlite3_stmt **s, error *e, const char *sql, const char *types, ...);
bool db_next(db *d, sqlite3_stmt *s, bool *row, error *e);

/* The one integer, or the one text (the caller frees it; NULL where there is no row or a NULL),
 * that a statement gives; `otherwise` where there is no row or a NULL. */
bool db_integer(db *d, int64_t *out, int64_t otherwise, error *e, const char *sql,
                const char *types, ...);
bool db_text(db *d, char **out, error *e, const char *sql, const char *types, ...);

int64_t db_last_id(const db *d); /* of the last row inserted        */
int db_changes(const db *d);     /* rows the last statement changed */

/* Move what is in the WAL into the database, if nobody else is doing so.  Never fails: what could
 * not be moved stays in the WAL. */
void db_tidy(db *d);

/* Milliseconds since 1970. */
int64_t db_now_ms(void);

#endif
