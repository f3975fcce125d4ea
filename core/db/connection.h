/* connection.h - one connection to a database, as db.h opens it and its neighbours read it. */
#ifndef CORE_DB_CONNECTION_H
#define CORE_DB_CONNECTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

typedef enum db_mode {
    DB_READ,   /* must exist; nothing can be written */
    DB_CHANGE, /* must exist                         */
    DB_WRITE,  /* created if there is none           */
} db_mode;

/* How long a command waits for another process's lock, and how long a process that trains does. */
enum { DB_PATIENCE_MS = 60 * 1000, DB_LONG_PATIENCE_MS = 60 * 60 * 1000 };

typedef struct db {
    sqlite3 *handle;
    char *path; /* as the user gave it: for messages                                 */
    char *file; /* its real path: the names of everything beside it begin with this  */
    db_mode mode;
    int turn;                 /* FILE.lock, for its first byte; or 0              */
    bool has_turn;            /* this process has locked it                       */
    int64_t patience_ms;      /* DB_PATIENCE_MS, unless the caller sets another   */
    int64_t asked_ms;         /* when a wait for a lock began                     */
    bool said;                /* the user has been told of this wait              */
    bool frozen;              /* read as a file that nobody changes: see db_open  */
    int64_t size, changed_ns; /* of that file                                */
} db;

/* Milliseconds since 1970. */
static inline int64_t db_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

#endif
