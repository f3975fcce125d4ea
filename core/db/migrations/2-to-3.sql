-- From schema version 2 to 3: a version of a study holds its settings apart from its text, and the
-- plan that they made.
--
-- Settings of the command line used to be lines "# set: key=value" of the text, and every line of
-- that form was obeyed.  They become settings, so that the study stays what it was; in the text
-- they are comments from now on.
ALTER TABLE sweep_version ADD COLUMN settings_json TEXT NOT NULL DEFAULT '[]';
ALTER TABLE sweep_version ADD COLUMN plan_json TEXT;

UPDATE sweep_version SET settings_json = (
  WITH RECURSIVE line(n, text, rest) AS (
    SELECT 0, '', spec_text || char(10)
    UNION ALL
    SELECT n + 1, substr(rest, 1, instr(rest, char(10)) - 1), substr(rest, instr(rest, char(10)) + 1)
    FROM line WHERE rest <> '')
  SELECT json_group_array(substr(text, 8))
  FROM (SELECT text FROM line WHERE substr(text, 1, 7) = '# set: ' ORDER BY n));

-- The plan of the newest version is known from the rows of the study, but for sweep.exclude.
UPDATE sweep_version SET plan_json = (
  SELECT json_object(
    'axes', json(s.axes_json), 'baseline', json(s.baseline_json),
    'match', json(coalesce(s.match_json, '{}')),
    'seeds', (
      SELECT json_group_array(pair_key) FROM (
        SELECT DISTINCT pair_key FROM arm_run JOIN arm USING(arm_id)
        WHERE arm.sweep_id = s.sweep_id AND dropped = 0 ORDER BY 1)),
    'arms', (
      SELECT json_group_array(json_object('label', label, 'config', config_id, 'replica', replica))
      FROM (SELECT * FROM arm WHERE arm.sweep_id = s.sweep_id AND dropped = 0 ORDER BY ord)))
  FROM sweep s WHERE s.sweep_id = sweep_version.sweep_id)
WHERE version = (SELECT max(version) FROM sweep_version o WHERE o.sweep_id = sweep_version.sweep_id);
