/* db.h - the database: one SQLite file, opened in the one way that is safe.
 *
 * A new database appears complete (create.h), and an older one is brought up to date (migrate.h).
 * Every write is made between db_begin and db_commit.  db_begin begins IMMEDIATE: under WAL, a
 * transaction that reads first and writes later can fail however long it waits.  Writers take
 * turns.  SQLite gives its lock to the first process that asks when it is free, nearly always the
 * one that has just released it; so only one process at a time asks, the one that holds the
 * first byte of `FILE.lock`.  SQLite 3.40.1 can corrupt a database when two connections reset the
 * WAL at once (sqlite.org/wal.html#walresetbug), so no connection checkpoints by itself: db_tidy
 * does, if it gets a try-lock on `FILE.lock`.
 *
 * Values are bound by a string of letters:  i int64_t   n int   d double   t const char *
 * (NULL is NULL)   b const void * and size_t.  SQLite stores a NaN as NULL.
 *
 *     db_run(&d, e, "UPDATE run SET status=? WHERE run_id=?", "ti", "done", id)
 */
#ifndef CORE_DB_DB_H
#define CORE_DB_DB_H

#include "core/base/error.h"
#include "core/db/connection.h"

/* The value of ATTNLAB_DB, or "attnlab.db". */
const char *db_default_path(void);

/* Fails if the file is missing (DB_READ, DB_CHANGE), of an older schema (DB_READ), not writable
 * (the others), not attnlab's, of a newer schema, or known by a second name (identity.h); it is not
 * changed then.  For writing, an older schema is brought up to date first, and an empty file is
 * replaced by a new database.  The folder must exist.
 *
 * Even a reader must write FILE-shm, the index of the log.  Where it can't (a read-only or full
 * disk, another user's folder), a database without a log is read as it is, and a read fails if the
 * file changes meanwhile; one with a log is refused. */
bool db_open(db *d, const char *path, db_mode mode, error *e);
void db_close(db *d);

/* The text of schema.sql. */
const char *db_schema(void);

bool db_begin(db *d, error *e);
/* Begin unless another process is writing: it is waited for only for a moment.  Fails if the
 * database can't be written at all. */
bool db_begin_soon(db *d, bool *begun, error *e);
bool db_commit(db *d, error *e); /* a failed commit is rolled back */
void db_rollback(db *d);

/* Run one statement to its end; rows are dropped. */
bool db_run(db *d, error *e, const char *sql, const char *types, ...);

/* Prepare one statement.  Call db_next until *row is false, read columns by sqlite3_column_*, and
 * end with sqlite3_finalize (which takes NULL). */
bool db_query(db *d, sqlite3_stmt **s, error *e, const char *sql, const char *types, ...);
bool db_next(db *d, sqlite3_stmt *s, bool *row, error *e);

/* The first column of the first row of a statement.  If there is no row, or it is NULL, the integer
 * is `otherwise` and the text is NULL.  The caller frees the text. */
bool db_integer(db *d, int64_t *out, int64_t otherwise, error *e, const char *sql,
                const char *types, ...);
bool db_text(db *d, char **out, error *e, const char *sql, const char *types, ...);

/* A copy of a text column of the row; NULL for NULL.  The caller frees it. */
char *db_column(sqlite3_stmt *s, int column);

int64_t db_last_id(const db *d); /* of the last row inserted        */
int db_changes(const db *d);     /* rows the last statement changed */

/* Move the WAL into the database, unless another process is doing so.  Never fails: what cannot be
 * moved now stays in the WAL. */
void db_tidy(db *d);

#endif
