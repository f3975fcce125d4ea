-- name: results
-- help: Losses, run by run, in the columns that `attnlab import-runs` reads
-- parameters: study
WITH
-- include: cell.sql
SELECT c.study, c.arm, c.seed, iif(e.task = 'lm', '', e.task || '.') || e.split || '_loss@' || e.context AS metric,
 e.nll_sum / e.n_tok AS value, t.tokens, e.step, f.n_params AS parameters,
 f.kv_bytes_per_token AS kv_bytes
FROM cell c JOIN config f USING(config_id) JOIN eval e USING(run_id)
LEFT JOIN train_step t ON t.run_id = c.run_id AND t.step = e.step
WHERE e.split <> 'imported' AND (c.status = 'done' OR e.step = c.last_step)
ORDER BY c.study, c.ord, c.seed, e.step, e.context;
