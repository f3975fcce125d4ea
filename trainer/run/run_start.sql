-- The statements of run_start.c.
-- name: run_start_by_config
SELECT run_id FROM run WHERE config_id = ?1 AND seed_init = ?2 AND seed_data = ?2 AND replica = ?3
ORDER BY generation DESC LIMIT 1;
-- name: run_start_by_uid
SELECT run_id FROM run WHERE run_uid = ?1;
-- name: run_start_run
SELECT r.run_uid, r.status, coalesce(r.message, ''),
 (SELECT p.value FROM config_param p WHERE p.config_id = r.config_id AND p.key = 'train.batch_tokens'),
 (SELECT s.name || ', ' || a.label || ', seed ' || ar.pair_key FROM arm_run ar JOIN arm a USING(arm_id)
  JOIN sweep s USING(sweep_id) WHERE ar.run_id = r.run_id ORDER BY s.sweep_id LIMIT 1)
FROM run r WHERE r.run_id = ?1;
-- name: run_start_weights
SELECT step, file, sha256 FROM ckpt WHERE run_id = ?1 AND (?2 = 0 OR step = ?2) ORDER BY step DESC LIMIT 1;
-- name: run_start_changed
SELECT s.run_uid FROM run_source u JOIN run s ON s.run_id = u.source_run_id
WHERE u.run_id = ?1 AND EXISTS (SELECT 1 FROM run n WHERE n.config_id = s.config_id AND n.seed_init = s.seed_init
 AND n.seed_data = s.seed_data AND n.replica = s.replica AND n.generation > s.generation AND n.final_hash IS NOT NULL
 AND n.final_hash IS NOT s.final_hash)
 AND NOT EXISTS (SELECT 1 FROM run r JOIN config_param p USING(config_id) WHERE r.run_id = ?1
 AND p.key = 'train.init_from' AND p.value LIKE 'run:%');
