-- The statements of import_runs.c.

-- name: import_runs_known
SELECT i.sha256 FROM sweep s LEFT JOIN import i USING(sweep_id) WHERE s.name = ?1;

-- name: import_runs_sweep
INSERT INTO sweep(name, created_ms, design, axes_json, baseline_json)
VALUES(?1, ?2, 'list', json_object('arm', json(?3)), json_object('arm', ?4));

-- name: import_runs_import
INSERT INTO import(sweep_id, file, sha256, n_rows, higher_json, at_ms) VALUES(?, ?, ?, ?, ?, ?);

-- name: import_runs_version
INSERT INTO sweep_version(sweep_id, version, at_ms, spec_text, question, metric, direction, margin,
 alpha, seeds, runs_done, looks)
VALUES(?, 1, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0);

-- name: import_runs_config
INSERT INTO config(config_id, canon_json, attention, n_layers, dim, n_heads, head_dim, ffn_dim,
 vocab_size, context, n_params, n_params_nonembed, n_params_attn, train_flops_per_token,
 kv_bytes_per_token)
VALUES(?1, ?2, ?3, 0, 0, 0, 0, 0, 0, 0, ?4, 0, 0, 6.0 * ?4, ?5);

-- name: import_runs_arm
INSERT INTO arm(sweep_id, ord, label, config_id, base_arm_id, axis_json)
VALUES(?1, ?2, ?3, ?4, nullif(?5, 0), json_object('arm', ?3));

-- name: import_runs_run
INSERT INTO run(run_uid, config_id, seed_init, seed_data, status, last_step, target_step, ended_ms,
 message)
VALUES(?1, ?2, ?3, ?3, ?4, ?5, ?5, ?6, ?7);

-- name: import_runs_cell
INSERT INTO arm_run(arm_id, pair_key, run_id) VALUES(?, ?, ?);

-- name: import_runs_step
INSERT INTO train_step(run_id, step, attempt, tokens, wall_ms, lr) VALUES(?, ?, 1, ?, 0, 0)
ON CONFLICT DO NOTHING;

-- name: import_runs_eval
INSERT INTO eval(run_id, step, split, task, context, stride, n_tok, n_bytes, nll_sum)
VALUES(?, ?, ?, ?, ?, 0, 1, 0, ?);
