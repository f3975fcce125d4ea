-- name: leaderboard
-- help: Arms by their loss on held-out text, best first
-- parameters: study, context
WITH
-- include: cell.sql
SELECT c.study, c.arm, e.context, count(*) AS n, avg(e.nll_sum / e.n_tok) AS loss,
 avg(e.nll_sum / e.n_bytes) / 0.6931471805599453 AS bits_a_byte,
 min(e.nll_sum / e.n_tok) AS best, max(e.nll_sum / e.n_tok) AS worst,
 f.n_params, f.kv_bytes_per_token
FROM cell c JOIN config f USING(config_id)
JOIN eval e ON e.run_id = c.run_id AND e.step = c.last_step AND e.split = 'val' AND e.task = 'lm'
WHERE c.status = 'done' AND (:context IS NULL OR e.context = CAST(:context AS INTEGER))
GROUP BY c.study, c.arm_id, e.context
ORDER BY c.study, e.context, loss;
