/* saved_queries.c - see named.h. */
#include "analysis/data/saved_queries.h"

#include <stdlib.h>
#include <string.h>

/* Runs of a plan: the newest generation of each planned cell. */
#define CELLS                                                                                      \
    "cell AS (SELECT s.name AS study, a.sweep_id, a.arm_id, a.ord, a.label AS arm, ar.pair_key AS" \
    " seed, n.*\n  FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run ar USING(arm_id)\n"        \
    "  JOIN run r ON r.run_id = ar.run_id\n  JOIN run n ON n.config_id = r.config_id"              \
    " AND n.seed_init = r.seed_init AND n.seed_data = r.seed_data\n   AND n.replica = r.replica"   \
    " AND n.generation = (SELECT max(g.generation) FROM run g\n     WHERE g.config_id ="           \
    " r.config_id AND g.seed_init = r.seed_init AND g.seed_data = r.seed_data\n      AND"          \
    " g.replica = r.replica)\n"                                                                    \
    "  WHERE a.dropped = 0 AND (:study IS NULL OR s.name = :study))\n"

/* Runs cut into :points spans of steps.  Means are taken span by span, along the table's own order:
 * one GROUP BY would sort all the steps there are.  Rows that hold no number are left out. */
#define POINTS "CAST(coalesce(:points, 50) AS INTEGER)"
#define SPANS                                                                                      \
    "k(k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM k WHERE k + 1 < " POINTS "),\n"                 \
    " part AS (SELECT c.*, k * target_step / " POINTS " AS after, (k + 1) * target_step / " POINTS \
    " AS upto\n  FROM cell c CROSS JOIN k),\n"                                                     \
    " mean AS MATERIALIZED (SELECT study, ord, arm, seed, run_id, upto,\n"                         \
    "  (SELECT json_array(avg(loss), max(loss), avg(grad_norm)) FROM train_step t\n"               \
    "   WHERE t.run_id = part.run_id AND t.step > after AND t.step <= upto\n"                      \
    "    AND loss BETWEEN -1e300 AND 1e300) AS j\n  FROM part WHERE upto > after),\n"              \
    " span AS (SELECT m.*, t.step, t.tokens, t.wall_ms, j ->> 0 AS loss, j ->> 1 AS highest,\n"    \
    "  j ->> 2 AS grad_norm\n  FROM mean m CROSS JOIN train_step t ON t.run_id = m.run_id"         \
    " AND t.step = m.upto)\n"

