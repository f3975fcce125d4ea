/* documents.c - finds files, reads them, and takes them apart into documents.
 *
 * Files are read whole, and documents point into them.  A string of JSON is never longer than it is
 * written, so it takes the place of its line.
 */
#define _GNU_SOURCE /* memmem */
#include "trainer/corpus/documents.h"

#include "core/base/file.h"

#include <errno.h>
#include <fts.h>
#include <jansson.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char INPUT[] = "standard input";

static void *keep(documents *d, void *memory)
{
    d->memory = realloc(d->memory, ((size_t)d->blocks + 1) * sizeof *d->memory);
    if (!memory || !d->memory) error_memory();
    return d->memory[d->blocks++] = memory;
}

void documents_put(documents *d, const text *t)
{
    if (!(d->n & (d->n - 1))) { /* the room is 1, 2, 4, ... */
        d->item = realloc(d->item, (d->n ? 2 * (size_t)d->n : 1) * sizeof *d->item);
        if (!d->item) error_memory();
    }
    d->item[d->n++] = *t;
}

/* Check a document and append it; a blank one only if it is a `whole` file, which is an error. */
static bool put(documents *d, text *t, bool whole, const document_source *source, error *e)
{
    if (!whole && text_blank(t->bytes, t->n)) {
        d->blank++;
        return true;
    }
    if (d->n == INT_MAX / 2) return error_set(e, "%s: more than %d documents", t->path, d->n);
    if (!text_check(t, e)) return false;
    if (source->one_space) text_one_space(t);
    if (t->n == 0)
        d->blank++; /* of no-break spaces alone */
    else
        documents_put(d, t);
    return true;
}

/* ---- JSON -------------------------------------------------------------------------------- */

/* Turn the line into the text of its field. */
static bool decode(text *t, const document_source *source, error *e)
{
    json_error_t where;
    json_t *object = json_loadb(t->bytes, t->n, 0, &where);
    const json_t *value = json_object_get(object, source->field);
    bool ok = json_is_string(value);
    if (!object)
        error_set(e, "%s:%zu: not JSON: %s", t->path, t->line, where.text);
    else if (!json_is_object(object))
        error_set(e, "%s:%zu: not an object of JSON, as in {\"%s\": \"...\"}", t->path, t->line,
                  source->field);
    else if (!value)
        error_set(e, "%s:%zu: there is no field '%s': name another with --jsonl-field", t->path,
                  t->line, source->field);
    else if (!ok)
        error_set(e, "%s:%zu: the field '%s' is not a string", t->path, t->line, source->field);
    if (ok) {
        t->n = json_string_length(value);
        memcpy(t->bytes, json_string_value(value), t->n);
    }
    json_decref(object);
    return ok;
}

static bool put_lines(documents *d, const text *file, const document_source *source, error *e)
{
    static const char MARK[] = "\xef\xbb\xbf"; /* the byte order mark that some programs write */
    text line = *file;
    size_t at = file->n >= 3 && memcmp(file->bytes, MARK, 3) == 0 ? 3 : 0;
    for (line.line = 1; at < file->n; line.line++) {
        const char *end = memchr(file->bytes + at, '\n', file->n - at);
        line.bytes = file->bytes + at, line.from = at;
        line.n = end ? (size_t)(end - line.bytes) : file->n - at;
        at += line.n + 1;
        if (text_blank(line.bytes, line.n)) continue;
        if (!decode(&line, source, e) || !put(d, &line, false, source, e)) return false;
    }
    return true;
}

/* ---- files ------------------------------------------------------------------------------- */

static bool put_parts(documents *d, const text *file, const document_source *source, error *e)
{
    const size_t length = strlen(source->separator);
    text part = *file;
    for (size_t at = 0; at <= file->n;) {
        const char *found = memmem(file->bytes + at, file->n - at, source->separator, length);
        const size_t end = found ? (size_t)(found - file->bytes) : file->n;
        part.bytes = file->bytes + at, part.n = end - at, part.from = at;
        if (!put(d, &part, false, source, e)) return false;
        at = end + length;
    }
    return true;
}

static bool read_input(char **bytes, size_t *n, error *e)
{
    size_t room = 1 << 16, got;
    *bytes = malloc(room), *n = 0;
    while (*bytes && (got = fread(*bytes + *n, 1, room - *n - 1, stdin)) > 0) {
        *n += got;
        if (*n + 1 < room) continue;
        char *more = realloc(*bytes, room *= 2);
        if (!more) free(*bytes);
        *bytes = more;
    }
    if (!*bytes) return error_set(e, "%s: out of memory after %zu bytes", INPUT, *n);
    (*bytes)[*n] = '\0';
    if (!ferror(stdin)) return true;
    free(*bytes);
    return error_set(e, "%s: %s", INPUT, strerror(errno));
}

