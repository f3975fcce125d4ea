-- The statements of spikes.c: the training losses of run ?1.

-- name: spikes_steps
SELECT count(*) FROM train_step WHERE run_id = ?1;

-- name: spikes_losses
SELECT loss, step, tokens FROM train_step WHERE run_id = ?1 ORDER BY step;
