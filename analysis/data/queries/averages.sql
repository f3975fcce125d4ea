-- name: averages
-- help: Training loss, as means over spans and over the seeds of an arm
-- parameters: study, points=50
WITH RECURSIVE
-- include: cell.sql
,
-- include: span.sql
SELECT study, arm, step, tokens, count(loss) AS runs, avg(loss) AS loss,
 min(loss) AS lowest_seed, max(loss) AS highest_seed, avg(grad_norm) AS grad_norm,
 avg(wall_ms) / 1000.0 AS seconds
FROM span
GROUP BY study, ord, step
ORDER BY study, ord, step;
