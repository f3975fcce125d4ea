-- doctor.sql - what SQL can see of a damaged or incomplete database.
-- A check is a comment "-- NAME: REMEDY" and one statement whose rows are (subject, finding).  Blank lines separate them.

-- integrity: copy it with the shell's .recover
-- SQLite 3.40 sees NULLs in tables WITHOUT ROWID whose keys are not their first columns, as in early arm_run.
SELECT 'database', integrity_check
FROM pragma_integrity_check
WHERE integrity_check <> 'ok'
  AND NOT (integrity_check = 'NULL value in arm_run.run_id'
    AND NOT EXISTS (SELECT 1 FROM arm_run WHERE run_id IS NULL));

-- foreign keys: copy it with the shell's .recover
SELECT "table", count(*) || ' rows refer to a missing ' || parent
FROM pragma_foreign_key_check
GROUP BY 1, parent;

-- missing cells: attnlab sweep
SELECT s.name, a.label || ': ' || count(r.run_id) || ' of '
  || coalesce(v.plan_json ->> '$.until.start', v.seeds) || ' cells planned'
FROM sweep s
JOIN sweep_version v USING(sweep_id)
JOIN arm a USING(sweep_id)
LEFT JOIN arm_run r ON r.arm_id = a.arm_id
WHERE a.dropped = 0 AND v.version = (SELECT max(version) FROM sweep_version w WHERE w.sweep_id = s.sweep_id)
GROUP BY a.arm_id
HAVING count(r.run_id) < coalesce(v.plan_json ->> '$.until.start', v.seeds);

-- failed runs: attnlab sweep, or attnlab train --resume
SELECT run_uid, coalesce(message, '')
FROM run
WHERE status = 'failed'
ORDER BY run_id;

-- steps: attnlab replay
SELECT run_uid, (max(step) - min(step) + 1 - count(*)) || ' steps missing between '
  || min(step) || ' and ' || max(step)
FROM train_step
JOIN run USING(run_id)
WHERE run_id NOT IN (
  SELECT run_id FROM arm_run JOIN arm USING(arm_id) JOIN import USING(sweep_id))
GROUP BY run_id
HAVING count(*) <> max(step) OR min(step) <> 1;

-- steps: attnlab replay
SELECT run_uid, status || ' at step ' || coalesce(last_step, 'none') || ' of ' || target_step
  || ', but the log ends at '
  || coalesce((SELECT max(step) FROM train_step t WHERE t.run_id = r.run_id), 'none')
FROM run r
WHERE ((status = 'done' AND last_step IS NOT target_step)
  OR (status IN ('done', 'diverged')
    AND last_step IS NOT (SELECT max(step) FROM train_step t WHERE t.run_id = r.run_id)))
 AND run_id NOT IN (
  SELECT run_id FROM arm_run JOIN arm USING(arm_id) JOIN import USING(sweep_id));

-- evaluations: attnlab replay
SELECT run_uid, 'done, but not evaluated at its last step'
FROM run r
WHERE status = 'done'
  AND NOT EXISTS (SELECT 1 FROM eval v WHERE v.run_id = r.run_id AND v.step = r.last_step);

-- completed twice: attnlab replay
SELECT run_uid, count(*) || ' attempts reached its end'
FROM attempt
JOIN run USING(run_id)
WHERE exit_code IN (0, 4)
GROUP BY run_id
HAVING count(*) > 1;

-- unequal n: attnlab sweep
-- A run that diverged is an outcome; no further run makes up for it.
WITH n AS (
  SELECT a.sweep_id, a.label, count(iif(r.status IN ('done', 'diverged'), 1, NULL)) AS done
  FROM arm a
  LEFT JOIN arm_run USING(arm_id)
  LEFT JOIN run r USING(run_id)
  WHERE a.dropped = 0
  GROUP BY a.arm_id)
SELECT s.name, group_concat(n.label || ' has ' || n.done, ', ')
FROM n
JOIN sweep s USING(sweep_id)
GROUP BY s.sweep_id
HAVING min(done) <> max(done);

-- mixed builds: attnlab sweep --again
WITH built AS (
  SELECT DISTINCT a.sweep_id, f.name, f.sha256
  FROM arm a
  JOIN arm_run USING(arm_id)
  JOIN run r USING(run_id)
  JOIN code_file f USING(code_id)
  WHERE a.dropped = 0 AND r.status IN ('done', 'diverged'))
SELECT s.name, count(*) || ' versions of ' || b.name
FROM built b
JOIN sweep s USING(sweep_id)
GROUP BY s.sweep_id, b.name
HAVING count(*) > 1;

-- mixed runs: attnlab train --again or attnlab sweep --again
-- A run of which parts were computed with other kernels or on another processor: its bits belong to none of them.
-- An attempt whose steps were all taken again doesn't count, nor does a run that a newer generation replaces.
SELECT run_uid, 'computed in ' || count(*) || ' environments: ' || group_concat(environment, ' + ')
FROM (
  SELECT DISTINCT r.run_uid, coalesce(h.cpu_model || ', ', '') || 'kernels ' || coalesce(h.isa, 'unknown')
    || coalesce(', ' || h.blas, '') || coalesce(' ' || h.blas_kernel, '') AS environment
  FROM attempt p
  JOIN host h USING(host_id)
  JOIN run r USING(run_id)
  WHERE NOT EXISTS (SELECT 1 FROM attempt later
      WHERE later.run_id = p.run_id AND later.attempt > p.attempt AND later.from_step <= p.from_step)
    AND NOT EXISTS (SELECT 1 FROM run newer
      WHERE newer.config_id = r.config_id AND newer.seed_init = r.seed_init AND newer.seed_data = r.seed_data
        AND newer.replica = r.replica AND newer.generation > r.generation))
GROUP BY run_uid
HAVING count(*) > 1;

-- mixed machines: attnlab replay
SELECT s.name, count(DISTINCT h.host_id) || ' environments: '
  || group_concat(DISTINCT h.hostname || ' ' || coalesce(h.isa, '') || ' ' || coalesce(h.blas_kernel, ''))
FROM sweep s
JOIN arm a USING(sweep_id)
JOIN arm_run USING(arm_id)
JOIN attempt t USING(run_id)
JOIN host h USING(host_id)
WHERE a.dropped = 0
GROUP BY s.sweep_id
HAVING count(DISTINCT h.isa || coalesce(h.blas_kernel, '') || coalesce(h.cpu_model, '')) > 1;
