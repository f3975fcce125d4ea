-- The statements of study.c: a study as arrays.  All but the first take the sweep_id as ?1.

-- name: study_head
SELECT s.name, v.version, v.question, v.hypothesis, v.metric, v.margin, v.alpha, v.direction,
 i.file, substr(i.sha256, 1, 12), i.higher_json,
 v.plan_json ->> '$.until.start', v.plan_json ->> '$.until.step', v.plan_json ->> '$.until.max'
FROM sweep s JOIN sweep_version v USING(sweep_id) LEFT JOIN import i USING(sweep_id)
WHERE s.sweep_id = ?1
ORDER BY v.version DESC LIMIT 1;

-- name: study_arms
SELECT a.arm_id, a.base_arm_id, a.label, c.attention, a.axis_json, c.context, c.n_heads,
 c.n_kv_heads, c.n_params, c.kv_bytes_per_token, c.train_flops_per_token
FROM arm a JOIN config c USING(config_id)
WHERE a.sweep_id = ?1 AND a.dropped = 0
ORDER BY a.ord;

-- name: study_seeds
SELECT DISTINCT pair_key FROM arm_run JOIN arm USING(arm_id)
WHERE sweep_id = ?1 AND dropped = 0
ORDER BY pair_key;

-- One row per planned cell: its run in generation ?2, or if that is negative in the newest one.
-- What a run was computed with is that of every attempt of which steps are left (no later one began before
-- them); if they differ in what decides its bits, the run is mixed.
-- name: study_cells
WITH part AS (
  SELECT p.run_id, h.hostname || coalesce(', ' || h.cpu_model, '') AS host, h.isa AS kernels,
   coalesce(h.blas || ' ', '') || h.blas_kernel AS blas,
   json_array(h.cpu_model, h.isa, h.blas, h.blas_kernel) AS environment
  FROM attempt p JOIN host h USING(host_id)
  WHERE NOT EXISTS (SELECT 1 FROM attempt later WHERE later.run_id = p.run_id
    AND later.attempt > p.attempt AND later.from_step <= p.from_step)
  ORDER BY p.attempt)
SELECT ar.arm_id, ar.pair_key, n.run_id, n.run_uid, n.generation, n.status, n.message,
 n.code_id,
 (SELECT compiler FROM code WHERE code_id = n.code_id) AS compiler,
 (SELECT group_concat(host, ' + ')
  FROM (SELECT DISTINCT host FROM part WHERE part.run_id = n.run_id)) AS host,
 (SELECT group_concat(kernels, ' + ')
  FROM (SELECT DISTINCT kernels FROM part WHERE part.run_id = n.run_id)) AS kernels,
 (SELECT group_concat(blas, ' + ')
  FROM (SELECT DISTINCT blas FROM part WHERE part.run_id = n.run_id)) AS blas,
 (SELECT count(DISTINCT environment) > 1 FROM part WHERE part.run_id = n.run_id) AS mixed,
 (SELECT tokens FROM train_step t WHERE t.run_id = n.run_id AND t.step = n.last_step) AS tokens,
 EXISTS (
  SELECT 1 FROM run o
  WHERE o.config_id = r.config_id AND o.seed_init = r.seed_init AND o.seed_data = r.seed_data
   AND o.replica = r.replica AND o.generation < n.generation AND o.status = 'done') AS older_done
FROM arm_run ar JOIN arm a USING(arm_id) JOIN run r USING(run_id)
JOIN run n ON n.config_id = r.config_id AND n.seed_init = r.seed_init
 AND n.seed_data = r.seed_data AND n.replica = r.replica
WHERE a.sweep_id = ?1 AND a.dropped = 0
 AND n.generation = CASE WHEN ?2 >= 0 THEN ?2 ELSE (
  SELECT max(m.generation) FROM run m
  WHERE m.config_id = r.config_id AND m.seed_init = r.seed_init AND m.seed_data = r.seed_data
   AND m.replica = r.replica) END;

-- The parts of the code ?2 that the configuration of arm ?1 used: of the entries of each table (variants, RoPE
-- scalings, optimizers) only its own.  ?3 is a JSON object, the file of each variant by its name; a configuration
-- of variants that it doesn't have counts as a user of all.
-- name: study_code
WITH used AS (
  SELECT key, value FROM config_param WHERE config_id = (SELECT config_id FROM arm WHERE arm_id = ?1)),
variant_file AS (  -- specs: ',mha,window:size=8,' of mha and of [mha, window:size=8]
  SELECT f.value AS name
  FROM json_each(?3) f JOIN (
   SELECT ',' || replace(replace(replace(value, '[', ''), ']', ''), ' ', '') || ',' AS specs
   FROM used WHERE key = 'model.attention')
   ON instr(specs, ',' || f.key || ',') OR instr(specs, ',' || f.key || ':'))
SELECT group_concat(name || ' ' || substr(sha256, 1, 12), ', ')
FROM (SELECT * FROM code_file WHERE code_id = ?2
 AND (name NOT GLOB 'core/compute/ropes/*' OR name = 'core/compute/ropes/' || coalesce(
   (SELECT value FROM used WHERE key = 'model.rope_scaling'), 'none') || '.c')
 AND (name NOT GLOB 'trainer/model/optimizers/*' OR name = 'trainer/model/optimizers/' || coalesce(
   (SELECT value FROM used WHERE key = 'train.optimizer'), 'adamw') || '.c')
 AND (name NOT GLOB 'variants/*' OR name IN (SELECT name FROM variant_file)
  OR NOT EXISTS (SELECT 1 FROM variant_file))
 ORDER BY name);

-- What the runs were evaluated by at their last steps, for a message.
-- name: study_metrics
SELECT group_concat(DISTINCT iif(split = 'imported',
 task || iif(e.context, '@' || e.context, ''),
 task || '.' || split || '_loss' || iif(e.context, '@' || e.context, '')))
FROM eval e JOIN run r USING(run_id) JOIN arm_run USING(run_id) JOIN arm a USING(arm_id)
WHERE a.sweep_id = ?1 AND e.step = r.last_step;

-- The lengths at which the finished runs were evaluated, by task ?2 and split ?3.
-- name: study_contexts
SELECT DISTINCT e.context
FROM eval e JOIN run r USING(run_id) JOIN arm_run USING(run_id) JOIN arm a USING(arm_id)
WHERE a.sweep_id = ?1 AND a.dropped = 0 AND r.status = 'done' AND e.step = r.last_step
 AND e.task = ?2 AND e.split = ?3
ORDER BY 1;

-- A run's (?1) value by task ?2, split ?3 and length ?4; the %s stands for the metric's expression.
-- ?5 says where along the training (study_measure): at the last step, or at the last evaluation by
-- ?6 tokens, FLOPs or seconds.
-- The plus keeps the task out of the choice of an index: the evaluations of one run are few.
-- name: study_value
SELECT %s, e.n_tok || ' in strides of ' || e.stride, e.step = r.last_step
FROM eval e JOIN run r USING(run_id) JOIN config c USING(config_id)
LEFT JOIN train_step t ON t.run_id = e.run_id AND t.step = e.step
WHERE e.run_id = ?1 AND +e.task = ?2 AND e.split = ?3 AND e.context = ?4
 AND CASE ?5
  WHEN 0 THEN e.step = r.last_step
  WHEN 1 THEN t.tokens <= ?6
  WHEN 2 THEN t.tokens * c.train_flops_per_token <= ?6
  WHEN 3 THEN t.wall_ms <= 1000.0 * ?6 END
ORDER BY e.step DESC, e.stride DESC LIMIT 1;
