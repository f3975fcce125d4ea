-- name: steps
-- help: Every step of one run
-- parameters: run
SELECT r.run_uid, t.step, t.tokens, t.wall_ms, t.loss, t.grad_norm, t.lr, t.flags
FROM run r JOIN train_step t USING(run_id)
WHERE substr(r.run_uid, 1, length(:run)) = :run
ORDER BY r.run_uid, t.step;
