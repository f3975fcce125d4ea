-- The statements of sequence.c, for study ?1.

-- Looks that the plan of the study does not cover, up to now.
-- name: sequence_outside
SELECT count(*) FROM comparison k
WHERE sweep_id = ?1
 AND NOT EXISTS (SELECT 1 FROM comparison_row WHERE cmp_id = k.cmp_id AND plan_look NOTNULL);
