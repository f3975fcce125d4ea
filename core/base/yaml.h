/* node.h - a YAML file as a tree of scalars, lists and maps, each with its place.
 *
 * By libyaml, with less: scalars stay text (types are for who reads them), and anchors, aliases,
 * tags, duplicate keys, several documents and files above 64 KiB are errors that say where.
 */
#ifndef TRAINER_NODE_H
#define TRAINER_NODE_H

#include "core/error.h"

#include <stddef.h>

typedef enum node_kind { NODE_SCALAR, NODE_LIST, NODE_MAP } node_kind;

typedef struct node {
    node_kind kind;
    const char *file; /* NULL for the command line */
    int line, column; /* from 1                    */
    char *text;       /* of a scalar               */
    int n;            /* items of a list or map    */
    struct node *item;
    struct node *key; /* (n) of a map, scalars     */
} node;

/* Fails on a file that cannot be read (STATUS_FAILED) or is not such YAML (STATUS_USAGE). */
bool node_read(node **root, const char *path, error *e);

/* The same of a text, as on the command line: "0.001", "[mha, mqa]", "{model.attention: mha}". */
bool node_parse(node **root, const char *text, error *e);

void node_close(node *root);

/* The item of a map, or NULL. */
const node *node_find(const node *map, const char *key);

/* error_usage with "FILE:LINE:COLUMN: " (or nothing, for the command line) in front. */
bool node_error(const node *at, error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
