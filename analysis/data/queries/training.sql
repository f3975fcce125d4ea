-- name: training
-- help: Training loss and gradient norm, as means over spans of each run
-- parameters: study, points=50
WITH RECURSIVE
-- include: cell.sql
,
-- include: span.sql
SELECT study, arm, seed, step, tokens, loss, highest, grad_norm, wall_ms / 1000.0 AS seconds
FROM span
ORDER BY study, ord, seed, step;
