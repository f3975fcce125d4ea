-- The statements of attnlab ls; ?1 is the id of a study, or 0 for all.

-- Runs of status ?2, or if that is NULL of any.  A run is dropped if no arm that is still in its study
-- (?1, or any) has it.
-- name: ls_runs
WITH plan AS (
  SELECT ar.run_id, group_concat(DISTINCT s.name) AS study, group_concat(DISTINCT a.label) AS arm,
   min(a.dropped) FILTER (WHERE ?1 = 0 OR a.sweep_id = ?1) AS dropped,
   max(i.sweep_id) AS imported
  FROM arm_run ar JOIN arm a USING(arm_id) JOIN sweep s USING(sweep_id) LEFT JOIN import i USING(sweep_id)
  GROUP BY ar.run_id)
SELECT r.run_uid, p.study, coalesce(p.arm, f.attention) AS arm, r.seed_init AS seed, r.status,
 iif(p.dropped, 'yes', NULL) AS dropped, iif(p.imported, 'yes', NULL) AS imported, r.last_step AS step, r.target_step,
 (SELECT loss FROM (
   SELECT nll_sum / n_tok AS loss, step, e.context, e.context = f.context AS own FROM eval e
   WHERE e.run_id = r.run_id AND split = 'val' AND task = 'lm')
  ORDER BY step DESC, own DESC, context LIMIT 1) AS val_loss,
 (SELECT tokens FROM train_step t WHERE t.run_id = r.run_id ORDER BY step DESC LIMIT 1) AS tokens,
 round(r.train_ms / 1000.0, 1) AS train_s
FROM run r JOIN config f USING(config_id) LEFT JOIN plan p USING(run_id)
WHERE (?1 = 0 OR r.run_id IN (
   SELECT run_id FROM arm_run JOIN arm USING(arm_id) WHERE sweep_id = ?1))
 AND (?2 IS NULL OR r.status = ?2)
ORDER BY p.study,
 (SELECT min(ord) FROM arm_run JOIN arm USING(arm_id) WHERE run_id = r.run_id),
 r.seed_init, r.generation, r.run_id;

-- name: ls_studies
SELECT s.name AS study,
 (SELECT count(*) FROM arm WHERE sweep_id = s.sweep_id AND dropped = 0) AS arms,
 v.seeds, v.metric, v.margin, count(r.run_id) AS runs,
 coalesce(sum(r.status = 'done'), 0) AS done,
 coalesce(sum(r.status = 'diverged'), 0) AS diverged,
 coalesce(sum(r.status = 'failed'), 0) AS failed,
 coalesce(sum(r.status IN ('planned', 'running', 'preempted')), 0) AS unfinished,
 (SELECT count(*) FROM comparison WHERE sweep_id = s.sweep_id) AS looks,
 (SELECT file FROM import WHERE sweep_id = s.sweep_id) AS imported, v.question
FROM sweep s
LEFT JOIN sweep_version v ON v.sweep_id = s.sweep_id
 AND v.version = (SELECT max(version) FROM sweep_version WHERE sweep_id = s.sweep_id)
LEFT JOIN run r ON r.run_id IN (
  SELECT run_id FROM arm_run JOIN arm USING(arm_id)
  WHERE arm.sweep_id = s.sweep_id AND arm.dropped = 0)
WHERE ?1 = 0 OR s.sweep_id = ?1
GROUP BY s.sweep_id
ORDER BY s.created_ms, s.sweep_id;
