/* show.c - attnlab show RUN | STUDY: everything that the database holds about it, by sections. */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/command.h"

/* A statement with the id of the run or study as its one argument. */
typedef struct section {
    const char *name, *sql;
    bool one; /* at most one row */
} section;

#define INSTANT(ms) "strftime('%Y-%m-%d %H:%M:%S', " ms " / 1000, 'unixepoch')"

static const section RUN[] = {
    { "run",
      "SELECT run_uid, status, message, last_step, target_step,"
      " (SELECT tokens FROM train_step t WHERE t.run_id = run.run_id ORDER BY step DESC LIMIT 1)"
      " AS tokens, seed_init, seed_data, replica, generation, config_id,"
      " " INSTANT("started_ms") " AS started_utc, " INSTANT(
          "ended_ms") " AS ended_utc,"
                      " train_ms / 1000.0 AS train_s, cpu_ms / 1000.0 AS cpu_s, peak_rss, "
                      "final_hash"
                      " FROM run WHERE run_id = ?",
      true },
    { "studies",
      "SELECT s.name AS study, a.label AS arm, b.label AS base, ar.pair_key AS seed, a.dropped"
      " FROM arm_run ar JOIN arm a USING(arm_id) JOIN sweep s USING(sweep_id)"
      " LEFT JOIN arm b ON b.arm_id = a.base_arm_id WHERE ar.run_id = ? ORDER BY s.sweep_id",
      false },
    { "model",
      "SELECT attention, n_layers, dim, n_heads, n_kv_heads, head_dim, ffn_dim, vocab_size, "
      "context,"
      " n_params, n_params_nonembed, n_params_attn, train_flops_per_token, kv_bytes_per_token"
      " FROM config JOIN run USING(config_id) WHERE run_id = ?",
      true },
    { "configuration",
      "SELECT key, value FROM config_param JOIN run USING(config_id) WHERE run_id = ? ORDER BY key",
      false },
    { "dataset",
      "SELECT d.path, d.sha256, d.vocab_size, d.train_tokens, d.train_bytes, d.val_tokens,"
      " d.val_bytes FROM dataset d JOIN config USING(dataset_id) JOIN run USING(config_id)"
      " WHERE run_id = ?",
      true },
    { "code",
      "SELECT version, git_commit, git_dirty, compiler, cflags, binary_sha256"
      " FROM code JOIN run USING(code_id) WHERE run_id = ?",
      true },
    { "code_files",
      "SELECT name, f.sha256 FROM code_file f JOIN run USING(code_id) WHERE run_id = ?"
      " ORDER BY name",
      false },
    { "attempts",
      "SELECT t.attempt, h.hostname, h.cpu_model, h.blas_kernel, t.threads, t.pid, t.from_step,"
      " t.to_step, " INSTANT(
          "t.started_ms") " AS started_utc,"
                          " (t.ended_ms - t.started_ms) / 1000.0 AS seconds, t.exit_code, t.signal,"
                          " substr(c.binary_sha256, 1, 12) AS binary"
                          " FROM attempt t LEFT JOIN host h USING(host_id) LEFT JOIN code c "
                          "USING(code_id)"
                          " WHERE t.run_id = ? ORDER BY t.attempt",
      false },
    { "evaluations",
      "SELECT step, split, task, context, stride, n_tok, nll_sum / n_tok AS loss,"
      " nll_sum / n_bytes / 0.6931471805599453 AS bpb, last_nll_sum / last_n_tok AS last_loss,"
      " 1.0 * n_correct / n_items AS accuracy FROM eval WHERE run_id = ?"
      " ORDER BY step, split, task, context, stride",
      false },
    { "checkpoints",
      "SELECT step, file, bytes, sha256, " INSTANT("created_ms") " AS created_utc FROM ckpt"
                                                                 " WHERE run_id = ? ORDER BY step",
      false },
    { "events",
      "SELECT " INSTANT("at_ms") " AS at_utc, level, message FROM event WHERE run_id = ?"
                                 " ORDER BY event_id",
      false },
    { 0 },
};

