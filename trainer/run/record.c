/* record.c - the plan: dataset, configuration and run, each made once; see record.h. */
#define _DEFAULT_SOURCE
#include "trainer/run/record.h"

#include "core/base/file.h"
#include "trainer/corpus/corpus.h"
#include "trainer/model/batch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *record_folder(const db *d, const char *uid)
{
    const size_t room = strlen(d->path) + strlen(uid) + sizeof ".runs/";
    char *folder = malloc(room);
    if (folder) snprintf(folder, room, "%s.runs/%s", d->path, uid);
    return folder;
}

static bool make_folder(char **folder, const db *d, const char *uid, error *e)
{
    *folder = record_folder(d, uid);
    if (!*folder) return error_set(e, "%s: no memory", d->path);
    if (file_make_folder(*folder, e)) return true;
    free(*folder);
    *folder = NULL;
    return false;
}

bool record_own(int *lock, const db *d, const char *uid, error *e)
{
    char *folder, path[4096];
    *lock = -1;
    if (!make_folder(&folder, d, uid, e)) return false;
    snprintf(path, sizeof path, "%s/lock", folder);
    free(folder);
    return file_lock(lock, path, e);
}

bool record_owns(int lock, const db *d, const char *uid)
{
    char *folder = record_folder(d, uid), path[4096];
    struct stat ours, named;
    if (!folder) return false;
    snprintf(path, sizeof path, "%s/lock", folder);
    free(folder);
    return fstat(lock, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino && flock(lock, LOCK_EX | LOCK_NB) == 0;
}

bool record_alive(const db *d, const char *uid, bool *alive, error *e)
{
    char *folder = record_folder(d, uid), path[4096];
    int lock = -1;
    *alive = false;
    if (!folder) return error_set(e, "%s: no memory", d->path);
    snprintf(path, sizeof path, "%s/lock", folder);
    free(folder);
    if (access(path, F_OK) != 0) return true; /* never begun */
    if (!file_lock(&lock, path, e)) return false;
    *alive = lock < 0;
    if (lock >= 0) close(lock);
    return true;
}

/* The row of the corpus; a corpus that has moved gets its new path. */
static bool plan_dataset(db *d, int64_t *id, const config *c, error *e)
{
    corpus text;
    if (!corpus_open(&text, c->data.corpus, CORPUS_MANIFEST, e)) return false;
    const bool ok =
        db_run(
            d, e,
            "INSERT INTO dataset(sha256, path, vocab_size, train_tokens, train_bytes, val_tokens,"
            " val_bytes) VALUES(?,?,?,?,?,?,?) ON CONFLICT(sha256) DO UPDATE SET "
            "path=excluded.path",
            "ttniiii", text.sha256, text.path, text.vocab_size, text.train.n_tokens,
            text.train.n_bytes, text.val.n_tokens, text.val.n_bytes) &&
        db_integer(d, id, 0, e, "SELECT dataset_id FROM dataset WHERE sha256=?", "t", text.sha256);
    corpus_close(&text);
    return ok;
}

/* One row of config_param: numbers as numbers, the rest as the canonical form has it. */
static bool plan_param(db *d, const char *id, const config *c, const config_key *k, error *e)
{
    static const char SQL[] = "INSERT INTO config_param(config_id, key, value) VALUES(?,?,?)";
    const char *field = (const char *)c + k->offset;
    char text[CONFIG_VALUE];
    switch (k->type) {
    case CONFIG_INT:
    case CONFIG_COUNT:
        return db_run(d, e, SQL, "tti", id, k->name, *(const int64_t *)(const void *)field);
    case CONFIG_BOOL:
        return db_run(d, e, SQL, "ttn", id, k->name, (int)*(const bool *)field);
    case CONFIG_REAL:
        return db_run(d, e, SQL, "ttd", id, k->name, *(const double *)(const void *)field);
    default:
        config_value(text, sizeof text, c, k);
        return db_run(d, e, SQL, "ttt", id, k->name, text);
    }
}

static bool is_seed(const char *key)
{
    return strcmp(key, "train.seed") == 0 || strcmp(key, "train.data_seed") == 0 ||
           strcmp(key, "train.replica") == 0;
}

/* "mha", or "window:size=128 + mha" where layers differ. */
static void attention_text(char *out, size_t size, const config *c)
{
    const config_specs *a = &c->model.attention;
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < a->n && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? " + " : "", a->item[i]);
}

