-- The statement of run_weights.c: the newest weights of the run whose uid is ?1, the hash of its
-- corpus, its status, and whether it was imported.
-- name: run_weights
SELECT c.file, c.sha256, d.sha256, r.status,
 EXISTS (SELECT 1 FROM import JOIN arm USING(sweep_id) JOIN arm_run a USING(arm_id) WHERE a.run_id = r.run_id)
FROM run r LEFT JOIN ckpt c USING(run_id) JOIN config k USING(config_id)
LEFT JOIN dataset d USING(dataset_id)
WHERE r.run_uid = ?1
ORDER BY c.step DESC LIMIT 1;
