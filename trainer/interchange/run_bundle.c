/* run_bundle.c - a run's weights, checked against their hash, with a card that says where they come
 * from.
 */
#include "trainer/interchange/run_bundle.h"

#include "core/base/file.h"
#include "core/base/growing.h"
#include "trainer/corpus/manifest.h"
#include "trainer/interchange/sql.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_weights.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Does the corpus folder, if it is still there, hold what the run was trained on? */
static bool check_corpus(const char *folder, const char *sha256, error *e)
{
    char *list = file_path(folder, MANIFEST_FILE);
    const bool there = access(list, F_OK) == 0;
    free(list);
    return !there || run_weights_check_corpus(folder, sha256, e);
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
        char bpb[32] = ""; /* token ids that stand for no text have no bytes */
        if (sqlite3_column_type(q, 5) != SQLITE_NULL)
            snprintf(bpb, sizeof bpb, "%.6f", sqlite3_column_double(q, 5));
        fprintf(f, "| %s | %s | %s | %s | %.6f | %s |\n", (const char *)sqlite3_column_text(q, 0),
                (const char *)sqlite3_column_text(q, 1), (const char *)sqlite3_column_text(q, 2),
                (const char *)sqlite3_column_text(q, 3), sqlite3_column_double(q, 4), bpb);
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
    run_weights w = { 0 };
    *b = (bundle){ 0 };
    bool ok = run_config_find(uid, d, run, e) && run_weights_find(&w, d, uid, e) &&
              bundle_load(b, corpus, w.file, tokenizer, e);
    if (ok && b->tokenizer && !tokenizer) ok = check_corpus(corpus, w.corpus_sha256, e);
    ok = ok && make_card(b, d, uid, e);
    run_weights_close(&w);
    if (!ok) bundle_close(b);
    return ok;
}
