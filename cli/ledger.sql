-- The statement of attnlab ledger: every verdict that was ever shown, in order; ?1 is the id of a study, or 0
-- for all.  plan_look: the look of a study that adds seeds until it is decided.

-- name: ledger_verdicts
SELECT strftime('%Y-%m-%d %H:%M:%S', k.at_ms / 1000, 'unixepoch') AS at_utc, s.name AS study, k.look,
 a.label AS arm, b.label AS base, k.metric, r.n, r.diff, r.p_adjusted AS p, k.alpha, r.verdict, r.plan_look,
 g.entry, iif(g.entry, iif(g.discovery, 'yes', 'no'), NULL) AS discovery
FROM comparison k JOIN sweep s USING(sweep_id) JOIN comparison_row r USING(cmp_id)
JOIN arm a ON a.arm_id = r.arm_id JOIN arm b ON b.arm_id = r.base_arm_id
LEFT JOIN ledger g ON g.cmp_id = k.cmp_id
WHERE ?1 = 0 OR k.sweep_id = ?1
ORDER BY k.cmp_id, a.ord, b.ord;