static bool plan_config(db *d, const char *id, const config *c, error *e)
{
    int64_t known, dataset = 0;
    model_config mc;
    model_cost cost;
    char attention[CONFIG_LIST * ATTN_SPEC];
    if (*c->data.corpus && !plan_dataset(d, &dataset, c, e)) return false;
    if (!db_integer(d, &known, 0, e, "SELECT 1 FROM config WHERE config_id=?", "t", id))
        return false;
    if (known) return true;
    if (!config_model(c, &mc, e)) return false;
    model_cost_of(&cost, &mc);
    attention_text(attention, sizeof attention, c);
    char *canon = config_canonical(c, false);
    if (!canon) return error_set(e, "no memory for the canonical configuration");
    bool ok =
        db_run(d, e,
               "INSERT INTO config(config_id, canon_json, dataset_id, attention, n_layers, dim,"
               " n_heads, n_kv_heads, head_dim, ffn_dim, vocab_size, context, n_params,"
               " n_params_nonembed, n_params_attn, train_flops_per_token, kv_bytes_per_token)"
               " VALUES(?,?,nullif(?,0),?,?,?,?,nullif(?,0),?,?,?,?,?,?,?,?,?)",
               "ttitnnnnnnnniiidd", id, canon, dataset, attention, mc.L, mc.D, mc.H,
               cost.n_kv_heads, mc.E, mc.F, mc.V, mc.T, cost.total, cost.nonembed,
               cost.params[MODEL_ATTENTION], cost.train_flops, cost.kv_bytes);
    free(canon);
    for (const config_key *k = config_keys; ok && k->name; k++)
        if (k->identity && !is_seed(k->name)) ok = plan_param(d, id, c, k, e);
    return ok;
}

bool record_config(db *d, char id[CONFIG_ID], const config *c, error *e)
{
    config_id(c, id);
    return plan_config(d, id, c, e);
}

/* The newest generation of the run, if there is any. */
static bool find_run(db *d, record_run *r, bool *found, const config *c, error *e)
{
    char id[CONFIG_ID];
    sqlite3_stmt *s;
    int64_t code = 0;
    *r = (record_run){ 0 };
    *found = false;
    config_id(c, id);
    if (!db_query(
            d, &s, e,
            "SELECT run_id, run_uid, generation, target_step, coalesce(last_step, -1), status,"
            " coalesce(message, ''), coalesce(code_id, 0), attempts, coalesce(ended_ms, 0)"
            " FROM run WHERE config_id=? AND"
            " seed_init=? AND seed_data=? AND replica=? ORDER BY generation DESC LIMIT 1",
            "tiii", id, c->train.seed, c->train.data_seed, c->train.replica))
        return false;
    bool ok = db_next(d, s, found, e);
    if (ok && *found) {
        r->run_id = sqlite3_column_int64(s, 0);
        snprintf(r->uid, sizeof r->uid, "%s", (const char *)sqlite3_column_text(s, 1));
        r->generation = sqlite3_column_int64(s, 2);
        r->target_step = sqlite3_column_int64(s, 3);
        r->last_step = sqlite3_column_int64(s, 4);
        snprintf(r->status, sizeof r->status, "%s", (const char *)sqlite3_column_text(s, 5));
        snprintf(r->message, sizeof r->message, "%s", (const char *)sqlite3_column_text(s, 6));
        code = sqlite3_column_int64(s, 7);
        r->attempts = sqlite3_column_int64(s, 8);
        r->ended_ms = sqlite3_column_int64(s, 9);
    }
    sqlite3_finalize(s);
    return ok && (!*found || !code || record_outdated(d, &r->outdated, code, c, e));
}

bool record_find(db *d, record_run *r, bool *found, const config *c, error *e)
{
    return find_run(d, r, found, c, e);
}

/* Does the file have this text already? */
static bool has_text(const char *path, const char *text, size_t n)
{
    error ignored;
    char *now = NULL;
    size_t bytes = 0;
    const bool same = access(path, F_OK) == 0 && file_read(&now, &bytes, path, n, &ignored) &&
                      bytes == n && memcmp(now, text, n) == 0;
    free(now);
    return same;
}

bool record_write_config(const db *d, const record_run *r, const config *c, error *e)
{
    char *folder, path[4096];
    if (!make_folder(&folder, d, r->uid, e)) return false;
    snprintf(path, sizeof path, "%s/config.yaml", folder);
    free(folder);
    const bool begun = strcmp(r->status, "planned") != 0 && strcmp(r->status, "failed") != 0;
    if (begun && access(path, F_OK) == 0) return true;
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    if (!f) return error_set(e, "%s: no memory", path);
    config_write(f, c);
    const bool ok = fclose(f) == 0 ? has_text(path, text, n) || file_write(path, text, n, e)
                                   : error_set(e, "%s: no memory", path);
    free(text);
    return ok;
}

bool record_plan(db *d, record_run *r, const config *c, bool again, error *e)
{
    char id[CONFIG_ID];
    bool found;
    if (!*c->data.corpus)
        return error_usage(e,
                           "data.corpus is not set: a run needs a corpus, which `attnlab prepare` "
                           "makes");
    if (!record_config(d, id, c, e) || !find_run(d, r, &found, c, e)) return false;
    if (!found || (again && r->outdated)) {
        const int64_t generation = found ? r->generation + 1 : 0;
        *r = (record_run){ .generation = generation,
                           .target_step = batch_steps(c),
                           .last_step = -1,
                           .status = "planned" };
        config_run_uid(c, generation, r->uid);
        if (!db_run(d, e,
                    "INSERT INTO run(run_uid, config_id, seed_init, seed_data, replica, generation,"
                    " target_step) VALUES(?,?,?,?,?,?,?)",
                    "ttiiiii", r->uid, id, c->train.seed, c->train.data_seed, c->train.replica,
                    generation, r->target_step))
            return false;
        r->run_id = db_last_id(d);
    }
    return true;
}
