-- The statements of attnlab rename, for study ?1 and its new name ?2.

-- name: rename_taken
SELECT 1 FROM sweep WHERE name = ?1;

-- The newest version again, with the name as a setting, so that the text of its file gives it too.
-- A later setting of a key replaces an earlier one.
-- name: rename_version
INSERT INTO sweep_version(sweep_id, version, at_ms, spec_text, question, hypothesis, metric,
 direction, margin, alpha, seeds, runs_done, looks, settings_json, plan_json)
SELECT sweep_id, version + 1, ?3, spec_text, question, hypothesis, metric, direction, margin, alpha,
 seeds,
 (SELECT count(DISTINCT run_id) FROM arm JOIN arm_run USING(arm_id) JOIN run USING(run_id)
  WHERE arm.sweep_id = ?1 AND status IN ('done', 'diverged')),
 (SELECT count(*) FROM comparison WHERE comparison.sweep_id = ?1),
 (SELECT json_group_array(value) FROM (
   SELECT value FROM json_each(settings_json) WHERE value NOT LIKE 'sweep.name=%'
   UNION ALL SELECT 'sweep.name=' || ?2)),
 plan_json
FROM sweep_version WHERE sweep_id = ?1
ORDER BY version DESC LIMIT 1;

-- name: rename_study
UPDATE sweep SET name = ?2 WHERE sweep_id = ?1;
