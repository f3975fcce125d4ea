-- The statement of scored.c: a row of a comparison by a suite of tasks.
-- name: scored_store
INSERT INTO comparison_score(cmp_id, arm_id, base_arm_id, ord, scope, name, grp, n_items, n, mean, base_mean, diff,
 se_seeds, se_items, these_lo, these_hi, ci_lo, ci_hi, p_adjusted, p_equivalent, mde, verdict)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);
