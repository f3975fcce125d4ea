-- From schema version 3 to 4: studies whose results were made elsewhere; measurements of decoding have
-- an outcome, and what bounds them.
CREATE TABLE import(
  sweep_id INTEGER PRIMARY KEY REFERENCES sweep ON DELETE CASCADE, file TEXT NOT NULL, sha256 TEXT NOT NULL,
  n_rows INTEGER NOT NULL, higher_json TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;

ALTER TABLE bench ADD COLUMN outcome TEXT NOT NULL DEFAULT 'done' CHECK(outcome IN ('done', 'out-of-memory'));
ALTER TABLE bench ADD COLUMN missing_bytes INTEGER;
ALTER TABLE bench ADD COLUMN steps INTEGER;
ALTER TABLE bench ADD COLUMN read_bytes REAL;
ALTER TABLE bench ADD COLUMN read_gbs REAL;
ALTER TABLE bench ADD COLUMN weight_bytes INTEGER;
ALTER TABLE bench ADD COLUMN cache_bytes INTEGER;
ALTER TABLE bench ADD COLUMN scratch_bytes INTEGER;
ALTER TABLE bench ADD COLUMN peak_rss INTEGER;
