-- The statement of figure_position.c: the sums by position of run ?1's final evaluation by task ?2 and
-- split ?3, at the longest length.
-- name: figure_positions
SELECT p.pos, p.n, p.nll_sum, e.context
FROM eval_pos p JOIN eval e USING(eval_id)
WHERE eval_id = (
  SELECT eval_id FROM eval x JOIN run r USING(run_id)
  WHERE r.run_id = ?1 AND x.step = r.last_step AND x.task = ?2 AND x.split = ?3
  ORDER BY x.context DESC, x.stride DESC LIMIT 1);
