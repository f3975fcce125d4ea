-- name: items
-- help: Items of a task with the share of right answers, the hardest first
-- parameters: study, suite, task, most=50
WITH
-- include: cell.sql
,
item AS (
  SELECT t.task_id, s.item, c.study, u.name AS suite, t.name AS task, count(*) AS runs, avg(s.acc) AS acc,
   sum(s.nll) / sum(s.n_tok) AS nats_a_token
  FROM cell c JOIN task_eval e ON e.run_id = c.run_id AND e.step = c.last_step
  JOIN task t USING(task_id) JOIN suite u USING(suite_id) JOIN task_score s USING(task_eval_id)
  WHERE c.status = 'done' AND (:suite IS NULL OR u.name = :suite) AND (:task IS NULL OR t.name = :task)
  GROUP BY c.study, t.task_id, s.item)
SELECT i.study, i.suite, i.task, i.item, n.name, n.length, n.distance, n.depth, i.runs, i.acc, i.nats_a_token
FROM item i JOIN task_item n USING(task_id, item)
ORDER BY i.acc, i.nats_a_token DESC, i.study, i.suite, i.task, i.item
LIMIT CAST(coalesce(:most, 50) AS INTEGER);
