-- The statement of leave.c: the training losses of run ?1.
-- name: leave_losses
SELECT loss, tokens FROM train_step WHERE run_id = ?1 ORDER BY step;
