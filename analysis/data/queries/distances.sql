-- name: distances
-- help: Right answers by the distance to the evidence, in spans between powers of 2
-- parameters: study, suite, task
WITH
-- include: cell.sql
SELECT c.study, u.name AS suite, t.name AS task, c.arm, e.context, min(n.distance) AS from_distance, max(n.distance) AS to_distance,
 count(DISTINCT n.item) AS items, count(DISTINCT c.run_id) AS runs, avg(s.acc) AS acc, sum(s.nll) / sum(s.n_tok) AS nats_a_token
FROM cell c JOIN task_eval e ON e.run_id = c.run_id AND e.step = c.last_step
JOIN task t USING(task_id) JOIN suite u USING(suite_id) JOIN task_score s USING(task_eval_id)
JOIN task_item n ON n.task_id = t.task_id AND n.item = s.item
WHERE c.status = 'done' AND n.distance > 0 AND (:suite IS NULL OR u.name = :suite) AND (:task IS NULL OR t.name = :task)
GROUP BY c.sweep_id, t.task_id, c.arm_id, e.context, CAST(log2(n.distance) AS INTEGER)
ORDER BY c.study, u.name, t.ord, c.ord, e.context, from_distance;
