-- name: pairs
-- help: Each arm against its baseline, seed by seed
-- parameters: study, context
SELECT s.name AS study, p.arm, p.base, p.pair_key AS seed, p.split, p.context, p.arm_loss,
 p.base_loss, p.diff
FROM v_pair p JOIN sweep s USING(sweep_id)
WHERE (:study IS NULL OR s.name = :study)
 AND (:context IS NULL OR p.context = CAST(:context AS INTEGER))
ORDER BY s.name, p.context, p.arm, p.pair_key;
