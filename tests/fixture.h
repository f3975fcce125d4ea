/* fixture.h - databases for tests: a study whose final losses are chosen by the test. */
#ifndef TESTS_FIXTURE_H
#define TESTS_FIXTURE_H

#include "core/db/db.h"
#include "tests/unit.h"

#include <jansson.h>

typedef struct fixture {
    char folder[64], path[96]; /* of the database */
    db d;                      /* open for writing */
    int64_t sweep_id, code_id, host_id;
} fixture;

/* Arms of a study; the first of them is the baseline of the rest unless `base` says otherwise. */
typedef struct fixture_arm {
    const char *label, *attention;
    int n_kv_heads; /* 0: none */
    int context;
    int base;            /* index, or -1 for a baseline */
    const double *value; /* (seeds) final loss; NaN: diverged */
    const char *axis_json;
} fixture_arm;

void fixture_open(fixture *f);
void fixture_close(fixture *f); /* removes the folder */

/* A study called `name` with val_loss@512, 8 heads, a short training curve for each run. */
void fixture_study(fixture *f, const char *name, const fixture_arm *arm, int arms, int seeds,
                   double margin);

/* One statement without arguments; it must succeed. */
void fixture_run(fixture *f, const char *sql);

/* Run `attnlab NAME` with the words after argv[0], the last of which is NULL.  What it prints to
 * stdout and stderr goes to *out and *err, which the caller frees; the exit status is returned. */
int fixture_command(const char *name, char **out, char **err, const char *const *argv);

/* The rows of an answer in JSON, for json_decref; fails where they or the notes are missing. */
json_t *fixture_rows(const char *out);

/* Fails unless `part` occurs in the text. */
void fixture_expect(const char *text, const char *part);

/* The text of a file, for free(); fails unless it can be read and has no zero byte. */
char *fixture_file(const char *path);

/* Is this program installed? */
bool fixture_has(const char *program);

/* The number called `key` in a row of JSON, NaN if there is none. */
double fixture_number(const json_t *row, const char *key);

#endif
