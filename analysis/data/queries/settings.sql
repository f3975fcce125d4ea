-- name: settings
-- help: Keys in which the arms of a study differ
-- parameters: study
SELECT s.name AS study, a.label AS arm, p.key, p.value,
 CASE
  WHEN p.key IN (SELECT v.key FROM v_axis_key v WHERE v.sweep_id = s.sweep_id) THEN 'axis'
  WHEN p.key IN (SELECT value FROM json_each(coalesce(s.match_json, '{}'))) THEN 'matched'
  ELSE 'other' END AS why
FROM sweep s JOIN arm a USING(sweep_id) JOIN config_param p USING(config_id)
WHERE a.dropped = 0 AND (:study IS NULL OR s.name = :study)
 AND (SELECT count(DISTINCT q.value) FROM arm b JOIN config_param q USING(config_id)
  WHERE b.sweep_id = s.sweep_id AND b.dropped = 0 AND q.key = p.key) > 1
ORDER BY s.name, p.key, a.ord;
