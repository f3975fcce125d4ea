/* yaml_node.c - builds the tree of a YAML file from libyaml's events (YAML 1.1).
 *
 * The tree is built by recursion, so its depth is limited; so is the number of items in one list or
 * map.  A hostile file therefore can use up neither the stack nor much time.
 */
#include "core/base/yaml_node.h"

#include "core/base/file.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { YAML_BYTES = 64 << 10, YAML_DEPTH = 16, YAML_ITEMS = 4096 };

typedef struct reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    const char *file, *text;
    int depth;
    error *e;
} reader;

static bool error_at(const char *file, int line, int column, error *e, const char *fmt,
                     va_list args)
{
    char text[sizeof e->msg];
    vsnprintf(text, sizeof text, fmt, args);
    return file ? error_usage(e, "%s:%d:%d: %s", file, line, column, text)
                : error_usage(e, "%s", text);
}

bool yaml_error(const yaml_node *at, error *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    error_at(at->file, at->line, at->column, e, fmt, args);
    va_end(args);
    return false;
}

__attribute__((format(printf, 3, 4))) static bool say(const reader *r, yaml_mark_t mark,
                                                      const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    error_at(r->file, (int)mark.line + 1, (int)mark.column + 1, r->e, fmt, args);
    va_end(args);
    return false;
}

/* Report libyaml's error.  For bytes that are not text, libyaml gives an offset instead of a line
 * and column, so count these. */
static bool explain(const reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) error_memory();
    const char *problem = p->problem ? p->problem : "not valid YAML";
    if (p->error != YAML_READER_ERROR)
        return say(r, p->problem_mark, "%s%s%s", problem, p->context ? " " : "",
                   p->context ? p->context : "");
    yaml_mark_t mark = { 0 };
    for (size_t i = 0; i < p->problem_offset && r->text[i]; i++) {
        if (r->text[i] == '\n')
            mark.line++, mark.column = 0;
        else if (((unsigned char)r->text[i] & 0xc0) != 0x80)
            mark.column++;
    }
    return say(r, mark, "not UTF-8 text: %s", problem);
}

static bool next(reader *r)
{
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event) ? true : explain(r);
}

static void empty(yaml_node *n)
{
    for (int i = 0; i < n->n; i++) {
        empty(&n->item[i]);
        if (n->key) free(n->key[i].text);
    }
    free(n->text), free(n->item), free(n->key);
}

/* The text of the current scalar.  YAML can express a 0 byte, but a C string cannot hold one. */
static bool take_text(reader *r, char **out)
{
    const yaml_char_t *value = r->event.data.scalar.value;
    const size_t n = r->event.data.scalar.length;
    if (memchr(value, 0, n)) return say(r, r->event.start_mark, "this text contains a 0 byte");
    *out = strndup((const char *)value, n);
    if (!*out) error_memory();
    return true;
}

/* Refuse anchors and tags. */
static bool plain(const reader *r, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor)
        return say(r, r->event.start_mark,
                   "anchor '&%s' is not supported: write the value out where it is used",
                   (const char *)anchor);
    if (tag)
        return say(r, r->event.start_mark,
                   "tag '%s' is not supported: leave it out, the key determines the type",
                   (const char *)tag);
    return true;
}

/* Make room for one more item. */
static bool grow(reader *r, yaml_node *n)
{
    if (n->n == YAML_ITEMS)
        return say(r, r->event.start_mark, "more than %d items in one list or map", YAML_ITEMS);
    if (n->n & (n->n - 1))
        return true; /* the room is 1, 2, 4, ...: grow it when n is 0 or a power of two */
    const size_t room = n->n ? 2 * (size_t)n->n : 1;
    yaml_node *item = realloc(n->item, room * sizeof *item);
    if (item) n->item = item;
    yaml_node *key = item && n->kind == YAML_MAP ? realloc(n->key, room * sizeof *key) : NULL;
    if (key) n->key = key;
    if (!item || (!key && n->kind == YAML_MAP)) error_memory();
    return true;
}

static bool build(reader *r, yaml_node *n);

/* Read the key at the current event, and move on to its value. */
static bool build_key(reader *r, const yaml_node *map, yaml_node *key)
{
    const yaml_event_t *v = &r->event;
    if (v->type != YAML_SCALAR_EVENT) return say(r, v->start_mark, "a key must be a plain word");
    if (!build(r, key)) return false;
    const yaml_node *first = yaml_find(map, key->text);
    if (first)
        return yaml_error(key, r->e, "'%s' is given twice, first on line %d", key->text,
                          map->key[first - map->item].line);
    return next(r);
}

