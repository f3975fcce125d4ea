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

-- Accuracy beside the loss.
ALTER TABLE eval ADD COLUMN n_right INTEGER;
