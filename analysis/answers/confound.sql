-- The statements of confound.c: (key, value of the base, value of the arm) of arm ?1 and base ?2.

-- What v_confound says of an arm and its baseline, for any two arms.  Left out are:
-- * data.corpus, which is a hash: confound_corpus says it in words;
-- * a key that is younger than the base's configuration, which had its default there (canonical
--   forms leave defaults out);
-- * train.decay_tokens where it is 0 on one side, as only the schedule wsd reads it;
-- * model.rope_original_context unless one of them scales by yarn, which alone reads it.
-- If ?3, arms of two studies are compared: then no axis and no matched key goes without saying.
-- name: confound_keys
SELECT p.key, pb.value, p.value
FROM arm a JOIN arm b ON b.arm_id = ?2
JOIN sweep s ON s.sweep_id = a.sweep_id
JOIN config_param p ON p.config_id = a.config_id
LEFT JOIN config_param pb ON pb.config_id = b.config_id AND pb.key = p.key
JOIN config c ON c.config_id = a.config_id
WHERE a.arm_id = ?1 AND p.value IS NOT pb.value
 AND p.key <> 'data.corpus'
 AND (pb.key NOT NULL OR instr(c.canon_json, '"' || p.key || '":'))
 AND NOT (p.key = 'train.decay_tokens' AND 0 IN (p.value, pb.value))
 AND (?3 OR p.key NOT IN (SELECT v.key FROM v_axis_key v WHERE v.sweep_id = a.sweep_id))
 AND (?3 OR p.key NOT IN (SELECT value FROM json_each(coalesce(s.match_json, '{}'))))
 AND NOT (p.key = 'model.rope_original_context' AND NOT EXISTS (
  SELECT 1 FROM config_param y
  WHERE y.config_id IN (a.config_id, b.config_id) AND y.key = 'model.rope_scaling'
   AND y.value = 'yarn'))
ORDER BY 1;

-- Another corpus; if the corpus is an axis of study ?3 (0: of none), other held-out text.  ?4: the metric is per
-- token, so the number of tokens of the held-out text matters too.
-- name: confound_corpus
WITH text AS (
  SELECT arm_id, sha256, path || ' (' || substr(sha256, 1, 8) || ')' AS name,
   val_bytes || ' bytes' || CASE WHEN ?4 THEN ' in ' || val_tokens || ' tokens' ELSE '' END
    AS held_out
  FROM arm JOIN config USING(config_id) LEFT JOIN dataset USING(dataset_id)),
axis(it) AS (
  SELECT EXISTS (SELECT 1 FROM v_axis_key WHERE sweep_id = ?3 AND key = 'data.corpus'))
SELECT CASE WHEN it THEN 'held-out text' ELSE 'corpus' END,
 CASE WHEN it THEN b.held_out ELSE b.name END,
 CASE WHEN it THEN a.held_out ELSE a.name END
FROM text a, text b, axis
WHERE a.arm_id = ?1 AND b.arm_id = ?2 AND a.sha256 IS NOT b.sha256
 AND NOT (it AND a.held_out IS b.held_out);
