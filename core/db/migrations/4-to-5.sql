-- From schema version 4 to 5.
--
-- Evaluation tasks: suites, items and scores.
CREATE TABLE suite(                       -- a suite of tasks; sha256 is over its content, not its path
  suite_id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, name TEXT NOT NULL, path TEXT NOT NULL) STRICT;
CREATE TABLE task(
  task_id INTEGER PRIMARY KEY, suite_id INTEGER NOT NULL REFERENCES suite ON DELETE CASCADE, ord INTEGER NOT NULL,
  name TEXT NOT NULL, grp TEXT NOT NULL,                             -- the group whose score it is part of
  kind TEXT NOT NULL CHECK(kind IN ('choice', 'exact', 'cloze', 'lm')),
  metric TEXT NOT NULL CHECK(metric IN ('acc', 'acc_norm', 'margin', 'nll', 'bpb')),  -- of task_score: the one that counts
  shots INTEGER NOT NULL DEFAULT 0, n_items INTEGER NOT NULL, chance REAL,  -- expected of guessing; NULL: of no use
  UNIQUE(suite_id, name)) STRICT;
CREATE TABLE task_item(
  task_id INTEGER NOT NULL REFERENCES task ON DELETE CASCADE, item INTEGER NOT NULL, name TEXT NOT NULL,  -- item counts from 0
  length INTEGER, distance INTEGER, depth REAL,                      -- tokens, as the first model read it; tokens back to the evidence; its place, 0 to 1
  PRIMARY KEY(task_id, item)) STRICT, WITHOUT ROWID;
CREATE TABLE task_eval(                   -- a task, done by a run
  task_eval_id INTEGER PRIMARY KEY, run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, step INTEGER NOT NULL,
  task_id INTEGER NOT NULL REFERENCES task ON DELETE CASCADE, context INTEGER NOT NULL,  -- the longest item allowed, in tokens
  n_scored INTEGER NOT NULL, n_skipped INTEGER NOT NULL, n_truncated INTEGER NOT NULL, wall_ms INTEGER,
  code_id INTEGER REFERENCES code,                                   -- the build that scored it
  UNIQUE(run_id, step, task_id, context)) STRICT;
CREATE INDEX task_eval_task ON task_eval(task_id);
CREATE TABLE task_score(                  -- an item, scored; items that were skipped have no row
  task_eval_id INTEGER NOT NULL REFERENCES task_eval ON DELETE CASCADE, item INTEGER NOT NULL,
  acc REAL, acc_norm REAL,                                           -- 1 right, 0 wrong; by the likelihood, by the likelihood a byte; with several answers, the part that is right
  margin REAL,                                                       -- choice: probability of the answer less that of the best other
  nll REAL, n_tok INTEGER, n_bytes INTEGER,                          -- of the answer: nats, and its length
  options_json TEXT,                                                 -- choice: the log-likelihood of each option; exact: the text given
  PRIMARY KEY(task_eval_id, item)) STRICT, WITHOUT ROWID;

-- Comparisons by scores on tasks.
CREATE TABLE comparison_score(            -- a comparison by a suite of tasks: a row for the suite, each group and task
  cmp_id INTEGER NOT NULL REFERENCES comparison ON DELETE CASCADE, arm_id INTEGER NOT NULL REFERENCES arm,
  base_arm_id INTEGER NOT NULL REFERENCES arm, ord INTEGER NOT NULL,
  scope TEXT NOT NULL CHECK(scope IN ('suite', 'group', 'task')), name TEXT NOT NULL, grp TEXT NOT NULL,  -- grp '': a suite
  n_items INTEGER NOT NULL, n INTEGER NOT NULL, mean REAL, base_mean REAL, diff REAL,
  se_seeds REAL, se_items REAL,                                      -- on these items; what other items of this kind add
  these_lo REAL, these_hi REAL, ci_lo REAL, ci_hi REAL,              -- intervals on these items; on items of this kind
  p_adjusted REAL, p_equivalent REAL, mde REAL,
  verdict TEXT NOT NULL CHECK(verdict IN ('better', 'worse', 'equivalent', 'undecided')),
  PRIMARY KEY(cmp_id, arm_id, base_arm_id, ord)) STRICT, WITHOUT ROWID;