/* All bytes of a file, or of standard input; the caller frees them. */
static bool read_whole(char **bytes, size_t *n, const char *path, document_source *source, error *e)
{
    if (strcmp(path, "-") != 0) return file_read(bytes, n, path, PTRDIFF_MAX / 16, e);
    if (source->input_read)
        return error_usage(e, "- is given twice, but %s can be read only once", INPUT);
    source->input_read = true;
    return read_input(bytes, n, e);
}

static bool add_file(documents *d, const char *path, document_source *source, error *e)
{
    text file = { 0 };
    const int before = d->n;
    if (!read_whole(&file.bytes, &file.n, path, source, e)) return false;
    keep(d, file.bytes);
    file.path = keep(d, strdup(strcmp(path, "-") == 0 ? INPUT : path));
    if (source->meter) meter_add(source->meter, file.n);
    if (!source->field && !source->separator) return put(d, &file, true, source, e);
    if (!(source->field ? put_lines : put_parts)(d, &file, source, e)) return false;
    return d->n > before || error_set(e, "%s: there is no text in this file", path);
}

/* ---- folders and lists ------------------------------------------------------------------- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_skipped(const FTSENT *entry, const struct stat *skip)
{
    const bool hidden = entry->fts_level > 0 && entry->fts_name[0] == '.';
    return hidden || (skip->st_ino && entry->fts_statp->st_ino == skip->st_ino &&
                      entry->fts_statp->st_dev == skip->st_dev);
}

static bool add_entry(documents *d, FTS *walk, FTSENT *entry, const struct stat *skip,
                      document_source *source, error *e)
{
    switch (entry->fts_info) {
    case FTS_D:
        if (is_skipped(entry, skip)) fts_set(walk, entry, FTS_SKIP);
        return true;
    case FTS_F:
        return is_skipped(entry, skip) || add_file(d, entry->fts_accpath, source, e);
    case FTS_DC:
        return error_set(e, "%s: a link leads back to a folder that holds it", entry->fts_path);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
    case FTS_SLNONE:
        return error_set(e, "%s: %s", entry->fts_path,
                         strerror(entry->fts_errno ? entry->fts_errno : ENOENT));
    default:
        return true;
    }
}

static bool add_folder(documents *d, const char *path, document_source *source, error *e)
{
    struct stat skip = { 0 };
    if (source->skip && stat(source->skip, &skip) != 0) skip = (struct stat){ 0 };
    char *root = strdup(path);
    char *const roots[] = { root, NULL };
    FTS *walk = root ? fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    if (!walk) error_memory();
    const int before = d->n;
    bool ok = true;
    for (FTSENT *entry; ok && (entry = fts_read(walk));)
        ok = add_entry(d, walk, entry, &skip, source, e);
    fts_close(walk);
    free(root);
    return ok && (d->n > before || error_usage(e, "%s: there is no file in this folder", path));
}

bool documents_add(documents *d, const char *path, document_source *source, error *e)
{
    struct stat s;
    const bool folder = strcmp(path, "-") != 0 && stat(path, &s) == 0 && S_ISDIR(s.st_mode);
    return folder ? add_folder(d, path, source, e) : add_file(d, path, source, e);
}

bool documents_add_list(documents *d, const char *list, document_source *source, error *e)
{
    char *bytes;
    size_t n;
    int line = 1;
    const int before = d->n;
    if (!read_whole(&bytes, &n, list, source, e)) return false;
    bool ok = strlen(bytes) == n || error_set(e, "%s: this list has a 0 byte", list);
    for (char *at = bytes, *next; ok && at; at = next, line++) {
        next = strchr(at, '\n');
        if (next) *next++ = '\0';
        at[strcspn(at, "\r")] = '\0';
        if (!*at) continue;
        ok = documents_add(d, at, source, e) || error_where(e, "%s:%d", list, line);
    }
    free(bytes);
    return ok && (d->n > before || error_usage(e, "%s: this list names no file", list));
}

void documents_close(documents *d)
{
    for (int i = 0; i < d->blocks; i++) free(d->memory[i]);
    free(d->memory), free(d->item);
    *d = (documents){ 0 };
}
