/* suite.h - a suite of evaluation tasks: a folder with suite.yaml and a file of items for each
 * task.
 *
 *     name: demo
 *     on_long: truncate
 *     tasks:
 *       facts: {kind: choice, file: facts.jsonl, group: knowledge, shots: 3}
 *       lookup: {kind: exact, generate: "passkey:length=200", items: 100}
 *
 * A task's score is the mean over its items, a group's score the mean of its tasks' scores.  A
 * suite is identified by its content: SHA-256 over everything that was read.
 */
#ifndef TRAINER_SUITES_SUITE_H
#define TRAINER_SUITES_SUITE_H

#include "core/base/hash.h"
#include "core/base/yaml_node.h"
#include "trainer/suites/task_kind.h"

enum { SUITE_NAME = 64, SUITE_TASKS = 256, SUITE_SHOTS = 64, SUITE_ITEMS = 1000000 };

/* What happens to an item that is longer than the context. */
typedef enum suite_long { LONG_REFUSE, LONG_TRUNCATE, LONG_SKIP, LONGS } suite_long;
extern const char *const suite_long_words[]; /* NULL last */

typedef struct suite_task {
    char name[SUITE_NAME], group[SUITE_NAME];
    const task_kind *kind;
    const char *metric; /* one of the kind's            */
    double chance;      /* what guessing gives; NaN: unknown */
    char *file;         /* its path; NULL if it is generated */
    char *spec;         /* of the generator; else NULL       */
    char *layout;       /* of prompts; NULL: the kind's      */
    char *delimiter;    /* between a prompt and its answer   */
    char *separator;    /* between examples                  */
    char *until;        /* exact: ends an answer; NULL: its length does */
    int shots;          /* examples in front of every item   */
    bool apart;         /* are they from a file of their own? */
    items all, pool;    /* its items; those of shots_file     */
} suite_task;

typedef struct suite {
    char *path; /* absolute */
    char name[SUITE_NAME];
    char sha256[HASH_HEX];
    suite_long on_long;
    int64_t seed; /* of the examples that are drawn */
    int tasks;
    suite_task *task; /* (tasks) in the order of the file */
} suite;

/* Read and check a suite with all its items; `path` is its folder, or its suite.yaml.  The caller
 * closes s, also after a failure. */
bool suite_open(suite *s, const char *path, error *e);
void suite_close(suite *s);

/* For suite_open: read the map of one task (suite_task.c), and add to h what identifies it. */
bool suite_task_read(suite_task *t, hash *h, const suite *s, const yaml_node *name,
                     const yaml_node *map, error *e);
void suite_task_close(suite_task *t);

/* A name of letters, digits, '-' and '_'. */
bool suite_name_read(char out[SUITE_NAME], const char *key, const yaml_node *at, error *e);

/* error_usage if a map has a key that is not in `known` (NULL last), with the nearest one. */
bool suite_known(const yaml_node *map, const char *const *known, error *e);

#endif
