-- name: outcomes
-- help: How many runs of each arm finished, diverged or failed
-- parameters: study
WITH
-- include: cell.sql
SELECT study, arm, count(*) AS planned, sum(status = 'done') AS done,
 sum(status = 'diverged') AS diverged, sum(status = 'failed') AS failed,
 sum(status IN ('planned', 'running', 'preempted')) AS unfinished,
 group_concat(DISTINCT message) AS messages
FROM cell
GROUP BY sweep_id, arm_id
ORDER BY study, ord;
