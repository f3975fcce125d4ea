#!/bin/sh
# merge.sh ATTNLAB - a study in shards, merged, has the rows and weights of the study in one piece; merging
# is repeated, reversed, killed and refused without a trace; and every table of the schema is merged.
. "$(dirname "$0")/common.sh"
databases=$(cd "$(dirname "$0")" && pwd)/databases
small_corpus
small_study all.db
merge() { "$attnlab" merge "$@" >out 2>err; }
ask() { sqlite3 "$1" "$2"; }

# content DB - every row of runs and studies, without ids, times and the machine's part.
content() {
    ask "$1" "SELECT 'step', run_uid, step, quote(loss), quote(grad_norm), flags FROM train_step JOIN run USING(run_id)
        UNION ALL SELECT 'eval', run_uid, step, context, quote(nll_sum), n_tok FROM eval JOIN run USING(run_id)
        UNION ALL SELECT 'window', run_uid, seq, quote(s.nll_sum), n, context FROM eval_seq s JOIN eval USING(eval_id) JOIN run USING(run_id)
        UNION ALL SELECT 'position', run_uid, pos, quote(p.nll_sum), n, context FROM eval_pos p JOIN eval USING(eval_id) JOIN run USING(run_id)
        UNION ALL SELECT 'run', run_uid, status, last_step, final_hash, attempts FROM run
        UNION ALL SELECT 'weights', run_uid, step, file, sha256, bytes FROM ckpt JOIN run USING(run_id)
        UNION ALL SELECT 'key', config_id, key, value, 0, 0 FROM config_param
        UNION ALL SELECT 'cell', s.name, a.label, pair_key, run_uid, dropped FROM arm_run JOIN arm a USING(arm_id) JOIN sweep s USING(sweep_id) JOIN run USING(run_id)
        UNION ALL SELECT 'arm', s.name, a.label, b.label, a.axis_json, a.dropped FROM arm a JOIN sweep s USING(sweep_id) LEFT JOIN arm b ON b.arm_id = a.base_arm_id
        UNION ALL SELECT 'version', s.name, version, spec_text, margin, plan_json FROM sweep_version JOIN sweep s USING(sweep_id)
        ORDER BY 1, 2, 3, 4, 5, 6"
}

# same WHAT A.db B.db - they have the same content, and all weights that their rows name.
same() {
    content "$2" >a.log
    content "$3" >b.log
    cmp -s a.log b.log || fail "$1: $(diff a.log b.log | head -5)"
    "$attnlab" doctor --db "$3" >out 2>err || fail "$1: doctor: $(cat out)"
}

# refused STATUS WORDS DB ARGUMENT... - merging fails with one line that has the words, and DB stays as it was.
refused() {
    status=$1 words=$2 db=$3
    shift 3
    before=$([ ! -e "$db" ] || ask "$db" .dump)
    merge "$@"
    got=$?
    [ $got -eq "$status" ] || fail "status $got, not $status: merge $* ($(cat err))"
    [ "$(wc -l <err)" -eq 1 ] || fail "not one line: merge $* ($(cat err))"
    grep -q -- "$words" err || fail "'$words' is not said: merge $* ($(cat err))"
    [ "$before" = "$([ ! -e "$db" ] || ask "$db" .dump)" ] || fail "a refused merge changed $db: $*"
}

# --- shards ------------------------------------------------------------------------------------------------
for k in 1 2 3; do
    "$attnlab" sweep study.yaml --shard $k/3 --db s$k.db 2>err || fail "shard $k: $? $(cat err)"
done
[ "$(for k in 1 2 3; do ask s$k.db 'SELECT run_uid FROM run'; done | sort)" = "$(ask all.db 'SELECT run_uid FROM run ORDER BY 1')" ] ||
    fail "the shards are not the study"
for k in 1 2 3; do # more seeds and arms: each cell stays where it is
    "$attnlab" sweep study.yaml --shard $k/3 --db none.db --export-plan jsonl 2>err >few.$k || fail "plan: $(cat err)"
    "$attnlab" sweep study.yaml --shard $k/3 --db none.db --export-plan jsonl sweep.seeds=4 \
        'sweep.axes={model.attention: [mha, gqa:n_kv_heads=2, mqa]}' 2>err >more.$k || fail "plan: $(cat err)"
    sed 's/.*"cell":"\([^"]*\)".*/\1/' few.$k | while read -r cell; do
        grep -q "$cell" more.$k || fail "the cell $cell left shard $k" # the subshell's count is lost, its words are not
    done
