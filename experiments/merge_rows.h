/* merge_rows.h - rows of one database as rows of another, which numbers them anew.
 *
 *     map(row of the source) = the row of the destination that is the same by its key,
 *                              or a copy whose references are mapped
 *
 * A row that is part of another (a step of a run, a position of an evaluation) is copied with it.
 */
#ifndef EXPERIMENTS_MERGE_ROWS_H
#define EXPERIMENTS_MERGE_ROWS_H

#include "experiments/merge.h"
#include "experiments/merge_schema.h"

/* What happens to what belongs to a row of the source. */
typedef enum merge_part {
    MERGE_SKIPPED, /* nothing: the destination's own stays                      */
    MERGE_TAKEN,   /* it is copied                                              */
    MERGE_ADDED,   /* what has a key of its own is added if it is not there yet */
} merge_part;

typedef struct merge_link {
    int64_t id; /* in the destination; 0: the row has no counterpart */
    merge_part part;
} merge_link;

typedef struct merge_map {
    merge_link *link; /* (n) by the id in the source                                */
    int64_t n;
    char **text; /* (texts) rows that were copied, where the key is one text    */
    int texts;
} merge_map;

/* A version of a study in the source, and its number in the destination. */
typedef struct merge_version {
    int64_t sweep, from, to;
} merge_version;

/* A file to be copied before the transaction ends. */
typedef struct merge_file {
    char *from, *to, *folder, *sha256; /* sha256 NULL: any content */
    bool copied;
} merge_file;

/* A run of the destination that is replaced, and its lock. */
typedef struct merge_lock {
    int64_t run_id;
    char *uid;
    int fd;
} merge_lock;

/* One source on its way into the destination. */
typedef struct merge_work {
    db *into, *from;
    const char *name; /* of the destination, for messages */
    bool files;       /* copy weights as well             */
    merge_schema *schema;
    merge_map map[MERGE_TABLES];
    merge_version *version; /* (versions) */
    int versions;
    bool *newest; /* (studies) by id in the source: its newest version is the newest of all */
    int64_t studies;
    merge_file **file; /* the caller's list of files of all sources */
    int *files_n;
    merge_lock **lock; /* the caller's list of runs that are replaced */
    int *locks;
    merge_count *count;
    error *e;
} merge_work;

void merge_rows_close(merge_work *x);

/* The link of a row, which may be set; NULL if there is none. */
merge_link *merge_rows_link(merge_work *x, int table, int64_t id);
void merge_rows_set(merge_work *x, int table, int64_t id, int64_t to, merge_part part);

/* Bind the row that `q` is at, all columns in their order, as it is mapped, to the parameters 1, 2,
 * ... of `to`; NULL where it has its own id.  Or insert it. */
void merge_rows_bind(merge_work *x, int table, sqlite3_stmt *to, sqlite3_stmt *q);
bool merge_rows_insert(merge_work *x, int table, sqlite3_stmt *q, sqlite3_stmt *insert);

/* All rows of a table that are not there yet; or one by one, those of the source that an SQL clause
 * names. */
bool merge_rows_table(merge_work *x, int table);
bool merge_rows_where(merge_work *x, int table, const char *where);

#endif
