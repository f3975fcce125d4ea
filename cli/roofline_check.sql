-- Repetitions of bench decode with ?1 threads, cell by cell, on processors whose name a machine (?2) begins with.

-- name: roofline_check
SELECT b.config_id, c.attention, c.canon_json, b.context, b.batch, b.steps, b.ns, b.read_gbs, b.sgemm_gflops
FROM bench b JOIN config c USING(config_id) JOIN host h USING(host_id)
WHERE b.phase = 'decode' AND b.outcome = 'done' AND b.threads = ?1 AND instr(?2, h.cpu_model) = 1
ORDER BY c.n_layers, c.dim, c.attention, b.config_id, b.context, b.batch, b.steps, b.bench_id;
