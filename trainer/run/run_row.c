/* run_row.c - corpus, configuration and run as rows.
 *
 * A configuration's row has its canonical form, its costs, and each key of its identity as a row of
 * config_param; its id is the identity, so it is inserted once and never changes.
 */
#include "trainer/run/run_row.h"

#include "core/base/file.h"
#include "trainer/model/batch.h"
#include "trainer/model/model.h"
#include "trainer/run/build_row.h"
#include "trainer/run/run_folder.h"
#include "trainer/run/run_start.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The row of the corpus; one that has moved gets its new path. */
static bool plan_dataset(db *d, int64_t *id, const run_spec *spec, error *e)
{
    const run_corpus *text = &spec->corpus;
    const char *sha256 = spec->config.corpus_sha256;
    return db_run(d, e,
                  "INSERT INTO dataset(sha256, path, vocab_size, train_tokens, train_bytes,"
                  " val_tokens, val_bytes) VALUES(?,?,?,?,?,?,?)"
                  " ON CONFLICT(sha256) DO UPDATE SET path=excluded.path",
                  "ttniiii", sha256, spec->config.data.corpus, text->vocab_size, text->train_tokens,
                  text->train_bytes, text->val_tokens, text->val_bytes) &&
           db_integer(d, id, 0, e, "SELECT dataset_id FROM dataset WHERE sha256=?", "t", sha256);
}

/* One row of config_param: numbers as numbers, the rest as the canonical form has it. */
static bool plan_param(db *d, const run_spec *spec, const config_key *key, error *e)
{
    static const char SQL[] = "INSERT INTO config_param(config_id, key, value) VALUES(?,?,?)";
    const char *field = (const char *)&spec->config + key->offset;
    char text[CONFIG_VALUE];
    switch (key->type) {
    case CONFIG_INT:
    case CONFIG_COUNT:
        return db_run(d, e, SQL, "tti", spec->id, key->name, *(const int64_t *)(const void *)field);
    case CONFIG_BOOL:
        return db_run(d, e, SQL, "ttn", spec->id, key->name, (int)*(const bool *)field);
    case CONFIG_REAL:
        return db_run(d, e, SQL, "ttd", spec->id, key->name, *(const double *)(const void *)field);
    default:
        config_value(text, sizeof text, &spec->config, key);
        return db_run(d, e, SQL, "ttt", spec->id, key->name, text);
    }
}

/* "mha", or "window:size=128 + mha" if layers differ. */
static void attention_text(char *out, size_t size, const config_specs *attention)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; i < attention->n && n < size; i++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", i ? " + " : "", attention->item[i]);
}

bool run_row_config(db *d, const run_spec *spec, error *e)
{
    int64_t known, dataset = 0;
    const model_config *sizes = &spec->model;
    model_cost cost;
    char attention[CONFIG_LIST * ATTN_SPEC];
    if (*spec->config.data.corpus && !plan_dataset(d, &dataset, spec, e)) return false;
    if (!db_integer(d, &known, 0, e, "SELECT 1 FROM config WHERE config_id=?", "t", spec->id))
        return false;
    if (known) return true;
    model_cost_of(&cost, sizes);
    attention_text(attention, sizeof attention, &spec->config.model.attention);
    char *canon = config_canonical(&spec->config, false);
    bool ok = db_run(d, e,
                     "INSERT INTO config(config_id, canon_json, dataset_id, attention, n_layers,"
                     " dim, n_heads, n_kv_heads, head_dim, ffn_dim, vocab_size, context, n_params,"
                     " n_params_nonembed, n_params_attn, train_flops_per_token, kv_bytes_per_token)"
                     " VALUES(?,?,nullif(?,0),?,?,?,?,nullif(?,0),?,?,?,?,?,?,?,?,?)",
                     "ttitnnnnnnnniiidd", spec->id, canon, dataset, attention, sizes->L, sizes->D,
                     sizes->H, cost.n_kv_heads, sizes->E, sizes->F, sizes->V, sizes->T, cost.total,
                     cost.nonembed, cost.params[MODEL_ATTENTION], cost.train_flops, cost.kv_bytes);
    free(canon);
    for (const config_key *key = config_keys; ok && key->name; key++)
        if (key->identity && !config_is_seed(key)) ok = plan_param(d, spec, key, e);
    return ok;
}

