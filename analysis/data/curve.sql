-- The statements of curve.c: how the loss of a run fell.

-- Training loss of run ?1 over spans of ?2 tokens; the tokens and the loss of a span are means.
-- name: curve_training
SELECT avg(tokens), avg(loss), avg(wall_ms) FROM train_step
WHERE run_id = ?1 AND loss NOTNULL
GROUP BY CAST((tokens - 1) / ?2 AS INTEGER)
ORDER BY 1;

-- The evaluations of run ?1 by task ?2, split ?3 and length ?4; %s is the metric's expression.
-- name: curve_evaluations
SELECT t.tokens, %s, t.wall_ms FROM eval e JOIN train_step t USING(run_id, step)
WHERE e.run_id = ?1 AND e.task = ?2 AND e.split = ?3 AND e.context = ?4 AND e.nll_sum NOTNULL
GROUP BY e.step
ORDER BY e.step;

-- name: curve_longest
SELECT max(t.tokens) FROM train_step t JOIN arm_run USING(run_id) JOIN arm USING(arm_id)
WHERE sweep_id = ?1;
