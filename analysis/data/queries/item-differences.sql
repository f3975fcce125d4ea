-- name: item-differences
-- help: Items on which an arm and its baseline differ most, paired by seed
-- parameters: study, suite, task, most=50
WITH
-- include: cell.sql
,
scored AS MATERIALIZED (
  SELECT c.study, c.sweep_id, c.arm_id, c.arm, c.seed, e.task_id, s.item, e.context, s.acc, s.nll
  FROM cell c JOIN task_eval e ON e.run_id = c.run_id AND e.step = c.last_step
  JOIN task t USING(task_id) JOIN suite u USING(suite_id) JOIN task_score s USING(task_eval_id)
  WHERE c.status = 'done' AND (:suite IS NULL OR u.name = :suite) AND (:task IS NULL OR t.name = :task)),
item AS (
  SELECT a.study, a.arm, b.arm AS base, a.task_id, a.item, count(*) AS seeds, avg(a.acc) AS acc, avg(b.acc) AS base_acc,
   avg(a.acc - b.acc) AS diff, avg(a.nll - b.nll) AS diff_nats
  FROM scored a JOIN arm x ON x.arm_id = a.arm_id JOIN scored b ON b.arm_id = x.base_arm_id AND b.seed = a.seed
   AND b.task_id = a.task_id AND b.item = a.item
  GROUP BY a.arm_id, a.task_id, a.item)
SELECT i.study, u.name AS suite, t.name AS task, i.arm, i.base, i.item, n.name, n.length, n.distance, n.depth, i.seeds,
 i.acc, i.base_acc, i.diff, i.diff_nats
FROM item i JOIN task_item n USING(task_id, item) JOIN task t USING(task_id) JOIN suite u USING(suite_id)
ORDER BY abs(i.diff) DESC, abs(i.diff_nats) DESC, i.study, t.ord, i.item
LIMIT CAST(coalesce(:most, 50) AS INTEGER);
