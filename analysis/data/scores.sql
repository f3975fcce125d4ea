-- The statements of scores.c: scores on a suite of tasks.

-- The suites in the database; of those with one name the newest first.
-- name: scores_suites
SELECT DISTINCT name FROM suite ORDER BY length(name) DESC;

-- Of the suites called ?2, the one that evaluated most finished runs of study ?1 at their last steps; how many
-- evaluations were by others.
-- name: scores_suite
WITH done AS (
  SELECT u.suite_id, u.sha256, count(te.task_eval_id) AS n
  FROM suite u LEFT JOIN task t USING(suite_id)
  LEFT JOIN task_eval te ON te.task_id = t.task_id AND te.run_id IN (
    SELECT run_id FROM arm_run JOIN arm USING(arm_id) WHERE sweep_id = ?1)
  WHERE u.name = ?2 GROUP BY u.suite_id)
SELECT suite_id, sha256, n, (SELECT sum(n) FROM done) - n FROM done ORDER BY n DESC, suite_id DESC LIMIT 1;

-- The tasks of suite ?1.
-- name: scores_tasks
SELECT task_id, name, grp, metric, n_items, chance FROM task WHERE suite_id = ?1 ORDER BY ord, task_id;

-- The evaluations of run ?1 by suite ?2, at the last step or at the last one up to a point (?3 and ?4 as in
-- study_value), with items of up to ?5 tokens (0: any).
-- name: scores_evals
WITH done AS (
  SELECT te.task_eval_id, te.task_id, te.context, te.step, te.step = r.last_step AS ended
  FROM task_eval te JOIN task USING(task_id) JOIN run r USING(run_id) JOIN config c USING(config_id)
  LEFT JOIN train_step t ON t.run_id = te.run_id AND t.step = te.step
  WHERE te.run_id = ?1 AND suite_id = ?2 AND (?5 = 0 OR te.context = ?5)
   AND CASE ?3
    WHEN 0 THEN te.step = r.last_step
    WHEN 1 THEN t.tokens <= ?4
    WHEN 2 THEN t.tokens * c.train_flops_per_token <= ?4
    WHEN 3 THEN t.wall_ms <= 1000.0 * ?4 END)
SELECT task_id, task_eval_id, context, ended FROM done WHERE step = (SELECT max(step) FROM done);

-- The scored items of evaluation ?1; the %s stand for the score and the weight.
-- name: scores_items
SELECT s.item, %s, %s FROM task_score s WHERE s.task_eval_id = ?1;

-- The suites by which the runs of study ?1 were evaluated.
-- name: scores_known
SELECT DISTINCT u.name
FROM arm a JOIN arm_run ar USING(arm_id) JOIN task_eval te USING(run_id) JOIN task t USING(task_id)
JOIN suite u USING(suite_id)
WHERE a.sweep_id = ?1 AND a.dropped = 0 ORDER BY 1;