static const named NAMED[] = {
    { "leaderboard", "Arms by their loss on held-out text, best first", "study, context",
      "WITH " CELLS
      "SELECT c.study, c.arm, e.context, count(*) AS n, avg(e.nll_sum / e.n_tok) AS loss,\n"
      " avg(e.nll_sum / e.n_bytes) / 0.6931471805599453 AS bits_a_byte,\n"
      " min(e.nll_sum / e.n_tok) AS best, max(e.nll_sum / e.n_tok) AS worst,\n"
      " f.n_params, f.kv_bytes_per_token\n"
      "FROM cell c JOIN config f USING(config_id)\n"
      "JOIN eval e ON e.run_id = c.run_id AND e.step = c.last_step AND e.split = 'val' AND e.task "
      "= 'lm'\n"
      "WHERE c.status = 'done' AND (:context IS NULL OR e.context = CAST(:context AS INTEGER))\n"
      "GROUP BY c.study, c.arm_id, e.context ORDER BY c.study, e.context, loss" },
    { "pairs", "Every arm against its baseline, seed by seed", "study, context",
      "SELECT s.name AS study, p.arm, p.base, p.pair_key AS seed, p.split, p.context, p.arm_loss,\n"
      " p.base_loss, p.diff FROM v_pair p JOIN sweep s USING(sweep_id)\n"
      "WHERE (:study IS NULL OR s.name = :study)\n"
      " AND (:context IS NULL OR p.context = CAST(:context AS INTEGER))\n"
      "ORDER BY s.name, p.context, p.arm, p.pair_key" },
    { "curves", "Loss on held-out text as it fell, run by run", "study, context",
      "WITH " CELLS
      "SELECT c.study, c.arm, c.seed, e.context, e.step, t.tokens, e.nll_sum / e.n_tok AS loss\n"
      "FROM cell c JOIN eval e USING(run_id) JOIN train_step t ON t.run_id = c.run_id AND t.step = "
      "e.step\n"
      "WHERE e.split = 'val' AND e.task = 'lm'\n"
      " AND (:context IS NULL OR e.context = CAST(:context AS INTEGER))\n"
      "ORDER BY c.study, c.ord, c.seed, e.context, e.step" },
    { "training", "Training loss as means over spans of each run, with the gradient norm",
      "study, points=50",
      "WITH RECURSIVE " CELLS ", " SPANS "SELECT study, arm, seed, step, tokens, loss, highest, "
      "grad_norm, wall_ms / 1000.0 AS seconds\nFROM span ORDER BY study, ord, seed, step" },
    { "averages", "Training loss as means over spans and over the seeds of an arm",
      "study, points=50",
      "WITH RECURSIVE " CELLS ", " SPANS "SELECT study, arm, step, tokens, count(loss) AS runs, "
      "avg(loss) AS loss, min(loss) AS lowest_seed,\n max(loss) AS highest_seed, avg(grad_norm) AS "
      "grad_norm, avg(wall_ms) / 1000.0 AS seconds\n"
      "FROM span GROUP BY study, ord, step ORDER BY study, ord, step" },
    { "missing", "What is planned and not finished, and why", "study",
      "SELECT s.name AS study, v.label AS arm, v.pair_key AS seed, v.run_uid, v.status,\n"
      " v.last_step AS step, v.target_step, v.message FROM v_missing v JOIN sweep s "
      "USING(sweep_id)\n"
      "WHERE :study IS NULL OR s.name = :study ORDER BY s.name, v.label, v.pair_key" },
    { "outcomes", "How many runs of each arm finished, diverged, failed", "study",
      "WITH " CELLS "SELECT study, arm, count(*) AS planned, sum(status = 'done') AS done,\n"
      " sum(status = 'diverged') AS diverged, sum(status = 'failed') AS failed,\n"
      " sum(status IN ('planned', 'running', 'preempted')) AS unfinished,\n"
      " group_concat(DISTINCT message) AS messages\n"
      "FROM cell GROUP BY sweep_id, arm_id ORDER BY study, ord" },
    { "cost", "Time, memory and arithmetic by arm", "study",
      "WITH " CELLS ", done AS (SELECT c.*, (SELECT tokens FROM train_step t WHERE t.run_id = "
      "c.run_id\n   AND t.step = c.last_step) AS tokens FROM cell c WHERE status = 'done')\n"
      "SELECT d.study, d.arm, count(*) AS runs, avg(d.tokens) AS tokens,\n"
      " avg(d.train_ms) / 1000.0 AS seconds, avg(d.cpu_ms) / 1000.0 AS cpu_seconds,\n"
      " 1000.0 * sum(d.tokens) / sum(d.train_ms) AS tokens_a_second,\n"
      " avg(d.tokens) * f.train_flops_per_token AS flops,\n"
      " sum(d.tokens) * f.train_flops_per_token / sum(d.train_ms) / 1e6 AS gflops,\n"
      " max(d.peak_rss) / 1048576.0 AS peak_mib, f.n_params, f.kv_bytes_per_token\n"
      "FROM done d JOIN config f USING(config_id) GROUP BY d.sweep_id, d.arm_id ORDER BY d.study, "
      "d.ord" },
    { "frontier", "Loss against KV cache and parameters; `beaten`: another arm is no worse in both",
      "study, context",
      "WITH x AS (SELECT s.name AS study, f.* FROM v_frontier f JOIN sweep s USING(sweep_id)\n"
      " WHERE (:study IS NULL OR s.name = :study)\n"
      "  AND (:context IS NULL OR f.context = CAST(:context AS INTEGER)))\n"
      "SELECT study, label AS arm, context, kv_bytes_per_token, n_params, n, loss, sd,\n"
      " EXISTS (SELECT 1 FROM x y WHERE y.study = x.study AND y.context = x.context\n"
      "  AND y.kv_bytes_per_token <= x.kv_bytes_per_token AND y.loss <= x.loss\n"
      "  AND (y.kv_bytes_per_token < x.kv_bytes_per_token OR y.loss < x.loss)) AS beaten\n"
      "FROM x ORDER BY study, context, kv_bytes_per_token, loss" },
    { "positions", "Loss by position in the window, means over seeds", "study, context, points=64",
      "WITH " CELLS
      ", last AS MATERIALIZED (SELECT c.study, c.ord, c.arm, c.arm_id, e.eval_id, e.context\n"
      "  FROM cell c JOIN eval e ON e.run_id = c.run_id AND e.step = c.last_step\n"
      "  WHERE c.status = 'done' AND e.split = 'val' AND e.task = 'lm'\n"
      "   AND (:context IS NULL OR e.context = CAST(:context AS INTEGER))),\n"
      " mean AS (SELECT arm_id, context, min(pos) AS from_position, max(pos) AS to_position,\n"
      "  sum(nll_sum) / sum(n) AS loss FROM last CROSS JOIN eval_pos p USING(eval_id)\n"
      "  GROUP BY arm_id, context, pos * CAST(coalesce(:points, 64) AS INTEGER) / context)\n"
      "SELECT l.study, l.arm, m.context, m.from_position, m.to_position, m.loss, l.runs\n"
      "FROM mean m JOIN (SELECT arm_id, context, study, ord, arm, count(*) AS runs FROM last\n"
      " WHERE EXISTS (SELECT 1 FROM eval_pos p WHERE p.eval_id = last.eval_id)\n"
      " GROUP BY arm_id, context) l USING(arm_id, context)\n"
      "ORDER BY l.study, l.ord, m.context, m.from_position" },
    { "settings", "Keys in which the arms of a study differ", "study",
      "SELECT s.name AS study, a.label AS arm, p.key, p.value,\n"
      " CASE WHEN p.key IN (SELECT key FROM json_each(s.axes_json)) THEN 'axis'\n"
      "  WHEN p.key IN (SELECT value FROM json_each(coalesce(s.match_json, '{}'))) THEN 'matched'\n"
      "  ELSE 'other' END AS why\n"
      "FROM sweep s JOIN arm a USING(sweep_id) JOIN config_param p USING(config_id)\n"
      "WHERE a.dropped = 0 AND (:study IS NULL OR s.name = :study)\n"
      " AND (SELECT count(DISTINCT q.value) FROM arm b JOIN config_param q USING(config_id)\n"
      "  WHERE b.sweep_id = s.sweep_id AND b.dropped = 0 AND q.key = p.key) > 1\n"
      "ORDER BY s.name, p.key, a.ord" },
    { "builds", "Which code and which machine made which runs", "study",
      "WITH " CELLS
      "SELECT c.study, k.version, substr(k.git_commit, 1, 10) AS git_commit, k.git_dirty,\n"
      " substr(k.binary_sha256, 1, 12) AS binary, h.hostname, h.cpu_model, h.blas, h.blas_kernel,\n"
      " count(DISTINCT c.run_id) AS runs\n"
      "FROM cell c JOIN attempt t USING(run_id) LEFT JOIN code k ON k.code_id = t.code_id\n"
      " LEFT JOIN host h USING(host_id) GROUP BY c.sweep_id, k.code_id, h.host_id ORDER BY "
      "c.study" },
    { "looks", "Every comparison made of a study, with its verdicts", "study",
      "SELECT s.name AS study, c.look, datetime(c.at_ms / 1000, 'unixepoch') AS at_utc, c.metric,\n"
      " a.label AS arm, b.label AS base, r.n, r.diff, r.ci_lo, r.ci_hi, r.verdict\n"
      "FROM comparison c JOIN sweep s USING(sweep_id) JOIN comparison_row r USING(cmp_id)\n"
      " JOIN arm a ON a.arm_id = r.arm_id JOIN arm b ON b.arm_id = r.base_arm_id\n"
      "WHERE :study IS NULL OR s.name = :study ORDER BY s.name, c.look, a.ord" },
    { "steps", "Every step of one run", "run",
      "SELECT r.run_uid, t.step, t.tokens, t.wall_ms, t.loss, t.grad_norm, t.lr, t.flags\n"
      "FROM run r JOIN train_step t USING(run_id)\n"
      "WHERE substr(r.run_uid, 1, length(:run)) = :run ORDER BY r.run_uid, t.step" },
};

enum { COUNT = sizeof NAMED / sizeof *NAMED };

const named *saved_query_find(const char *name)
{
    for (int i = 0; i < COUNT; i++)
        if (strcmp(NAMED[i].name, name) == 0) return &NAMED[i];
    return NULL;
}

const named *saved_query_at(int i)
{
    return i < COUNT ? &NAMED[i] : NULL;
}

void saved_query_list(table_format f, FILE *out)
{
    table t;
    table_open(&t, f, out, 3, (const char *[]){ "name", "parameters", "help" });
    for (int i = 0; i < COUNT; i++)
        table_text(&t, NAMED[i].name), table_text(&t, NAMED[i].parameters),
            table_text(&t, NAMED[i].help);
    table_close(&t);
}

char *saved_query_names(void)
{
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);
    if (!out) error_memory();
    for (int i = 0; i < COUNT; i++) fprintf(out, "%s%s", i ? ", " : "", NAMED[i].name);
    fclose(out);
    return text;
}
