-- The statements of attnlab show: ?1 is the id of a run, or of a study.

-- `mixed` lists what a run was computed with if that is more than one processor, set of kernels or
-- BLAS; an attempt whose steps were all taken again doesn't count.
-- name: show_run
SELECT run_uid, status, message,
 (SELECT iif(count(*) > 1, group_concat(environment, ' + '), NULL)
  FROM (SELECT DISTINCT coalesce(h.cpu_model || ', ', '') || 'kernels ' || coalesce(h.isa, 'unknown')
      || coalesce(', ' || h.blas, '') || coalesce(' ' || h.blas_kernel, '') AS environment
    FROM attempt p JOIN host h USING(host_id)
    WHERE p.run_id = run.run_id AND NOT EXISTS (
      SELECT 1 FROM attempt later WHERE later.run_id = p.run_id AND later.attempt > p.attempt
       AND later.from_step <= p.from_step))) AS mixed,
 last_step, target_step,
 (SELECT tokens FROM train_step t WHERE t.run_id = run.run_id ORDER BY step DESC LIMIT 1) AS tokens,
 seed_init, seed_data, replica, generation, config_id,
 strftime('%Y-%m-%d %H:%M:%S', started_ms / 1000, 'unixepoch') AS started_utc,
 strftime('%Y-%m-%d %H:%M:%S', ended_ms / 1000, 'unixepoch') AS ended_utc,
 train_ms / 1000.0 AS train_s, cpu_ms / 1000.0 AS cpu_s, peak_rss, final_hash
FROM run WHERE run_id = ?1;

-- name: show_run_studies
SELECT s.name AS study, a.label AS arm, b.label AS base, ar.pair_key AS seed, a.dropped
FROM arm_run ar JOIN arm a USING(arm_id) JOIN sweep s USING(sweep_id)
LEFT JOIN arm b ON b.arm_id = a.base_arm_id
WHERE ar.run_id = ?1
ORDER BY s.sweep_id;

-- What the run started from, what that started from, and so on; and what started from it.
-- name: show_run_lineage
WITH RECURSIVE up(depth, run_id, name, step, sha256) AS (
  SELECT 1, source_run_id, name, step, sha256 FROM run_source WHERE run_id = ?1
  UNION ALL
  SELECT depth + 1, u.source_run_id, u.name, u.step, u.sha256 FROM up JOIN run_source u ON u.run_id = up.run_id WHERE depth < 100)
SELECT 'starts from' AS relation, name AS run, step, sha256, depth FROM up
UNION ALL
SELECT 'start of', 'run ' || r.run_uid || coalesce(' (' || (SELECT s.name || ', ' || a.label || ', seed ' || ar.pair_key
  FROM arm_run ar JOIN arm a USING(arm_id) JOIN sweep s USING(sweep_id) WHERE ar.run_id = r.run_id ORDER BY s.sweep_id LIMIT 1) || ')', ''),
 u.step, u.sha256, 1
FROM run_source u JOIN run r USING(run_id) WHERE u.source_run_id = ?1
ORDER BY relation DESC, depth, run;

-- name: show_run_model
SELECT attention, n_layers, dim, n_heads, n_kv_heads, head_dim, ffn_dim, vocab_size, context,
 n_params, n_params_nonembed, n_params_attn, train_flops_per_token, kv_bytes_per_token
FROM config JOIN run USING(config_id) WHERE run_id = ?1;

-- name: show_run_configuration
SELECT key, value FROM config_param JOIN run USING(config_id) WHERE run_id = ?1 ORDER BY key;

-- name: show_run_dataset
SELECT d.path, d.sha256, d.vocab_size, d.train_tokens, d.train_bytes, d.val_tokens, d.val_bytes
FROM dataset d JOIN config USING(dataset_id) JOIN run USING(config_id)
WHERE run_id = ?1;

-- name: show_run_code
SELECT version, git_commit, git_dirty, compiler, cflags, binary_sha256
FROM code JOIN run USING(code_id) WHERE run_id = ?1;

-- name: show_run_code_files
SELECT name, f.sha256 FROM code_file f JOIN run USING(code_id) WHERE run_id = ?1 ORDER BY name;

-- name: show_run_attempts
SELECT t.attempt, h.hostname, h.cpu_model, h.isa, h.blas_kernel, t.threads, t.pid, t.from_step, t.to_step,
 strftime('%Y-%m-%d %H:%M:%S', t.started_ms / 1000, 'unixepoch') AS started_utc,
 (t.ended_ms - t.started_ms) / 1000.0 AS seconds, t.exit_code, t.signal,
 substr(c.binary_sha256, 1, 12) AS binary
FROM attempt t LEFT JOIN host h USING(host_id) LEFT JOIN code c USING(code_id)
WHERE t.run_id = ?1
ORDER BY t.attempt;

-- name: show_run_evaluations
SELECT step, split, task, context, stride, n_tok, nll_sum / n_tok AS loss,
 nll_sum / n_bytes / 0.6931471805599453 AS bpb, last_nll_sum / last_n_tok AS last_loss
FROM eval WHERE run_id = ?1
ORDER BY step, split, task, context, stride;

-- name: show_run_checkpoints
SELECT step, file, bytes, sha256,
 strftime('%Y-%m-%d %H:%M:%S', created_ms / 1000, 'unixepoch') AS created_utc
FROM ckpt WHERE run_id = ?1
ORDER BY step;

-- name: show_run_events
SELECT strftime('%Y-%m-%d %H:%M:%S', at_ms / 1000, 'unixepoch') AS at_utc, level, message
FROM event WHERE run_id = ?1
ORDER BY event_id;

-- name: show_study
SELECT s.name, v.question, v.hypothesis, s.design, s.axes_json AS axes, s.baseline_json AS baseline,
 s.match_json AS match, v.metric, v.direction, v.margin, v.alpha, v.seeds,
 v.version, i.file AS imported_from, i.sha256 AS imported_sha256,
 strftime('%Y-%m-%d %H:%M:%S', s.created_ms / 1000, 'unixepoch') AS created_utc
FROM sweep s LEFT JOIN sweep_version v USING(sweep_id) LEFT JOIN import i USING(sweep_id)
WHERE s.sweep_id = ?1
ORDER BY v.version DESC LIMIT 1;

-- name: show_study_versions
SELECT version, strftime('%Y-%m-%d %H:%M:%S', at_ms / 1000, 'unixepoch') AS at_utc, metric, margin,
 alpha, seeds, nullif(settings_json, '[]') AS settings, runs_done, looks
FROM sweep_version WHERE sweep_id = ?1
ORDER BY version;

-- name: show_study_arms
SELECT a.ord, a.label AS arm, b.label AS base, c.attention, c.context, c.n_params, c.ffn_dim,
 c.kv_bytes_per_token, a.replica, a.dropped, a.config_id
FROM arm a JOIN config c USING(config_id) LEFT JOIN arm b ON b.arm_id = a.base_arm_id
WHERE a.sweep_id = ?1
ORDER BY a.ord;

-- name: show_study_runs
SELECT a.label AS arm, ar.pair_key AS seed, r.run_uid, r.generation, r.status, r.last_step AS step,
 r.target_step, a.dropped, r.message
FROM arm a JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id)
WHERE a.sweep_id = ?1
ORDER BY a.ord, ar.pair_key;

-- name: show_study_comparisons
SELECT look, strftime('%Y-%m-%d %H:%M:%S', at_ms / 1000, 'unixepoch') AS at_utc, version, metric, at_x,
 alpha, margin, procedure, argv
FROM comparison WHERE sweep_id = ?1
ORDER BY cmp_id;