bool run_row_find(db *d, run_row *r, bool *found, const run_spec *spec, error *e)
{
    sqlite3_stmt *s;
    int64_t code = 0;
    *r = (run_row){ 0 };
    *found = false;
    if (!db_query(d, &s, e,
                  "SELECT run_id, run_uid, generation, target_step, coalesce(last_step, -1),"
                  " status, coalesce(message, ''), coalesce(code_id, 0), attempts,"
                  " coalesce(ended_ms, 0) FROM run WHERE config_id=? AND seed_init=? AND"
                  " seed_data=? AND replica=? ORDER BY generation DESC LIMIT 1",
                  "tiii", spec->id, spec->config.train.seed, spec->config.train.data_seed,
                  spec->config.train.replica))
        return false;
    const bool ok = db_next(d, s, found, e);
    if (ok && *found) {
        r->run_id = sqlite3_column_int64(s, 0);
        snprintf(r->uid, sizeof r->uid, "%s", (const char *)sqlite3_column_text(s, 1));
        r->generation = sqlite3_column_int64(s, 2);
        r->target_step = sqlite3_column_int64(s, 3);
        r->last_step = sqlite3_column_int64(s, 4);
        r->status = run_status_of((const char *)sqlite3_column_text(s, 5));
        snprintf(r->message, sizeof r->message, "%s", (const char *)sqlite3_column_text(s, 6));
        code = sqlite3_column_int64(s, 7);
        r->attempts = sqlite3_column_int64(s, 8);
        r->ended_ms = sqlite3_column_int64(s, 9);
    }
    sqlite3_finalize(s);
    if (!ok || !*found) return ok;
    if ((code && !build_row_outdated(d, &r->outdated, code, spec, e)) ||
        !build_row_mixed(d, &r->mixed, r->run_id, e) ||
        !run_start_changed(d, r->source, r->run_id, e))
        return false;
    r->outdated = r->outdated || *r->source;
    return true;
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

bool run_row_write_config(const db *d, const run_row *r, const run_spec *spec, error *e)
{
    const bool begun = r->status != RUN_PLANNED && r->status != RUN_FAILED;
    char *text = NULL;
    size_t n;
    if (!run_folder_make(d, r->uid, e)) return false;
    char *path = run_folder_path(d, r->uid, "config.yaml");
    if (begun && access(path, F_OK) == 0) {
        free(path);
        return true;
    }
    FILE *f = open_memstream(&text, &n);
    if (!f) error_memory();
    config_write(f, &spec->config);
    if (fclose(f) != 0) error_memory();
    const bool ok = has_text(path, text, n) || file_write(path, text, n, e);
    free(text), free(path);
    return ok;
}

bool run_row_plan(db *d, run_row *r, const run_spec *spec, bool again, error *e)
{
    const config *settings = &spec->config;
    bool found;
    if (!*settings->data.corpus)
        return error_usage(e, "data.corpus is not set: a run needs a corpus folder, made by "
                              "`attnlab prepare`");
    if (!run_row_config(d, spec, e) || !run_row_find(d, r, &found, spec, e)) return false;
    if (found && !(again && (r->outdated || r->mixed))) return true;
    *r = (run_row){ .generation = found ? r->generation + 1 : 0,
                    .target_step = batch_steps(settings),
                    .last_step = -1,
                    .status = RUN_PLANNED };
    run_spec_uid(r->uid, spec, r->generation);
    if (!db_run(d, e,
                "INSERT INTO run(run_uid, config_id, seed_init, seed_data, replica, generation,"
                " target_step) VALUES(?,?,?,?,?,?,?)",
                "ttiiiii", r->uid, spec->id, settings->train.seed, settings->train.data_seed,
                settings->train.replica, r->generation, r->target_step))
        return false;
    r->run_id = db_last_id(d);
    return true;
}
