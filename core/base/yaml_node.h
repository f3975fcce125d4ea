/* yaml_node.h - a YAML file as a tree of scalars, lists and maps, each with its line and column.
 *
 * libyaml parses; this is a subset of YAML 1.1.  Scalars stay text, because the reader of a key
 * knows its type.  Anchors, aliases, tags, duplicate keys, several documents and files above 64 KiB
 * are errors that give the line and column.
 */
#ifndef CORE_BASE_YAML_NODE_H
#define CORE_BASE_YAML_NODE_H

#include "core/base/error.h"

#include <stddef.h>

typedef enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP } yaml_kind;

typedef struct yaml_node {
    yaml_kind kind;
    const char *file;       /* NULL for the command line            */
    int line, column;       /* where it begins, from 1              */
    char *text;             /* of a scalar; else NULL               */
    int n;                  /* items of a list or map               */
    struct yaml_node *item; /* (n) items of a list, values of a map */
    struct yaml_node *key;  /* (n) keys of a map, scalars           */
} yaml_node;

/* Read a file; the caller closes *root.  Fails if the file cannot be read (STATUS_FAILED) or is not
 * YAML of this kind (STATUS_USAGE). */
bool yaml_read(yaml_node **root, const char *path, error *e);

/* The same, with the text that was read; the caller frees it.  NULL on failure. */
bool yaml_read_text(yaml_node **root, char **text, const char *path, error *e);

/* The tree of a text, as on the command line: "0.001", "[mha, mqa]", "{model.attention: mha}". */
bool yaml_parse(yaml_node **root, const char *text, error *e);

void yaml_close(yaml_node *root);

/* Is it nothing: a key without a value ("key:"), "~" or "null"? */
bool yaml_empty(const yaml_node *n);

/* The value under a key of a map, or NULL. */
const yaml_node *yaml_find(const yaml_node *map, const char *key);

/* error_usage with "FILE:LINE:COLUMN: " in front of the message; nothing in front on the command
 * line. */
bool yaml_error(const yaml_node *at, error *e, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
