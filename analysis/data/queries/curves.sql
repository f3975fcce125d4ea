-- name: curves
-- help: The loss on held-out text during training, run by run
-- parameters: study, context
WITH
-- include: cell.sql
SELECT c.study, c.arm, c.seed, e.context, e.step, t.tokens, e.nll_sum / e.n_tok AS loss
FROM cell c JOIN eval e USING(run_id)
JOIN train_step t ON t.run_id = c.run_id AND t.step = e.step
WHERE e.split = 'val' AND e.task = 'lm'
 AND (:context IS NULL OR e.context = CAST(:context AS INTEGER))
ORDER BY c.study, c.ord, c.seed, e.context, e.step;
