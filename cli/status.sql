-- The statements of attnlab status.  alive(run_uid) says whether a process holds the run's lock; a run
-- that is marked as running without one was cut off.

-- name: status_studies
SELECT s.name AS study, count(DISTINCT a.arm_id) AS arms, count(*) AS runs,
 sum(r.status = 'done') AS done, sum(r.status = 'diverged') AS diverged,
 sum(r.status = 'failed') AS failed,
 sum(r.status = 'running' AND alive(r.run_uid)) AS running,
 sum(r.status = 'running' AND NOT alive(r.run_uid)) AS cut_off,
 sum(r.status = 'preempted') AS preempted, sum(r.status = 'planned') AS planned
FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run USING(arm_id) JOIN run r USING(run_id)
WHERE a.dropped = 0
GROUP BY s.sweep_id
ORDER BY s.sweep_id;

-- The cells of study ?1.
-- name: status_cells
SELECT a.label AS arm, ar.pair_key AS seed, r.run_uid AS run,
 iif(r.status = 'running' AND NOT alive(r.run_uid), 'cut off', r.status) AS status,
 coalesce((SELECT max(step) FROM train_step t WHERE t.run_id = r.run_id), 0) AS step,
 r.target_step AS steps,
 (SELECT loss FROM train_step t WHERE t.run_id = r.run_id ORDER BY step DESC LIMIT 1) AS train_loss,
 r.message
FROM arm a JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id)
WHERE a.sweep_id = ?1 AND a.dropped = 0
ORDER BY ar.pair_key, a.ord;

-- Does study ?1 add seeds until it is decided?
-- name: status_planned
SELECT plan_json ->> '$.until.start' NOTNULL FROM sweep_version WHERE sweep_id = ?1
ORDER BY version DESC LIMIT 1;

-- How many cells study ?1 has.
-- name: status_count
WITH
-- include: status_cell.sql
SELECT count(*) FROM cell;

-- What is left to do in each cell of study ?1, in training FLOPs, as `sweep` counts it on the way.
-- name: status_rest
WITH
-- include: status_cell.sql
SELECT finished, running, work * (target_step - step) FROM cell
ORDER BY running DESC, pair_key, ord;

-- FLOPs per second of one worker of study ?1: of attempts at work, and of those that ended in the last
-- hour.  ?2: now, in ms.
-- name: status_rate
WITH
-- include: status_cell.sql
SELECT sum(work * (coalesce(t.to_step, step) - t.from_step)) /
 (1e-3 * sum(coalesce(t.ended_ms, ?2) - t.started_ms))
FROM cell JOIN attempt t USING(run_id)
WHERE (t.ended_ms IS NULL AND running AND t.attempt = attempts)
 OR (t.ended_ms > ?2 - 3600000 AND t.to_step > t.from_step);
