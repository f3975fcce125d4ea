-- The statements of run_bundle.c: the run whose uid is ?1.

-- name: run_bundle_facts
SELECT r.config_id, r.seed_init, r.seed_data, r.replica, r.status, r.last_step,
 (SELECT tokens FROM train_step t WHERE t.run_id = r.run_id AND t.step = r.last_step),
 d.sha256, r.final_hash, b.version, k.n_params, k.kv_bytes_per_token
FROM run r JOIN config k USING(config_id) LEFT JOIN dataset d USING(dataset_id)
LEFT JOIN code b USING(code_id)
WHERE r.run_uid = ?1;

-- name: run_bundle_results
SELECT e.task, e.split, e.context, e.n_tok, e.nll_sum / e.n_tok,
 e.nll_sum / e.n_bytes / 0.6931471805599453
FROM eval e JOIN run r USING(run_id)
WHERE r.run_uid = ?1 AND e.step = r.last_step
ORDER BY e.task, e.split, e.context;
