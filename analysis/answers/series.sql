-- The statements of series.c.

-- The learning-rate schedule of arm ?1; NULL if it was recorded before there was a choice.
-- name: series_schedule
SELECT value FROM config_param JOIN arm USING(config_id)
WHERE arm_id = ?1 AND key = 'train.schedule';

-- Tokens of the training text of arm ?1.
-- name: series_epoch
SELECT train_tokens FROM dataset JOIN config USING(dataset_id) JOIN arm USING(config_id)
WHERE arm_id = ?1;

-- Between which tokens the learning rate of run ?1 is at its peak.
-- name: series_peak
SELECT min(tokens), max(tokens) FROM train_step
WHERE run_id = ?1 AND lr = (SELECT max(lr) FROM train_step WHERE run_id = ?1);