done
[ "$(cat more.* | wc -l)" -eq 12 ] || fail "not 12 cells in all shards"
[ "$(sed 's/.*"cell":"\([^"]*\)".*/\1/' few.1 | sort)" = "$(ask s1.db 'SELECT run_uid FROM run ORDER BY 1')" ] || fail "shard 1 in the plan"

merge s1.db s2.db s3.db --into m.db || fail "merge: $? $(cat err)"
same "three shards" all.db m.db
[ "$(ls m.db.runs/*/weights.safetensors | wc -l)" -eq 4 ] || fail "not all weights: $(ls -R m.db.runs)"
[ "$("$attnlab" compare small --db m.db 2>err)" = "$("$attnlab" compare small --db all.db 2>err)" ] || fail "another verdict"
[ "$(ask m.db 'SELECT count(*) FROM host')" = "$(ask all.db 'SELECT count(*) FROM host')" ] || fail "hosts are repeated"
ask m.db .dump >before
merge s1.db s2.db s3.db --into m.db || fail "merge again: $? $(cat err)"
ask m.db .dump >after
cmp -s before after || fail "merging again changes rows: $(diff before after | head -3)"
merge s3.db s1.db --into r.db && merge s2.db --into r.db || fail "in two steps: $(cat err)"
same "another order, two steps" all.db r.db
merge all.db --into m.db || fail "what is known: $? $(cat err)"
same "what is known" all.db m.db
"$attnlab" sweep study.yaml --db r.db 2>err || fail "sweep of merged: $(cat err)"
grep -q '4 of 4 runs recorded' err || fail "merged runs are trained again: $(cat err)"

# The looks of all are counted, by time.
"$attnlab" compare small --db s1.db >/dev/null 2>&1
merge s1.db --into m.db || fail "looks: $(cat err)"
[ "$(ask m.db 'SELECT group_concat(look) FROM (SELECT look FROM comparison ORDER BY at_ms)')" = 1,2,3 ] ||
    fail "looks: $(ask m.db 'SELECT look, at_ms, argv FROM comparison')"

# --- one line of a plan, anywhere --------------------------------------------------------------------------
"$attnlab" sweep study.yaml --export-plan shell --db lines.db 2>err | sed "s|^attnlab|'$attnlab'|" >lines
[ "$(wc -l <lines)" -eq 4 ] || fail "lines: $(cat lines err)"
sh lines 2>err || fail "a line failed: $(cat err)"
same "line by line" all.db lines.db
[ -z "$("$attnlab" sweep study.yaml --export-plan shell --db lines.db 2>err)" ] || fail "finished cells are listed"

# --- every table -------------------------------------------------------------------------------------------
cp -r all.db all.db.runs . 2>/dev/null
"$attnlab" backup full.db --db all.db
sqlite3 full.db "PRAGMA foreign_keys=ON;
INSERT INTO bench(config_id, host_id, code_id, phase, context, batch, threads, block, rep, ns, tokens, at_ms)
 SELECT config_id, 1, 1, 'decode', 32, 1, 1, 0, value, 1000 + value, 32, 5 FROM config, json_each('[0, 1, 2]');
INSERT INTO suite VALUES(7, 'abc', 'suite', '/nowhere');
INSERT INTO task VALUES(9, 7, 0, 'copy', 'recall', 'exact', 'acc', 0, 2, NULL);
INSERT INTO task_item(task_id, item, name) VALUES(9, 0, 'a'), (9, 1, 'b');
INSERT INTO task_eval SELECT 10 + run_id, run_id, last_step, 9, 32, 2, 0, 0, 1, code_id FROM run;
INSERT INTO run_source SELECT max(run_id), min(run_id), 1, 'another run', 'abc' FROM run;
INSERT INTO task_score(task_eval_id, item, acc) SELECT task_eval_id, value, 0.5 FROM task_eval, json_each('[0, 1]');
INSERT INTO event(run_id, at_ms, level, message) SELECT run_id, 5, 'warning', 'made up' FROM run;"
printf 'arm,seed,metric,value\na,1,loss,2\na,2,loss,3\nb,1,loss,4\nb,2,loss,5\n' >results.csv
"$attnlab" import-runs results.csv --study made --db full.db 2>err || fail "import-runs: $(cat err)"
"$attnlab" compare made --db full.db >/dev/null 2>&1
sqlite3 full.db "PRAGMA foreign_keys=ON;
INSERT INTO comparison_score(cmp_id, arm_id, base_arm_id, ord, scope, name, grp, n_items, n, verdict)
 SELECT cmp_id, arm_id, base_arm_id, 0, 'task', 'copy', 'recall', 2, 2, 'undecided' FROM comparison_row LIMIT 1;
INSERT INTO ledger SELECT 1, sweep_id, cmp_id, 5, 0.05, 0.01, 1, 0, 'hash' FROM comparison LIMIT 1;"
counts() { # DB - rows of each table
    for table in $(ask "$1" "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('event', 'ckpt') ORDER BY 1"); do
        echo "$table $(ask "$1" "SELECT count(*) FROM \"$table\"")"
    done
}
merge full.db --into f.db --no-weights || fail "every table: $(cat err)"
[ "$(counts full.db)" = "$(counts f.db)" ] || fail "not every row: $(counts full.db) / $(counts f.db)"
[ "$(ask f.db "SELECT count(*) FROM event WHERE message='made up'")" = 4 ] || fail "events: $(ask f.db 'SELECT message FROM event')"
counts f.db | grep ' 0$' >empty
[ ! -s empty ] || fail "tables without a row here: $(cut -d' ' -f1 empty | tr '\n' ' ')"
merge full.db --into f.db --no-weights || fail "every table again: $(cat err)"
[ "$(counts full.db)" = "$(counts f.db)" ] || fail "rows are repeated: $(counts full.db) / $(counts f.db)"
# What was added to runs that are known is taken as well: scores of tasks, into a database that has the runs.
merge full.db --into r.db --no-weights || fail "scores of known runs: $(cat err)"
[ "$(ask r.db 'SELECT count(*), sum(acc) FROM task_score')" = '8|4.0' ] || fail "scores: $(ask r.db 'SELECT * FROM task_score')"

# --- runs that are not finished ----------------------------------------------------------------------------
"$attnlab" sweep study.yaml --db half.db -j 2 train.tokens=2M sweep.name=long 2>err &
pid=$!
wait_for half.db "SELECT count(DISTINCT run_id) FROM ckpt" 2
refused 1 'is being trained' none.db half.db --into none.db
kill $pid
wait $pid
cp half.db half.db-wal . 2>/dev/null
merge half.db --into less.db || fail "preempted runs: $(cat err)"
same "preempted runs" half.db less.db
"$attnlab" sweep study.yaml --db half.db -j 2 train.tokens=2M sweep.name=long sweep.seeds=1 2>err || fail "to the end: $(cat err)"
merge half.db --into less.db || fail "finished meanwhile: $(cat err)"
ask less.db "SELECT status, count(*) FROM run GROUP BY 1" | grep -q 'done|2' || fail "finished meanwhile: $(ask less.db 'SELECT status FROM run')"
"$attnlab" doctor --db less.db >out 2>err
grep -Eq 'rows without files|files without rows|steps' out && fail "finished meanwhile: $(cat out)"
"$attnlab" sweep study.yaml --db less.db -j 2 train.tokens=2M sweep.name=long sweep.seeds=1 2>err || fail "sweep of finished: $(cat err)"
grep -q '2 of 2 runs recorded' err || fail "finished runs are trained again: $(cat err)"

# --- versions and dropped arms -----------------------------------------------------------------------------
"$attnlab" sweep study.yaml --db v.db 2>/dev/null
cp v.db old.db
"$attnlab" sweep study.yaml --db v.db sweep.margin=0.5 'sweep.axes={model.attention: [mha, gqa:n_kv_heads=2]}' 2>err || fail "new version: $(cat err)"
for order in 'v.db old.db' 'old.db v.db'; do
    rm -rf w.db*
    # shellcheck disable=SC2086
    merge $order --into w.db --no-weights || fail "versions: $(cat err)"
    [ "$(ask w.db 'SELECT version, margin FROM sweep_version; SELECT label, dropped FROM arm ORDER BY ord')" = \
        "$(ask v.db 'SELECT version, margin FROM sweep_version; SELECT label, dropped FROM arm ORDER BY ord')" ] ||
        fail "versions, $order: $(ask w.db 'SELECT version, margin FROM sweep_version; SELECT label, dropped, ord FROM arm ORDER BY ord')"
done

# --- older schemas -----------------------------------------------------------------------------------------
sqlite3 one.db <"$databases/version-1.sql"
sum=$(sha256sum <one.db)
merge one.db --into new.db || fail "an older schema: $(cat err)"
merge one.db --into m.db || fail "an older schema, into one that is there: $(cat err)"
[ "$sum" = "$(sha256sum <one.db)" ] || fail "the older database was changed"
[ "$(ask new.db 'SELECT count(*) FROM train_step')" = "$(ask one.db 'SELECT count(*) FROM train_step')" ] || fail "steps of an older schema"

# --- weights that are elsewhere ----------------------------------------------------------------------------
mkdir far
cp s1.db s2.db s3.db far/
for k in 1 2 3; do [ ! -e s$k.db-wal ] || cp s$k.db-wal far/; done
merge far/s1.db far/s2.db far/s3.db --into x.db || fail "without weights: $(cat err)"
grep -q '4 files of weights are not beside' err || fail "missing weights are not told: $(cat err)"
merge s1.db s2.db s3.db --into x.db || fail "weights later: $(cat err)"
[ "$(ls x.db.runs/*/weights.safetensors | wc -l)" -eq 4 ] || fail "weights later: $(ls -R x.db.runs)"
"$attnlab" doctor --db x.db >out 2>err || fail "weights later: $(cat out)"

# --- refusals ----------------------------------------------------------------------------------------------
cp -r all.db.runs other.db.runs
"$attnlab" backup other.db --db all.db
sqlite3 other.db "UPDATE run SET final_hash = 'ffff' || final_hash WHERE seed_init = 2; UPDATE eval SET nll_sum = nll_sum + 1 WHERE run_id = 3"
refused 1 'has two results: other.db: done at step .*val_loss@32 .*weights ffff.*; m.db: done at step .*val_loss@32 .*(and 1 more' m.db other.db --into m.db
grep -q 'small: m.., seed 2' err || fail "two results: $(cat err)"
cp other.db.runs/*/weights.safetensors . 2>/dev/null
for file in all.db.runs/*/weights.safetensors; do broken=$file && break; done
cp "$broken" good
printf x | dd of="$broken" bs=1 seek=900 conv=notrunc 2>/dev/null
refused 1 'another content than its row says' none.db all.db --into none.db
[ ! -d none.db.runs ] || [ -z "$(ls none.db.runs)" ] || fail "a refused merge leaves files: $(ls -R none.db.runs)"
cp good "$broken"
refused 2 'given twice' m.db s1.db s2.db s1.db --into m.db
ln -s s1.db link.db
refused 2 'given twice, also as s1.db' m.db s1.db link.db --into m.db
refused 2 'is the database to merge into' m.db s1.db m.db --into m.db
refused 1 'no such database' m.db s1.db nowhere.db --into m.db
echo "not a database, although it is long enough to be read as the header of one, or nearly so, or so it seems to be" >text.db
refused 1 'text.db' m.db s1.db text.db --into m.db
refused 1 'text.db' text.db s1.db --into text.db
: >empty.db
refused 1 'is empty' m.db empty.db --into m.db
cp s1.db newer.db
sqlite3 newer.db 'PRAGMA user_version = 99'
refused 1 'schema version 99' m.db newer.db --into m.db
refused 1 nowhere none.db s1.db --into nowhere/c.db
"$attnlab" merge s1.db >out 2>err && fail "no --into"
grep -q 'missing option: --into' err || fail "no --into: $(cat err)"
sqlite3 all.db 'SELECT 1' >/dev/null
sed 's/dim: 32/dim: 16/' study.yaml >namesake.yaml
"$attnlab" sweep namesake.yaml --db namesake.db 2>err || fail "namesake: $(cat err)"
refused 1 "no arm in common" m.db namesake.db --into m.db
for shard in 0/3 4/3 x 1/0 1/3x -1/3; do
    "$attnlab" sweep study.yaml --shard=$shard --db none.db 2>err && fail "--shard $shard"
    grep -q 'write K/N' err || fail "--shard $shard: $(cat err)"
done
"$attnlab" sweep study.yaml --only abc --db none.db 2>err && fail "--only abc"
grep -q 'no cell of the study' err || fail "--only: $(cat err)"

# --- killed at any moment: as it was, or whole ---------------------------------------------------------------
"$attnlab" backup base.db --db s1.db
content base.db >base.log
began=$(date +%s%N)
merge s1.db s2.db s3.db --into whole.db || fail "whole: $(cat err)"
took=$((($(date +%s%N) - began) / 1000000))
content whole.db | grep -v '^weights' >whole.log
grep -v '^weights' base.log >base.rows
halves=0 wholes=0 try=0
while [ $try -lt 40 ]; do
    try=$((try + 1))
    rm -rf k.db* n.db*
    cp base.db k.db
    for db in k.db n.db; do
        "$attnlab" merge s1.db s2.db s3.db --into $db >/dev/null 2>&1 &
        pid=$!
        sleep "$(awk -v ms=$took -v i=$try 'BEGIN { print ms * (i * 37 % 40) / 40 * 1.5e-3 }')"
        kill -9 $pid 2>/dev/null
        wait $pid 2>/dev/null
    done
    content k.db | grep -v '^weights' >k.log
    if cmp -s k.log base.rows; then
        halves=$((halves + 1))
    elif cmp -s k.log whole.log; then
        wholes=$((wholes + 1))
    else
        fail "killed: neither as it was nor whole: $(diff k.log whole.log | head -3)"
    fi
    if [ -e n.db ]; then
        content n.db | grep -v '^weights' | cmp -s - whole.log || fail "killed: a new database is not whole"
        "$attnlab" doctor --db n.db >out 2>err || fail "killed: $(cat out)"
    fi
    if [ $try -le 3 ]; then
        merge s1.db s2.db s3.db --into n.db || fail "after a kill: $(cat err)"
        same "after a kill" all.db n.db
    fi
done
echo "killed 40 times: $halves as before, $wholes whole"

finish
