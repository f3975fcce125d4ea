/* diff.c - attnlab diff A B: in what two runs differ: configuration, code, environment,
 * results.
 *
 * A run is its uid (or the start of it), or STUDY/ARM/SEED.
 */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>

/* Everything about the two runs as (side, part, key, value), then side beside side. */
static const char SQL[] =
    "WITH two(side, run_id) AS (VALUES('a', ?1), ('b', ?2)),"
    " r AS (SELECT * FROM two JOIN run USING(run_id)), fact(side, ord, part, key, value) AS ("
    " SELECT side, 1, 'configuration', key, value FROM r JOIN config_param USING(config_id)"
    " UNION ALL SELECT side, 2, 'seeds', j.key, j.value FROM r, json_each(json_object("
    "  'seed_init', seed_init, 'seed_data', seed_data, 'replica', replica)) j"
    " UNION ALL SELECT side, 3, 'size', j.key, j.value FROM r JOIN config USING(config_id),"
    "  json_each(json_object('parameters', n_params, 'parameters of attention', n_params_attn,"
    "  'training FLOPs a token', train_flops_per_token, 'KV bytes a token', kv_bytes_per_token)) j"
    " UNION ALL SELECT side, 4, 'code', name, substr(f.sha256, 1, 16) FROM r"
    "  JOIN code_file f USING(code_id)"
    " UNION ALL SELECT side, 4, 'code', j.key, j.value FROM r JOIN code USING(code_id), json_each("
    "  json_object('version', version, 'git commit', git_commit, 'uncommitted changes', git_dirty,"
    "  'compiler', compiler, 'flags', cflags, 'binary', substr(binary_sha256, 1, 16))) j"
    " UNION ALL SELECT side, 5, 'environment', j.key, j.value FROM r JOIN attempt t"
    "  ON t.run_id = r.run_id AND t.attempt = r.attempts JOIN host h USING(host_id), json_each("
    "  json_object('host', hostname, 'processor', cpu_model, 'instructions', isa, 'cores', cores,"
    "  'system', os, 'BLAS', blas, 'BLAS kernel', blas_kernel, 'threads', t.threads)) j"
    " UNION ALL SELECT side, 6, 'result', j.key, j.value FROM r, json_each(json_object("
    "  'status', status, 'step', last_step, 'message', message, 'generation', generation,"
    "  'seconds', train_ms / 1000.0, 'processor seconds', cpu_ms / 1000.0, 'peak MiB',"
    "  peak_rss / 1048576.0, 'weights', substr(final_hash, 1, 16))) j"
    " UNION ALL SELECT side, 6, 'result', CASE WHEN task = 'lm' THEN '' ELSE task || '.' END ||"
    "  split || '_loss@' || context || CASE WHEN stride = context THEN '' ELSE ' in strides of '"
    "  || stride END, nll_sum / n_tok FROM r JOIN eval e ON e.run_id = r.run_id"
    "  AND e.step = r.last_step),"
    " k AS (SELECT DISTINCT ord, part, key FROM fact WHERE value NOTNULL)"
    " SELECT k.part, k.key, a.value AS a, b.value AS b, CASE WHEN typeof(a.value) IN"
    "  ('integer', 'real') AND typeof(b.value) IN ('integer', 'real') AND k.ord IN (3, 6)"
    "  THEN b.value - a.value END AS b_minus_a FROM k"
    " LEFT JOIN fact a ON a.side = 'a' AND a.ord = k.ord AND a.key = k.key"
    " LEFT JOIN fact b ON b.side = 'b' AND b.ord = k.ord AND b.key = k.key"
    " WHERE ?3 OR a.value IS NOT b.value ORDER BY k.ord, k.key";

typedef struct options {
    bool all;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "all", 'a', OPTION_FLAG, NULL, offsetof(options, all), "also show what is the same in both" },
    { 0 },
};
// clang-format on

/* STUDY/ARM/SEED, in its newest generation; 0 where there is none.  Labels of arms may hold '/', so
 * the study ends at the first and the seed starts after the last. */
static bool find_cell(db *d, int64_t *run_id, const char *text, error *e)
{
    const char *first = strchr(text, '/'), *last = strrchr(text, '/');
    *run_id = 0;
    if (!first || first == last) return true;
    char *study = strndup(text, (size_t)(first - text)),
         *arm = strndup(first + 1, (size_t)(last - first - 1));
    if (!study || !arm) error_memory();
    const bool ok = db_integer(
        d, run_id, 0, e,
        "SELECT n.run_id FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run ar USING(arm_id)"
        " JOIN run r USING(run_id) JOIN run n ON n.config_id = r.config_id"
        " AND n.seed_init = r.seed_init AND n.seed_data = r.seed_data AND n.replica = r.replica"
        " WHERE s.name = ? AND a.label = ? AND ar.pair_key = CAST(? AS INTEGER)"
        " ORDER BY n.generation DESC LIMIT 1",
        "ttt", study, arm, last + 1);
    free(study), free(arm);
    return ok;
}

static bool find(db *d, int64_t *run_id, const char *text, error *e)
{
    if (!lookup_run_maybe(d, run_id, text, e)) return false;
    if (!*run_id && !find_cell(d, run_id, text, e)) return false;
    return *run_id
               ? true
               : error_usage(e, "%s: no run '%s': give a uid, or STUDY/ARM/SEED", d->path, text);
}

static bool diff(db *d, command_call *call, const options *o, error *e)
{
    int64_t a, b;
    sqlite3_stmt *q;
    if (!find(d, &a, call->argument[0], e) || !find(d, &b, call->argument[1], e)) return false;
    if (!db_query(d, &q, e, SQL, "iin", a, b, (int)o->all)) return false;
    command_rows(call);
    const bool ok = rows_print(NULL, d, q, command_format(call), stdout, e);
    sqlite3_finalize(q);
    return ok;
}

static int run(command_call *call, const void *given)
{
    error e;
    db d;
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    const bool ok = diff(&d, call, given, &e);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_diff = {
    .name = "diff",
    .group = COMMAND_COMPARE,
    .help = "how two runs differ",
    .arguments = "RUN RUN",
    .summary = "How two runs differ: configuration, seeds, size, code, environment, results.",
    .text = "A run is named by its uid, the start of its uid, or STUDY/ARM/SEED.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
