-- The statements of the report: what the database holds about study ?1.

-- name: report_common_keys
SELECT key, min(value) AS value FROM arm JOIN config_param USING(config_id)
WHERE sweep_id = ?1 AND dropped = 0
GROUP BY key HAVING count(DISTINCT value) = 1
ORDER BY key;

-- name: report_different_keys
SELECT key, a.label AS arm, value FROM arm a JOIN config_param USING(config_id)
WHERE sweep_id = ?1 AND dropped = 0 AND key IN (
  SELECT key FROM arm JOIN config_param USING(config_id) WHERE sweep_id = ?1 AND dropped = 0
  GROUP BY key HAVING count(DISTINCT value) > 1)
ORDER BY key, a.ord;

-- name: report_environment
SELECT k.version, k.git_commit, k.git_dirty AS uncommitted, k.compiler,
 substr(k.binary_sha256, 1, 12) AS binary, h.hostname, h.cpu_model, h.os, h.blas_kernel, t.threads,
 count(DISTINCT r.run_id) AS runs
FROM arm a JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id)
JOIN attempt t ON t.run_id = r.run_id
LEFT JOIN code k ON k.code_id = t.code_id
LEFT JOIN host h USING(host_id)
WHERE a.sweep_id = ?1 AND a.dropped = 0
GROUP BY t.code_id, t.host_id, t.threads;

-- name: report_text
SELECT t.sha256 AS corpus, t.vocab_size, t.train_tokens, t.train_bytes, t.val_tokens, t.val_bytes
FROM dataset t
WHERE dataset_id IN (
  SELECT dataset_id FROM arm JOIN config USING(config_id) WHERE sweep_id = ?1 AND dropped = 0);

-- name: report_versions
SELECT version, datetime(at_ms / 1000, 'unixepoch') AS at_utc, metric, margin, alpha, seeds,
 nullif(settings_json, '[]') AS settings, runs_done, looks
FROM sweep_version WHERE sweep_id = ?1
ORDER BY version;

-- name: report_looks
SELECT look, datetime(at_ms / 1000, 'unixepoch') AS at_utc, version, metric, at_x, alpha, margin,
 argv AS command
FROM comparison WHERE sweep_id = ?1
ORDER BY cmp_id;

-- name: report_runs
SELECT a.label AS arm, ar.pair_key AS seed, r.run_uid, r.status, e.context,
 e.nll_sum / e.n_tok AS loss, r.train_ms / 1000.0 AS seconds,
 substr(r.final_hash, 1, 12) AS weights, r.message
FROM arm a JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id)
LEFT JOIN eval e ON e.run_id = r.run_id AND e.step = r.last_step AND e.task = 'lm'
 AND e.split = 'val'
WHERE a.sweep_id = ?1 AND a.dropped = 0
ORDER BY a.ord, ar.pair_key, e.context;

-- name: report_axes
SELECT axes_json FROM sweep WHERE sweep_id = ?1;

-- name: report_baseline
SELECT baseline_json FROM sweep WHERE sweep_id = ?1;

-- name: report_match
SELECT match_json FROM sweep WHERE sweep_id = ?1;

-- The study's file in version ?2.
-- name: report_file
SELECT spec_text FROM sweep_version WHERE sweep_id = ?1 AND version = ?2;

-- Its settings, as words for a shell.
-- name: report_settings
SELECT coalesce(group_concat(' ''' || replace(value, '''', '''\''''') || '''', ''), '')
FROM sweep_version, json_each(settings_json) WHERE sweep_id = ?1 AND version = ?2;

-- name: report_code
SELECT group_concat(DISTINCT version || coalesce(' (commit ' || git_commit ||
 iif(git_dirty, ' with uncommitted changes)', ')'), ''))
FROM code WHERE code_id IN (
  SELECT t.code_id FROM arm JOIN arm_run USING(arm_id) JOIN attempt t USING(run_id)
  WHERE sweep_id = ?1 AND dropped = 0);

-- name: report_corpus
SELECT group_concat(DISTINCT sha256) FROM dataset WHERE dataset_id IN (
  SELECT dataset_id FROM arm JOIN config USING(config_id) WHERE sweep_id = ?1 AND dropped = 0);

-- The value of key ?2 that all arms share; NULL if they differ.
-- name: report_key
SELECT CASE WHEN count(DISTINCT value) = 1 THEN min(value) END
FROM arm JOIN config_param USING(config_id)
WHERE sweep_id = ?1 AND dropped = 0 AND key = ?2;
