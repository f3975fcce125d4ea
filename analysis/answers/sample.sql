-- The statement of sample.c: the sums by sequence of run ?1's final evaluation, by task ?2, split ?3
-- and length ?4, with the index of each sequence and the number of all.
-- name: sample_sequences
SELECT row_number() OVER (ORDER BY seq) - 1, nll_sum, n, count(*) OVER ()
FROM eval_seq WHERE eval_id = (
  SELECT eval_id FROM eval e JOIN run r USING(run_id)
  WHERE r.run_id = ?1 AND e.step = r.last_step AND e.task = ?2 AND e.split = ?3 AND e.context = ?4
  ORDER BY e.stride DESC LIMIT 1)
ORDER BY seq;
