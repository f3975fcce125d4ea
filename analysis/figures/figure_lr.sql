-- The statement of figure_lr.c.

-- Was the key ?2 tuned for each arm of study ?1?
-- name: lr_tuned
SELECT count(*) FROM sweep s, json_each(s.tune_json) t WHERE s.sweep_id = ?1 AND t.key = ?2;
