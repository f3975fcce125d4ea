-- name: tasks
-- help: Scores on suites of tasks, by arm and task
-- parameters: study, suite
WITH
-- include: cell.sql
SELECT c.study, u.name AS suite, t.grp AS task_group, t.name AS task, c.arm, e.context, t.metric,
 count(DISTINCT c.run_id) AS runs, count(*) AS scores,
 CASE t.metric WHEN 'acc' THEN avg(s.acc) WHEN 'acc_norm' THEN avg(s.acc_norm) WHEN 'margin' THEN avg(s.margin)
  WHEN 'nll' THEN sum(s.nll) / sum(s.n_tok) ELSE sum(s.nll) / sum(s.n_bytes) / 0.6931471805599453 END AS score,
 t.chance
FROM cell c JOIN task_eval e ON e.run_id = c.run_id AND e.step = c.last_step
JOIN task t USING(task_id) JOIN suite u USING(suite_id) JOIN task_score s USING(task_eval_id)
WHERE c.status = 'done' AND (:suite IS NULL OR u.name = :suite)
GROUP BY c.sweep_id, t.task_id, c.arm_id, e.context
ORDER BY c.study, u.name, t.ord, c.ord, e.context;
