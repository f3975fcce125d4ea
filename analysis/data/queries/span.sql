-- The runs of `cell`, each cut into :points spans of steps, with the means of each span.
-- The means are taken span by span, along the table's own order: one GROUP BY would sort all steps.
-- Rows whose loss is not finite are left out.
k(k) AS (
  SELECT 0 UNION ALL SELECT k + 1 FROM k WHERE k + 1 < CAST(coalesce(:points, 50) AS INTEGER)),
part AS (
  SELECT c.*, k * target_step / CAST(coalesce(:points, 50) AS INTEGER) AS after,
   (k + 1) * target_step / CAST(coalesce(:points, 50) AS INTEGER) AS upto
  FROM cell c CROSS JOIN k),
mean AS MATERIALIZED (
  SELECT study, ord, arm, seed, run_id, upto,
   (SELECT json_array(avg(loss), max(loss), avg(grad_norm)) FROM train_step t
    WHERE t.run_id = part.run_id AND t.step > after AND t.step <= upto
     AND loss BETWEEN -1e300 AND 1e300) AS j
  FROM part WHERE upto > after),
span AS (
  SELECT m.*, t.step, t.tokens, t.wall_ms, j ->> 0 AS loss, j ->> 1 AS highest,
   j ->> 2 AS grad_norm
  FROM mean m CROSS JOIN train_step t ON t.run_id = m.run_id AND t.step = m.upto)
