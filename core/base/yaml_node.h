/* yaml_node.h - a YAML file as a tree of scalars, lists and maps, each with its place.
 *
 * By libyaml, with less: scalars stay text (types are for who reads them), and anchors, aliases,
 * tags, duplicate keys, several documents and files above 64 KiB are errors that say where.
 */
#ifndef CORE_BASE_YAML_NODE_H
#define CORE_BASE_YAML_NODE_H

#include "core/base/error.h"

#include <stddef.h>

typedef enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP } yaml_kind;

typedef struct yaml_node {
    yaml_kind kind;
    const char *file; /* NULL for the command line */
    int line, column; /* from 1                    */
    char *text;       /* of a scalar               */
    int n;            /* items of a list or map    */
    struct yaml_node *item;
    struct yaml_node *key; /* (n) of a map, scalars     */
} yaml_node;

/* Fails on a file that cannot be read (STATUS_FAILED) or is not such YAML (STATUS_USAGE). */
bool yaml_read(yaml_node **root, const char *path, error *e);

/* The same of a text, as on the command line: "0.001", "[mha, mqa]", "{model.attention: mha}". */
bool yaml_parse(yaml_node **root, const char *text, error *e);

void yaml_close(yaml_node *root);

/* The item of a map, or NULL. */
const yaml_node *yaml_find(const yaml_node *map, const char *key);

/* error_usage with "FILE:LINE:COLUMN: " (or nothing, for the command line) in front. */
bool yaml_error(const yaml_node *at, error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
