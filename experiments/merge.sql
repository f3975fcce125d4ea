-- The statements of merging that are about one table.

-- Both sides of a study: do they have an arm in common?
-- name: merge_known_arm
SELECT 1 FROM arm WHERE sweep_id = ?1 AND config_id = ?2 AND replica = ?3;

-- The file that study ?1 was imported from; no row if it was not.
-- name: merge_imported
SELECT sha256 FROM import WHERE sweep_id = ?1;

-- The versions of a study on both sides (0: the destination, 1: the source), by time.  One that says
-- what the one before it says is the same.
-- name: merge_versions_make
CREATE TEMP TABLE IF NOT EXISTS merge_version(side INTEGER, old INTEGER, at_ms INTEGER, said TEXT,
 first INTEGER, new INTEGER);

-- name: merge_versions_clear
DELETE FROM temp.merge_version;

-- name: merge_versions_read
SELECT version, at_ms, json_array(spec_text, settings_json, plan_json) FROM sweep_version
WHERE sweep_id = ?1;

-- name: merge_versions_add
INSERT INTO temp.merge_version(side, old, at_ms, said) VALUES(?, ?, ?, ?);

-- name: merge_versions_order
UPDATE temp.merge_version SET first = n.first, new = n.new
FROM (
 SELECT id, first, sum(first) OVER (ORDER BY at_ms, side, old) AS new
 FROM (
  SELECT rowid AS id, at_ms, side, old,
   said IS NOT lag(said) OVER (ORDER BY at_ms, side, old) AS first
  FROM temp.merge_version)) n
WHERE n.id = merge_version.rowid;

-- Is there anything to change?
-- name: merge_versions_changed
SELECT EXISTS (SELECT 1 FROM temp.merge_version
 WHERE iif(side = 0, NOT first OR old <> new, first));

-- Number the destination's versions of study ?1 anew, and leave out those that say nothing new.
-- name: merge_versions_looks
UPDATE comparison SET version = (SELECT new FROM temp.merge_version WHERE side = 0 AND old = version)
WHERE sweep_id = ?1;

-- name: merge_versions_drop
DELETE FROM sweep_version
WHERE sweep_id = ?1 AND version IN (SELECT old FROM temp.merge_version WHERE side = 0 AND NOT first);

-- name: merge_versions_away
UPDATE sweep_version
SET version = -(SELECT new FROM temp.merge_version WHERE side = 0 AND old = version)
WHERE sweep_id = ?1;

-- name: merge_versions_back
UPDATE sweep_version SET version = -version WHERE sweep_id = ?1;

-- The source's versions: number here and there, and whether it is to be copied.
-- name: merge_versions_map
SELECT old, new, first FROM temp.merge_version WHERE side = 1 ORDER BY old;

-- Is the newest version one of the source's alone?
-- name: merge_versions_newest
SELECT max(side = 0) = 0 FROM temp.merge_version
WHERE new = (SELECT max(new) FROM temp.merge_version);

-- Looks of study ?1 are numbered by time.
-- name: merge_looks
UPDATE comparison SET look = n.number
FROM (SELECT cmp_id AS id, row_number() OVER (ORDER BY at_ms, cmp_id) AS number
 FROM comparison WHERE sweep_id = ?1) n
WHERE n.id = cmp_id AND look <> n.number;

-- What the newest version says of study ?1.
-- name: merge_study
SELECT design, axes_json, match_json, baseline_json FROM sweep WHERE sweep_id = ?1;

-- name: merge_study_set
UPDATE sweep SET design = ?2, axes_json = ?3, match_json = ?4, baseline_json = ?5 WHERE sweep_id = ?1;

-- The source's studies, and their arms.
-- name: merge_studies
SELECT sweep_id, name FROM sweep ORDER BY sweep_id;

-- name: merge_arms
SELECT arm_id, sweep_id, ord, label, config_id, replica, base_arm_id, axis_json, dropped
FROM arm ORDER BY sweep_id, dropped, ord;

-- Arms of study ?1 give way to those of its newest version.
-- name: merge_arms_away
UPDATE arm SET dropped = 1, ord = -1 - arm_id WHERE sweep_id = ?1;

-- name: merge_arm_find
SELECT arm_id FROM arm WHERE sweep_id = ?1 AND config_id = ?2 AND replica = ?3;

-- name: merge_arm_add
INSERT INTO arm(sweep_id, config_id, replica, label, axis_json, dropped, ord)
VALUES(?1, ?2, ?3, ?4, ?5, ?6, -1000000000 - (SELECT coalesce(max(arm_id), 0) FROM arm));