-- Designs and tuned arms: staircases, the key that is tuned, and the keys that named levels set.
DROP VIEW v_confound;
CREATE TABLE new_sweep(
  sweep_id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL,
  design TEXT NOT NULL CHECK(design IN ('grid', 'zip', 'one-at-a-time', 'staircase', 'list')),
  axes_json TEXT NOT NULL,                                           -- {key: [values]}, or {name: {level: {key: value}}}
  match_json TEXT, baseline_json TEXT NOT NULL,
  tune_json TEXT) STRICT;                                            -- a key that is tuned for each arm (sweep.tune); NULL: none
INSERT INTO new_sweep(sweep_id, name, created_ms, design, axes_json, match_json, baseline_json)
 SELECT sweep_id, name, created_ms, design, axes_json, match_json, baseline_json FROM sweep;
DROP TABLE sweep;
ALTER TABLE new_sweep RENAME TO sweep;
CREATE VIEW v_axis_key AS                 -- keys in which the arms of a study are meant to differ: axes, what named levels set, tuned keys
 SELECT s.sweep_id, x.key FROM sweep s, json_each(s.axes_json) x
 UNION SELECT s.sweep_id, k.key FROM sweep s, json_each(s.axes_json) x, json_each(iif(x.type = 'object', x.value, '{}')) l,
  json_each(iif(l.type = 'object', l.value, '{}')) k
 UNION SELECT s.sweep_id, t.key FROM sweep s, json_each(s.tune_json) t;
CREATE VIEW v_confound AS                 -- keys in which an arm differs from its baseline though it is neither an axis nor matched
 SELECT a.sweep_id, a.arm_id, a.label, p.key, pb.value AS base_value, p.value AS arm_value
 FROM arm a JOIN arm b ON b.arm_id = a.base_arm_id JOIN sweep s ON s.sweep_id = a.sweep_id
 JOIN config_param p ON p.config_id = a.config_id LEFT JOIN config_param pb ON pb.config_id = b.config_id AND pb.key = p.key
 WHERE p.value IS NOT pb.value AND p.key NOT IN (SELECT v.key FROM v_axis_key v WHERE v.sweep_id = a.sweep_id)
   AND p.key NOT IN (SELECT value FROM json_each(coalesce(s.match_json, '{}')));
-- Accuracy beside the loss.
ALTER TABLE eval ADD COLUMN n_right INTEGER;
-- Seeds until decided: which look of its plan a verdict is from.
ALTER TABLE comparison_row ADD COLUMN plan_look INTEGER;

-- The ledger: one verdict a study, at a level that controls false discoveries over studies.
CREATE TABLE ledger(
  entry INTEGER PRIMARY KEY, sweep_id INTEGER NOT NULL UNIQUE REFERENCES sweep ON DELETE CASCADE,
  cmp_id INTEGER NOT NULL REFERENCES comparison, at_ms INTEGER NOT NULL,
  fdr REAL NOT NULL, level REAL NOT NULL, p REAL NOT NULL, discovery INTEGER NOT NULL CHECK(discovery IN (0, 1)),
  results TEXT NOT NULL) STRICT;
-- Runs that start from runs.
CREATE TABLE run_source(                  -- the weights that a run started from
  run_id INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE, source_run_id INTEGER REFERENCES run,  -- NULL: a file, or a run elsewhere
  step INTEGER, name TEXT NOT NULL, sha256 TEXT NOT NULL) STRICT;    -- the run, its study, arm and seed; or the path
CREATE INDEX run_source_run ON run_source(source_run_id);
