-- From schema version 1 to 2: columns that nothing wrote are dropped (sweep.tune_json, eval.n_correct,
-- eval.n_items, and with them v_final.accuracy).  SQLite drops no column while a view reads its table,
-- even by way of another view, so all views go first and are created again.
DROP VIEW v_final;
DROP VIEW v_arm;
DROP VIEW v_pair;
DROP VIEW v_missing;
DROP VIEW v_confound;
DROP VIEW v_frontier;

ALTER TABLE sweep DROP COLUMN tune_json;
ALTER TABLE eval DROP COLUMN n_correct;
ALTER TABLE eval DROP COLUMN n_items;

CREATE VIEW v_final AS                    -- last evaluation of every finished run
 SELECT e.run_id, r.run_uid, r.config_id, r.seed_init, r.seed_data, r.replica, e.step, e.split, e.task, e.context,
        e.nll_sum / e.n_tok AS loss, e.nll_sum / e.n_bytes / 0.6931471805599453 AS bpb
 FROM eval e JOIN run r USING(run_id) WHERE r.status = 'done' AND e.step = r.last_step;
CREATE VIEW v_arm AS                      -- mean and spread by arm (two-pass variance)
 WITH x AS (SELECT a.sweep_id, a.arm_id, a.label, a.base_arm_id, f.split, f.task, f.context, f.loss
            FROM arm a JOIN arm_run ar USING(arm_id) JOIN v_final f USING(run_id) WHERE a.dropped = 0),
      m AS (SELECT arm_id, split, task, context, count(*) n, avg(loss) mu FROM x GROUP BY 1, 2, 3, 4)
 SELECT x.sweep_id, x.arm_id, x.label, x.base_arm_id, x.split, x.task, x.context, m.n, m.mu AS mean,
        CASE WHEN m.n > 1 THEN sqrt(sum((x.loss - m.mu) * (x.loss - m.mu)) / (m.n - 1)) END AS sd, min(x.loss) AS best, max(x.loss) AS worst
 FROM x JOIN m USING(arm_id, split, task, context) GROUP BY x.arm_id, x.split, x.task, x.context;
CREATE VIEW v_pair AS                     -- paired losses against the arm's own baseline
 SELECT a.sweep_id, a.arm_id, b.label AS base, a.label AS arm, ra.pair_key, fa.split, fa.task, fa.context,
        fb.loss AS base_loss, fa.loss AS arm_loss, fa.loss - fb.loss AS diff
 FROM arm a JOIN arm b ON b.arm_id = a.base_arm_id
 JOIN arm_run ra ON ra.arm_id = a.arm_id JOIN arm_run rb ON rb.arm_id = b.arm_id AND rb.pair_key = ra.pair_key
 JOIN v_final fa ON fa.run_id = ra.run_id JOIN v_final fb ON fb.run_id = rb.run_id
      AND fb.split = fa.split AND fb.task = fa.task AND fb.context = fa.context
 WHERE a.dropped = 0;
CREATE VIEW v_missing AS                  -- planned, not finished
 SELECT a.sweep_id, a.label, ar.pair_key, r.run_uid, r.status, r.last_step, r.target_step, r.message
 FROM arm a JOIN arm_run ar USING(arm_id) JOIN run r USING(run_id) WHERE r.status NOT IN ('done', 'diverged') AND a.dropped = 0;
CREATE VIEW v_confound AS                 -- keys in which an arm differs from its baseline though it is neither an axis nor matched
 SELECT a.sweep_id, a.arm_id, a.label, p.key, pb.value AS base_value, p.value AS arm_value
 FROM arm a JOIN arm b ON b.arm_id = a.base_arm_id JOIN sweep s ON s.sweep_id = a.sweep_id
 JOIN config_param p ON p.config_id = a.config_id LEFT JOIN config_param pb ON pb.config_id = b.config_id AND pb.key = p.key
 WHERE p.value IS NOT pb.value AND p.key NOT IN (SELECT key FROM json_each(s.axes_json))
   AND p.key NOT IN (SELECT value FROM json_each(coalesce(s.match_json, '{}')));
CREATE VIEW v_frontier AS
 SELECT a.sweep_id, a.label, c.attention, c.n_kv_heads, c.context AS train_context, c.n_params, c.kv_bytes_per_token, v.context, v.mean AS loss, v.sd, v.n
 FROM v_arm v JOIN arm a USING(arm_id) JOIN config c USING(config_id) WHERE v.split = 'val' AND v.task = 'lm';
