-- The runs of a plan as a common table expression: for each planned cell, its newest generation.
-- Included by the saved queries; :study NULL takes every study.
cell AS (
  SELECT s.name AS study, a.sweep_id, a.arm_id, a.ord, a.label AS arm, ar.pair_key AS seed, n.*
  FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run ar USING(arm_id)
  JOIN run r ON r.run_id = ar.run_id
  JOIN run n ON n.config_id = r.config_id AND n.seed_init = r.seed_init
   AND n.seed_data = r.seed_data AND n.replica = r.replica
   AND n.generation = (
     SELECT max(g.generation) FROM run g
     WHERE g.config_id = r.config_id AND g.seed_init = r.seed_init
      AND g.seed_data = r.seed_data AND g.replica = r.replica)
  WHERE a.dropped = 0 AND (:study IS NULL OR s.name = :study))
