-- The statements of comparison.c: store a comparison.

-- The number of the next look at study ?1.
-- name: comparison_look
SELECT count(*) + 1 FROM comparison WHERE sweep_id = ?1;

-- name: comparison_store
INSERT INTO comparison(sweep_id, version, at_ms, look, metric, at_x, procedure, alpha, margin, argv)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: comparison_row
INSERT INTO comparison_row(cmp_id, arm_id, base_arm_id, n, mean, base_mean, diff, ci_lo, ci_hi, p,
 p_adjusted, p_equivalent, pair_correlation, mde, verdict, confounds_json, plan_look)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0));
