-- name: cost
-- help: Time, memory and FLOPs by arm
-- parameters: study
WITH
-- include: cell.sql
,
done AS (
  SELECT c.*,
   (SELECT tokens FROM train_step t WHERE t.run_id = c.run_id AND t.step = c.last_step) AS tokens
  FROM cell c WHERE status = 'done')
SELECT d.study, d.arm, count(*) AS runs, avg(d.tokens) AS tokens,
 avg(d.train_ms) / 1000.0 AS seconds, avg(d.cpu_ms) / 1000.0 AS cpu_seconds,
 1000.0 * sum(d.tokens) / sum(d.train_ms) AS tokens_a_second,
 avg(d.tokens) * f.train_flops_per_token AS flops,
 sum(d.tokens) * f.train_flops_per_token / sum(d.train_ms) / 1e6 AS gflops,
 max(d.peak_rss) / 1048576.0 AS peak_mib, f.n_params, f.kv_bytes_per_token
FROM done d JOIN config f USING(config_id)
GROUP BY d.sweep_id, d.arm_id
ORDER BY d.study, d.ord;
