-- The arms of a study, for attnlab bench decode --study; of several that are one configuration, the first.

-- name: bench_decode_arms
SELECT a.label, a.config_id, c.canon_json
FROM arm a JOIN config c USING(config_id)
WHERE a.sweep_id = ?1 AND a.dropped = 0
GROUP BY a.config_id
ORDER BY min(a.ord);
