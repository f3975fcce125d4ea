/* corpus_put.c - a corpus from memory into its folder, unless it is there already.
 *
 * Invariant: a corpus that is only half written never opens.  The manifest says first that the
 * corpus is incomplete, and the new manifest comes last.
 */
#include "trainer/corpus/corpus_put.h"

#include "core/base/file.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/corpus_folder.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Double the room of a shard until `tokens` more fit. */
static bool make_room(corpus_shard *s, size_t tokens, int width, error *e)
{
    if (tokens <= s->room - s->tokens) return true;
    const size_t room = 2 * s->room + tokens, bytes = room * (size_t)width;
    char *more = realloc(s->bytes, bytes);
    if (!more) return error_set(e, "out of memory for %zu bytes of tokens", bytes);
    s->bytes = more, s->room = room;
    if (!s->mask) return true;
    uint8_t *mask = realloc(s->mask, room);
    if (!mask) return error_set(e, "out of memory for a mask of %zu tokens", room);
    s->mask = mask;
    return true;
}

bool corpus_shard_add(corpus_shard *s, const int32_t *ids, const uint8_t *counts, size_t n,
                      int width, error *e)
{
    assert(s->tokens == 0 || !s->mask == !counts);
    if (!s->mask && counts && !(s->mask = malloc(1))) return error_set(e, "out of memory");
    if (!make_room(s, n, width, e)) return false;
    char *out = s->bytes + s->n;
    for (size_t i = 0; i < n && width == 2; i++) {
        const uint16_t id = (uint16_t)ids[i];
        memcpy(out + 2 * i, &id, sizeof id);
    }
    if (width == 4) memcpy(out, ids, n * sizeof *ids);
    if (counts) memcpy(s->mask + s->tokens, counts, n);
    s->tokens += n, s->n += n * (size_t)width;
    return true;
}

void corpus_shard_close(corpus_shard *s)
{
    free(s->bytes), free(s->mask);
    *s = (corpus_shard){ 0 };
}

static bool same_documents(const manifest *a, const manifest *b)
{
    for (int i = 0; i < SPLITS; i++) {
        if (a->split[i].n != b->split[i].n) return false;
        for (int j = 0; j < a->split[i].n; j++)
            if (strcmp(a->split[i].document[j].sha256, b->split[i].document[j].sha256) != 0)
                return false;
    }
    return true;
}

/* Is the corpus in the folder the one that was ordered?  Before encoding, the texts and the
 * tokenizer may not be enough to tell: MAYBE. */
typedef enum answer { NO, MAYBE, YES } answer;

static answer is_same(const manifest *new, const manifest *old)
{
    if (*new->sha256) return strcmp(new->sha256, old->sha256) == 0 ? YES : NO;
    if (!same_documents(new, old)) return NO;
    const bool known = *new->settings ? strcmp(new->settings, old->settings) == 0
                                      : strcmp(new->model, old->model) == 0;
    return known ? YES : MAYBE;
}

static bool is_whole(const char *folder, error *e)
{
    corpus c;
    if (!corpus_open(&c, folder, CORPUS_WHOLE, e)) return false;
    corpus_close(&c);
    return true;
}

bool corpus_find(bool *there, error *why, const manifest *m, const char *out, bool force, error *e)
{
    manifest old;
    corpus_folder folder;
    *there = false, *why = (error){ 0 };
    if (!corpus_folder_look(&folder, out, e)) return false;
    if (folder != FOLDER_CORPUS) return true;
    const bool known = manifest_read(&old, out, MANIFEST_WHOLE, why);
    const answer same = known ? is_same(m, &old) : NO;
    manifest_close(&old);
    *there = same == YES && is_whole(out, why);
    if (same != NO || force) return true;
    if (!known) return error_set(e, "%.400s (--force replaces what is there)", why->msg);
    return error_set(e,
                     "%s: this folder holds another corpus: choose another folder, or replace it "
                     "with --force",
                     out);
}

static bool put_file(const char *folder, const char *name, const void *bytes, size_t n, error *e)
{
    char *path = file_path(folder, name);
    const bool ok = file_write(path, bytes, n, e);
    free(path);
    return ok;
}

static bool put_files(const manifest *m, const corpus_files *files, const char *folder, error *e)
{
    bool ok = manifest_begin(folder, e);
    if (ok && files->model)
        ok = put_file(folder, MANIFEST_MODEL, files->model, files->model_bytes, e);
    for (int i = 0; ok && i < SPLITS; i++) {
        const corpus_shard *s = &files->shard[i];
        ok = put_file(folder, SPLIT_SHARD[i], s->bytes, s->n, e) &&
             (!s->mask || put_file(folder, SPLIT_MASK[i], s->mask, s->tokens, e));
    }
    return ok && manifest_write(m, folder, e);
}

/* One process at a time.  Look again first: the answer is no longer MAYBE. */
bool corpus_put(bool *there, const manifest *m, const corpus_files *files, const char *out,
                bool force, error *e)
{
    int lock = -1;
    error why;
    char *path = file_path(out, ".lock");
    bool ok = file_make_folder(out, e) && file_lock(&lock, path, e);
    if (ok && lock < 0)
        ok = error_set(
            e, "%s: another attnlab prepare is writing to this folder; wait for it to finish", out);
    ok =
        ok && corpus_find(there, &why, m, out, force, e) && (*there || put_files(m, files, out, e));
    if (lock >= 0) close(lock);
    free(path);
    return ok;
}
