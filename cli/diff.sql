-- The statements of attnlab diff.

-- Everything about runs ?1 and ?2 as (side, part, key, value), then the two sides next to each other.
-- ?3: also what is the same in both.
-- name: diff
WITH two(side, run_id) AS (VALUES ('a', ?1), ('b', ?2)),
r AS (SELECT * FROM two JOIN run USING(run_id)),
fact(side, ord, part, key, value) AS (
  SELECT side, 1, 'configuration', key, value FROM r JOIN config_param USING(config_id)
  UNION ALL
  SELECT side, 2, 'seeds', j.key, j.value
  FROM r, json_each(json_object(
   'seed_init', seed_init, 'seed_data', seed_data, 'replica', replica)) j
  UNION ALL
  SELECT side, 3, 'size', j.key, j.value
  FROM r JOIN config USING(config_id), json_each(json_object(
   'parameters', n_params, 'parameters of attention', n_params_attn,
   'training FLOPs a token', train_flops_per_token, 'KV bytes a token', kv_bytes_per_token)) j
  UNION ALL
  SELECT side, 4, 'code', name, substr(f.sha256, 1, 16) FROM r JOIN code_file f USING(code_id)
  UNION ALL
  SELECT side, 4, 'code', j.key, j.value
  FROM r JOIN code USING(code_id), json_each(json_object(
   'version', version, 'git commit', git_commit, 'uncommitted changes', git_dirty,
   'compiler', compiler, 'flags', cflags, 'binary', substr(binary_sha256, 1, 16))) j
  UNION ALL
  SELECT side, 5, 'environment', j.key, j.value
  FROM r JOIN attempt t ON t.run_id = r.run_id AND t.attempt = r.attempts
  JOIN host h USING(host_id), json_each(json_object(
   'host', hostname, 'processor', cpu_model, 'instructions', isa, 'cores', cores, 'system', os,
   'BLAS', blas, 'BLAS kernel', blas_kernel, 'threads', t.threads)) j
  UNION ALL
  SELECT side, 6, 'result', j.key, j.value
  FROM r, json_each(json_object(
   'status', status, 'step', last_step, 'message', message, 'generation', generation,
   'seconds', train_ms / 1000.0, 'processor seconds', cpu_ms / 1000.0,
   'peak MiB', peak_rss / 1048576.0, 'weights', substr(final_hash, 1, 16))) j
  UNION ALL
  SELECT side, 6, 'result',
   CASE WHEN task = 'lm' THEN '' ELSE task || '.' END || split || '_loss@' || context ||
   CASE WHEN stride = context THEN '' ELSE ' in strides of ' || stride END,
   nll_sum / n_tok
  FROM r JOIN eval e ON e.run_id = r.run_id AND e.step = r.last_step),
k AS (SELECT DISTINCT ord, part, key FROM fact WHERE value NOTNULL)
SELECT k.part, k.key, a.value AS a, b.value AS b,
 CASE WHEN typeof(a.value) IN ('integer', 'real') AND typeof(b.value) IN ('integer', 'real')
  AND k.ord IN (3, 6) THEN b.value - a.value END AS b_minus_a
FROM k
LEFT JOIN fact a ON a.side = 'a' AND a.ord = k.ord AND a.key = k.key
LEFT JOIN fact b ON b.side = 'b' AND b.ord = k.ord AND b.key = k.key
WHERE ?3 OR a.value IS NOT b.value
ORDER BY k.ord, k.key;

-- The run of study ?1, arm ?2 and seed ?3 in its newest generation.
-- name: diff_cell
SELECT n.run_id
FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id)
JOIN run n ON n.config_id = r.config_id AND n.seed_init = r.seed_init
 AND n.seed_data = r.seed_data AND n.replica = r.replica
WHERE s.name = ?1 AND a.label = ?2 AND ar.pair_key = CAST(?3 AS INTEGER)
ORDER BY n.generation DESC LIMIT 1;
