-- name: positions
-- help: The loss by position in the window, as means over seeds
-- parameters: study, context, points=64
WITH
-- include: cell.sql
,
last AS MATERIALIZED (
  SELECT c.study, c.ord, c.arm, c.arm_id, e.eval_id, e.context
  FROM cell c JOIN eval e ON e.run_id = c.run_id AND e.step = c.last_step
  WHERE c.status = 'done' AND e.split = 'val' AND e.task = 'lm'
   AND (:context IS NULL OR e.context = CAST(:context AS INTEGER))),
mean AS (
  SELECT arm_id, context, min(pos) AS from_position, max(pos) AS to_position,
   sum(nll_sum) / sum(n) AS loss
  FROM last CROSS JOIN eval_pos p USING(eval_id)
  GROUP BY arm_id, context, pos * CAST(coalesce(:points, 64) AS INTEGER) / context)
SELECT l.study, l.arm, m.context, m.from_position, m.to_position, m.loss, l.runs
FROM mean m JOIN (
  SELECT arm_id, context, study, ord, arm, count(*) AS runs FROM last
  WHERE EXISTS (SELECT 1 FROM eval_pos p WHERE p.eval_id = last.eval_id)
  GROUP BY arm_id, context) l USING(arm_id, context)
ORDER BY l.study, l.ord, m.context, m.from_position;
