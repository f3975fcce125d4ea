-- name: missing
-- help: Runs that are planned but not finished, and why
-- parameters: study
SELECT s.name AS study, v.label AS arm, v.pair_key AS seed, v.run_uid, v.status,
 v.last_step AS step, v.target_step, v.message
FROM v_missing v JOIN sweep s USING(sweep_id)
WHERE :study IS NULL OR s.name = :study
ORDER BY s.name, v.label, v.pair_key;
