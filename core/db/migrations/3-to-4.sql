-- From schema version 3 to 4: studies whose results were made elsewhere.
CREATE TABLE import(
  sweep_id INTEGER PRIMARY KEY REFERENCES sweep ON DELETE CASCADE, file TEXT NOT NULL, sha256 TEXT NOT NULL,
  n_rows INTEGER NOT NULL, higher_json TEXT NOT NULL, at_ms INTEGER NOT NULL) STRICT;