static const section STUDY[] = {
    { "study",
      "SELECT s.name, v.question, v.hypothesis, s.design, s.axes_json AS axes,"
      " s.baseline_json AS baseline, s.match_json AS match, s.tune_json AS tune, v.metric,"
      " v.direction, v.margin, v.alpha, v.seeds, v.version, " INSTANT(
          "s.created_ms") " AS created_utc FROM sweep s LEFT JOIN sweep_version v USING(sweep_id)"
                          " WHERE s.sweep_id = ? ORDER BY v.version DESC LIMIT 1",
      true },
    { "versions",
      "SELECT version, " INSTANT(
          "at_ms") " AS at_utc, metric, margin, alpha, seeds, runs_done,"
                   " looks FROM sweep_version WHERE sweep_id = ? ORDER BY version",
      false },
    { "arms",
      "SELECT a.ord, a.label AS arm, b.label AS base, c.attention, c.context, c.n_params,"
      " c.ffn_dim, c.kv_bytes_per_token, a.replica, a.dropped, a.config_id FROM arm a"
      " JOIN config c USING(config_id) LEFT JOIN arm b ON b.arm_id = a.base_arm_id"
      " WHERE a.sweep_id = ? ORDER BY a.ord",
      false },
    { "runs",
      "SELECT a.label AS arm, ar.pair_key AS seed, r.run_uid, r.generation, r.status,"
      " r.last_step AS step, r.target_step, r.message FROM arm a JOIN arm_run ar USING(arm_id)"
      " JOIN run r USING(run_id) WHERE a.sweep_id = ? ORDER BY a.ord, ar.pair_key",
      false },
    { "comparisons",
      "SELECT look, " INSTANT(
          "at_ms") " AS at_utc, version, metric, at_x, alpha, margin,"
                   " procedure, argv FROM comparison WHERE sweep_id = ? ORDER BY cmp_id",
      false },
    { 0 },
};

static bool print_section(db *d, const section *k, int64_t id, table_format f, bool first, error *e)
{
    sqlite3_stmt *s;
    if (!db_query(d, &s, e, k->sql, "i", id)) return false;
    if (f == TABLE_JSON)
        printf("%s\"%s\": ", first ? "{" : ",\n", k->name);
    else
        printf("%s%s%s\n%s", first ? "" : "\n", f == TABLE_MD ? "## " : "", k->name,
               f == TABLE_MD ? "\n" : "");
    const bool ok =
        k->one ? rows_print_one(d, s, f, stdout, e) : rows_print(NULL, d, s, f, stdout, e);
    sqlite3_finalize(s);
    return ok;
}

static bool show(db *d, command_call *call, error *e)
{
    const char *what = call->argument[0];
    const table_format f = command_format(call);
    const section *k = RUN;
    int64_t id;
    if (!lookup_run_maybe(d, &id, what, e)) return false;
    if (!id) {
        if (!lookup_study_maybe(d, &id, what, e)) return false;
        k = STUDY;
    }
    if (!id) return error_usage(e, "%s: no run or study '%s'", d->path, what);
    for (bool first = true; k->name; k++, first = false)
        if (!print_section(d, k, id, f, first, e)) return false;
    call->document = true; /* each section is a field of the object */
    return true;
}

static int run(command_call *call, const void *given)
{
    const table_format f = command_format(call);
    error e;
    db d;
    (void)given;
    if (f != TABLE_TEXT && f != TABLE_MD && f != TABLE_JSON)
        return command_refuse(call, "--output: several tables are shown: table, md or json");
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    const bool ok = show(&d, call, &e);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_show = {
    .name = "show",
    .group = COMMAND_DATABASE,
    .help = "everything about one run or study",
    .arguments = "RUN|STUDY",
    .summary = "Show everything that the database holds about a run or a study.",
    .text = "A run is named by its uid or the start of its uid, a study by its name or its file.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .run = run,
};
