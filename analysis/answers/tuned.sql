-- The statement of tuned.c.

-- The tuned key of study ?1, and each arm's label and value.
-- name: tuned_values
SELECT t.key, a.label, p.value
FROM sweep s, json_each(s.tune_json) t JOIN arm a ON a.sweep_id = s.sweep_id
JOIN config_param p ON p.config_id = a.config_id AND p.key = t.key
WHERE s.sweep_id = ?1 AND a.dropped = 0
ORDER BY t.key, a.ord;
