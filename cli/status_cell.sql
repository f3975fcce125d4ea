-- The cells of study ?1 as a common table expression, included by status.sql: their state, and how many
-- training FLOPs one step takes.
cell AS (
  SELECT r.run_id, r.run_uid, ar.pair_key, a.ord, r.attempts, r.target_step,
   r.status IN ('done', 'diverged') AS finished,
   r.status = 'running' AND alive(r.run_uid) AS running,
   coalesce((SELECT max(step) FROM train_step t WHERE t.run_id = r.run_id), 0) AS step,
   c.train_flops_per_token * p.value AS work
  FROM arm a JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id)
  JOIN config c ON c.config_id = r.config_id
  JOIN config_param p ON p.config_id = c.config_id AND p.key = 'train.batch_tokens'
  WHERE a.sweep_id = ?1 AND a.dropped = 0)
