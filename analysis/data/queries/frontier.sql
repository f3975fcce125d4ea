-- name: frontier
-- help: Loss against KV cache and parameters; beaten: another arm is no worse in loss and cache
-- parameters: study, context
WITH x AS (
  SELECT s.name AS study, f.* FROM v_frontier f JOIN sweep s USING(sweep_id)
  WHERE (:study IS NULL OR s.name = :study)
   AND (:context IS NULL OR f.context = CAST(:context AS INTEGER)))
SELECT study, label AS arm, context, kv_bytes_per_token, n_params, n, loss, sd,
 EXISTS (SELECT 1 FROM x y WHERE y.study = x.study AND y.context = x.context
  AND y.kv_bytes_per_token <= x.kv_bytes_per_token AND y.loss <= x.loss
  AND (y.kv_bytes_per_token < x.kv_bytes_per_token OR y.loss < x.loss)) AS beaten
FROM x
ORDER BY study, context, kv_bytes_per_token, loss;