-- name: merge_arm_set
UPDATE arm SET label = ?2, axis_json = ?3, dropped = ?4, base_arm_id = NULL WHERE arm_id = ?1;

-- name: merge_arm_base
UPDATE arm SET base_arm_id = ?2 WHERE arm_id = ?1;

-- name: merge_arm_ord
UPDATE arm SET ord = ?2 WHERE arm_id = ?1;

-- Dropped arms of study ?1 come after the others.
-- name: merge_arms_back
UPDATE arm SET ord = arm_id + (SELECT max(0, coalesce(max(ord), 0) + 1) FROM arm b WHERE b.sweep_id = ?1)
WHERE sweep_id = ?1 AND ord < 0;

-- A cell: the later generation counts.
-- name: merge_cells
SELECT arm_id, pair_key, run_id FROM arm_run ORDER BY arm_id, pair_key;

-- name: merge_cell
INSERT INTO arm_run(arm_id, pair_key, run_id) VALUES(?1, ?2, ?3)
ON CONFLICT DO UPDATE SET run_id = excluded.run_id
WHERE (SELECT generation FROM run r WHERE r.run_id = excluded.run_id)
 > (SELECT generation FROM run r WHERE r.run_id = arm_run.run_id);

-- Cells of study ?1 whose seed the newest version no longer has.
-- name: merge_cells_drop
WITH newest AS (SELECT plan_json FROM sweep_version WHERE sweep_id = ?1 ORDER BY version DESC LIMIT 1)
DELETE FROM arm_run
WHERE arm_id IN (SELECT arm_id FROM arm WHERE sweep_id = ?1 AND dropped = 0)
 AND (SELECT json_type(plan_json, '$.seeds') FROM newest) = 'array'
 AND pair_key NOT IN (SELECT value FROM newest, json_each(plan_json, '$.seeds'));

-- What is compared of a run.
-- name: merge_run
SELECT r.run_id, r.status, coalesce(r.last_step, 0), r.attempts, r.final_hash,
 coalesce((SELECT max(step) FROM ckpt c WHERE c.run_id = r.run_id), 0), r.run_uid
FROM run r WHERE r.run_uid = ?1;

-- name: merge_runs
SELECT run_uid FROM run ORDER BY run_id;

-- The held-out losses of run ?1 at its last step: name and value.
-- name: merge_run_losses
SELECT json_group_array(json_array(e.split, e.task, e.context, e.stride, e.nll_sum))
FROM (SELECT * FROM eval v JOIN run r USING(run_id) WHERE r.run_id = ?1 AND v.step = r.last_step
 ORDER BY v.split, v.task, v.context, v.stride) e;

-- Run ?1 in words: its result, and what made it.
-- name: merge_run_words
SELECT r.status || ' at step ' || coalesce(r.last_step, 0)
 || coalesce(', ' || e.split || '_' || iif(e.task = 'lm', '', e.task || '_') || 'loss@' || e.context || ' '
  || printf('%.6f', e.nll_sum / e.n_tok), '')
 || coalesce(', weights ' || substr(r.final_hash, 1, 8), '')
 || coalesce(' (code ' || substr(c.binary_sha256, 1, 8) || ', ' || h.hostname || ' ' || h.isa || ')', '')
FROM run r LEFT JOIN eval e ON e.run_id = r.run_id AND e.step = r.last_step
LEFT JOIN code c ON c.code_id = r.code_id
LEFT JOIN attempt t ON t.run_id = r.run_id AND t.attempt = r.attempts LEFT JOIN host h ON h.host_id = t.host_id
WHERE r.run_id = ?1
ORDER BY e.context DESC LIMIT 1;

-- Where run ?1 is in studies.
-- name: merge_run_cell
SELECT s.name || ': ' || a.label || ', seed ' || ar.pair_key
FROM arm_run ar JOIN arm a USING(arm_id) JOIN sweep s USING(sweep_id)
WHERE ar.run_id = ?1 LIMIT 1;

-- The checkpoints of the source, with their runs.
-- name: merge_checkpoints
SELECT k.run_id, r.run_uid, k.step, k.file, k.bytes, k.sha256, k.created_ms
FROM ckpt k JOIN run r USING(run_id) ORDER BY k.run_id, k.step;

-- name: merge_checkpoint_known
SELECT sha256 FROM ckpt WHERE run_id = ?1 AND (step = ?2 OR file = ?3);

-- name: merge_checkpoint
INSERT INTO ckpt(run_id, step, file, bytes, sha256, created_ms) VALUES(?, ?, ?, ?, ?, ?);

-- name: merge_event
INSERT INTO event(at_ms, level, message) VALUES(?, 'info', ?);
