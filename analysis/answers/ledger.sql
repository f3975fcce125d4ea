-- The statements of ledger.c.

-- name: ledger_entry
SELECT entry, level, p, discovery FROM ledger WHERE sweep_id = ?1;

-- All entries, in order.
-- name: ledger_discoveries
SELECT discovery FROM ledger ORDER BY entry;

-- name: ledger_results
SELECT results FROM ledger WHERE sweep_id = ?1;

-- name: ledger_insert
INSERT INTO ledger(entry, sweep_id, cmp_id, at_ms, fdr, level, p, discovery, results)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: ledger_counts
SELECT (SELECT count(*) FROM comparison_row), (SELECT count(DISTINCT sweep_id) FROM comparison),
 (SELECT count(*) FROM ledger), (SELECT coalesce(sum(discovery), 0) FROM ledger);
