-- The statement of anatomy.c: the finished runs of the configuration of arm ?1, with their metric at
-- the last step by task ?2, split ?3 and length ?4; %s is the metric's expression.  Of each run the
-- newest generation that is done counts.
-- name: anatomy_runs
SELECT r.run_id, r.seed_init, r.replica, r.seed_data, %s,
 r.code_id,
 max(e.stride)
FROM run r JOIN eval e ON e.run_id = r.run_id AND e.step = r.last_step
WHERE r.config_id = (SELECT config_id FROM arm WHERE arm_id = ?1) AND r.status = 'done'
 AND e.task = ?2 AND e.split = ?3 AND e.context = ?4 AND e.nll_sum NOTNULL
 AND NOT EXISTS (SELECT 1 FROM run m WHERE m.config_id = r.config_id AND m.seed_init = r.seed_init
  AND m.seed_data = r.seed_data AND m.replica = r.replica AND m.status = 'done'
  AND m.generation > r.generation)
GROUP BY r.run_id
ORDER BY r.run_id;

-- name: anatomy_configuration
SELECT config_id FROM arm WHERE arm_id = ?1;
