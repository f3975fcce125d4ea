/* run_bundle.c - a run's weights, checked against their hash, with a card that says where they come
 * from.
 */
#include "trainer/interchange/run_bundle.h"

#include "core/base/growing.h"
#include "trainer/corpus/manifest.h"
#include "trainer/interchange/sql.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_folder.h"

#include <stdlib.h>
#include <string.h>

/* Where the newest weights are, and what their hash is.  The caller frees the three. */
typedef struct weights {
    char *file, *sha256, *corpus;
} weights;

static bool find_weights(weights *w, db *d, const char *uid, error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    *w = (weights){ 0 };
    bool ok = db_query(d, &q, e, sql_run_bundle_weights, "t", uid) && db_next(d, q, &row, e);
    if (ok && row)
        w->file = db_column(q, 0), w->sha256 = db_column(q, 1), w->corpus = db_column(q, 2);
    if (ok && !w->file && row && sqlite3_column_int(q, 4))
        ok = error_usage(e, "run %s was imported, not trained by attnlab: it has no weights", uid);
    else if (ok && !w->file)
        ok = error_set(e, "run %s has no weights (it is %s): it kept none, or has not saved any",
                       uid, row ? (const char *)sqlite3_column_text(q, 3) : "unknown");
    sqlite3_finalize(q);
    return ok;
}

static void free_weights(weights *w)
{
    free(w->file), free(w->sha256), free(w->corpus);
}

/* Is the file the one that was stored? */
static bool check_hash(const char *path, const char *sha256, error *e)
{
    char hex[HASH_HEX];
    return hash_file(hex, path, e) &&
           (strcmp(hex, sha256) == 0 ||
            error_set(e, "%s: is not the file that the run wrote (SHA-256 %.12s..., not %.12s...)",
                      path, hex, sha256));
}

/* Does the corpus folder still hold what the run was trained on?  If not, leave its tokenizer. */
static bool check_corpus(bundle *b, const char *folder, const char *sha256, error *e)
{
    manifest m;
    error why;
    if (!b->tokenizer || !sha256 || !manifest_read(&m, folder, MANIFEST_SIZES, &why)) return true;
    const bool same = strcmp(m.sha256, sha256) == 0;
    manifest_close(&m);
    return same || error_set(e,
                             "%s: this corpus is not the one that the run was trained on; name "
                             "the tokenizer with --tokenizer",
                             folder);
}

/* --- the card --------------------------------------------------------------------------------- */

static bool put_facts(FILE *f, db *d, const char *uid, error *e)
{
    static const char *const NAME[] = { "identity",      "train.seed",     "train.data_seed",
                                        "train.replica", "status",         "steps",
                                        "tokens",        "corpus SHA-256", "weights SHA-256",
                                        "attnlab",       "parameters",     "KV bytes a token" };
    sqlite3_stmt *q;
    bool row = false;
    const bool ok = db_query(d, &q, e, sql_run_bundle_facts, "t", uid) && db_next(d, q, &row, e);
    fprintf(f, "\n## Run\n\n| | |\n|---|---|\n| run | %s |\n", uid);
    for (int i = 0; ok && row && i < (int)(sizeof NAME / sizeof *NAME); i++) {
        const char *text = (const char *)sqlite3_column_text(q, i);
        if (text) fprintf(f, "| %s | %s |\n", NAME[i], text);
    }
    sqlite3_finalize(q);
    return ok;
}

static bool put_results(FILE *f, db *d, const char *uid, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_run_bundle_results, "t", uid), any = false;
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        if (!any)
            fputs("\n## Results on held-out text\n\n| task | split | context | tokens | loss "
                  "(nats) | bits a byte |\n|---|---|---:|---:|---:|---:|\n",
                  f);
        any = true;
        fprintf(f, "| %s | %s | %s | %s | %.6f | %.6f |\n", (const char *)sqlite3_column_text(q, 0),
                (const char *)sqlite3_column_text(q, 1), (const char *)sqlite3_column_text(q, 2),
                (const char *)sqlite3_column_text(q, 3), sqlite3_column_double(q, 4),
                sqlite3_column_double(q, 5));
    }
    sqlite3_finalize(q);
    return ok;
}

static bool make_card(bundle *b, db *d, const char *uid, error *e)
{
    growing card;
    growing_open(&card);
    const bool ok = put_facts(card.f, d, uid, e) && put_results(card.f, d, uid, e);
    free(b->card), free(b->name);
    b->card = growing_close(&card), b->name = strdup(uid);
    if (!b->name) error_memory();
    return ok;
}

bool run_bundle_load(bundle *b, db *d, const char *run, const char *tokenizer, error *e)
{
    char uid[CONFIG_UID], corpus[CONFIG_PATH];
    weights w;
    *b = (bundle){ 0 };
    if (!run_config_find(uid, d, run, e)) return false;
    if (!find_weights(&w, d, uid, e)) {
        free_weights(&w);
        return false;
    }
    char *path = run_folder_path(d, uid, w.file);
    bool ok = check_hash(path, w.sha256, e) && bundle_load(b, corpus, path, tokenizer, e);
    if (ok && !tokenizer) ok = check_corpus(b, corpus, w.corpus, e);
    ok = ok && make_card(b, d, uid, e);
    free(path), free_weights(&w);
    if (!ok) bundle_close(b);
    return ok;
}
