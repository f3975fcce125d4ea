-- The statement of changes.c: the versions of study ?1, oldest first, numbers as people read them.

-- name: changes_versions
SELECT runs_done, looks, nullif(question, ''), nullif(hypothesis, ''), metric,
 iif(margin IS NULL, NULL, printf('%.12g', margin)), printf('%.12g', alpha), plan_json, seeds
FROM sweep_version WHERE sweep_id = ?1
ORDER BY version;
