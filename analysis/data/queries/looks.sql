-- name: looks
-- help: Every comparison made of a study, with its verdicts
-- parameters: study
SELECT s.name AS study, c.look, datetime(c.at_ms / 1000, 'unixepoch') AS at_utc, c.metric,
 a.label AS arm, b.label AS base, r.n, r.diff, r.ci_lo, r.ci_hi, r.verdict
FROM comparison c JOIN sweep s USING(sweep_id) JOIN comparison_row r USING(cmp_id)
JOIN arm a ON a.arm_id = r.arm_id JOIN arm b ON b.arm_id = r.base_arm_id
WHERE :study IS NULL OR s.name = :study
ORDER BY s.name, c.look, a.ord;
