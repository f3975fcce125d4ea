-- The statement of pilots.c: size of the model, mean seconds and
-- mean processor seconds of the finished runs of arm ?1.
-- name: pilots_arm
SELECT c.n_layers, c.dim, avg((
  SELECT sum(p.ended_ms - p.started_ms) FROM attempt p WHERE p.run_id = r.run_id)) / 1000.0,
 count(*), avg(r.cpu_ms) / 1000.0
FROM arm a JOIN config c USING(config_id) JOIN arm_run USING(arm_id) JOIN run r USING(run_id)
WHERE a.arm_id = ?1 AND r.status = 'done'
HAVING count(*) > 0;
