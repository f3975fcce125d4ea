-- Rows of bench decode of the models that the arms of a study (?1) have, on the machine measured last.

-- name: speed_rows
WITH found AS (
  SELECT b.bench_id, a.arm_id, a.ord, b.context, b.batch, b.threads, b.host_id, b.outcome, b.ns, b.steps,
   b.weight_bytes, b.cache_bytes
  FROM arm a JOIN config c USING(config_id)
  JOIN config k ON k.attention = c.attention AND k.n_layers = c.n_layers AND k.dim = c.dim
   AND k.n_heads = c.n_heads AND k.head_dim = c.head_dim AND k.ffn_dim = c.ffn_dim
   AND k.vocab_size = c.vocab_size
  JOIN bench b ON b.config_id = k.config_id
  WHERE a.sweep_id = ?1 AND a.dropped = 0 AND b.phase = 'decode')
SELECT f.arm_id, f.context, f.batch, f.outcome = 'done', f.ns * 1e-9 / max(f.steps, 1), f.weight_bytes, f.cache_bytes,
 h.cpu_model, f.threads
FROM found f LEFT JOIN host h USING(host_id)
WHERE (f.host_id, f.threads) = (SELECT host_id, threads FROM found ORDER BY bench_id DESC LIMIT 1)
ORDER BY f.ord, f.context, f.batch, f.bench_id;