static bool build_items(reader *r, yaml_node *n, yaml_event_type_t end)
{
    if (++r->depth > YAML_DEPTH)
        return say(r, r->event.start_mark, "nested more than %d levels deep", YAML_DEPTH);
    while (next(r)) {
        if (r->event.type == end) {
            r->depth--;
            return true;
        }
        if (!grow(r, n)) return false;
        yaml_node item = { 0 }, key = { 0 };
        const bool ok = (n->kind != YAML_MAP || build_key(r, n, &key)) && build(r, &item);
        if (n->kind == YAML_MAP) n->key[n->n] = key;
        n->item[n->n++] = item; /* also if it is incomplete, so that yaml_close frees it */
        if (!ok) return false;
    }
    return false;
}

/* Build the tree that starts at the current event. */
static bool build(reader *r, yaml_node *n)
{
    const yaml_event_t *v = &r->event;
    *n = (yaml_node){ .file = r->file,
                      .line = (int)v->start_mark.line + 1,
                      .column = (int)v->start_mark.column + 1 };
    switch (v->type) {
    case YAML_ALIAS_EVENT:
        return say(r, v->start_mark, "alias '*%s' is not supported: write the value out",
                   (const char *)v->data.alias.anchor);
    case YAML_SCALAR_EVENT:
        n->kind = YAML_SCALAR;
        return plain(r, v->data.scalar.anchor, v->data.scalar.tag) && take_text(r, &n->text);
    case YAML_SEQUENCE_START_EVENT:
        n->kind = YAML_LIST;
        return plain(r, v->data.sequence_start.anchor, v->data.sequence_start.tag) &&
               build_items(r, n, YAML_SEQUENCE_END_EVENT);
    case YAML_MAPPING_START_EVENT:
        n->kind = YAML_MAP;
        return plain(r, v->data.mapping_start.anchor, v->data.mapping_start.tag) &&
               build_items(r, n, YAML_MAPPING_END_EVENT);
    default: /* libyaml has no other event that can start a node */
        return say(r, v->start_mark, "expected a value");
    }
}

/* Build the only document; an empty file gives an empty scalar. */
static bool build_document(reader *r, yaml_node *root)
{
    if (!next(r) || !next(r)) return false; /* start of the stream, start of the document */
    if (r->event.type == YAML_STREAM_END_EVENT) {
        *root = (yaml_node){ .file = r->file, .line = 1, .column = 1, .text = strdup("") };
        if (!root->text) error_memory();
        return true;
    }
    if (!next(r) || !build(r, root) || !next(r) || !next(r)) return false;
    if (r->event.type != YAML_STREAM_END_EVENT)
        return say(r, r->event.start_mark,
                   "a second document starts here: a file may hold only one");
    return true;
}

static bool parse(yaml_node **out, const char *file, const char *text, size_t n, error *e)
{
    /* The file's name is stored behind the root, in the same block; every node points to it. */
    const size_t name = file ? strlen(file) + 1 : 0;
    yaml_node *root = calloc(1, sizeof *root + name);
    reader r = { .text = text, .e = e };
    *out = NULL;
    if (!root || !yaml_parser_initialize(&r.parser)) {
        free(root);
        return error_set(e, "%s: out of memory", file ? file : text);
    }
    if (file) r.file = memcpy(root + 1, file, name);
    static const char MARK[] = "\xef\xbb\xbf"; /* the byte order mark that some editors write */
    if (strncmp(text, MARK, 3) == 0) r.text = text += 3, n -= 3;
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, n);
    const bool ok = build_document(&r, root);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
    if (ok)
        *out = root;
    else
        yaml_close(root);
    return ok;
}

bool yaml_read_text(yaml_node **root, char **text, const char *path, error *e)
{
    size_t n;
    *root = NULL, *text = NULL;
    if (!file_read(text, &n, path, (size_t)64 << 20, e)) return false;
    const bool ok = n <= YAML_BYTES
                        ? parse(root, path, *text, n, e)
                        : error_usage(e, "%s: the file has %zu bytes; at most %d are allowed", path,
                                      n, YAML_BYTES);
    if (!ok) free(*text), *text = NULL;
    return ok;
}

bool yaml_read(yaml_node **root, const char *path, error *e)
{
    char *text;
    const bool ok = yaml_read_text(root, &text, path, e);
    free(text);
    return ok;
}

bool yaml_parse(yaml_node **root, const char *text, error *e)
{
    return parse(root, NULL, text, strlen(text), e);
}

void yaml_close(yaml_node *root)
{
    if (root) empty(root);
    free(root);
}

bool yaml_empty(const yaml_node *n)
{
    return n->kind == YAML_SCALAR &&
           (!*n->text || strcmp(n->text, "~") == 0 || strcmp(n->text, "null") == 0);
}

const yaml_node *yaml_find(const yaml_node *map, const char *key)
{
    assert(map->kind == YAML_MAP);
    for (int i = 0; i < map->n; i++)
        if (strcmp(map->key[i].text, key) == 0) return &map->item[i];
    return NULL;
}
