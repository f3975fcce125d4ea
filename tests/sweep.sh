#!/bin/sh
# sweep.sh ATTNLAB - a study from its file to its database: planned, shown, run, run again, interrupted,
# killed, changed; the numbers are those of an undisturbed study, and no cell is run twice.
. "$(dirname "$0")/common.sh"
small_corpus
cat >study.yaml <<'YAML'
model: {n_layers: 2, dim: 32, n_heads: 4, ffn_dim: 64, context: 32}
data: {corpus: corpus}
train: {tokens: 40k, batch_tokens: 512, lr: 3e-3, save_every_tokens: 2048}
eval: {every_tokens: 16k, tokens: 1024}
sweep:
  name: small
  question: Does it work?
  axes: {model.attention: [mha, gqa:n_kv_heads=2, mqa]}
  baseline: {model.attention: mha}
  seeds: 2
  margin: 0.02
YAML

sweep() { # DB ARGUMENT...
    db=$1
    shift
    "$attnlab" sweep study.yaml --db "$db" "$@"
}

numbers() { # DB - every number of every run, by arm and seed
    sqlite3 "$1" "SELECT config_id, seed_init, step, quote(loss), quote(grad_norm) FROM train_step
        JOIN run USING(run_id) ORDER BY 1, 2, 3;
        SELECT config_id, seed_init, status, last_step, final_hash FROM run ORDER BY 1, 2"
}

# A dry run shows every cell and leaves nothing behind.
sweep dry.db --dry-run -o csv >dry.csv 2>err || fail "--dry-run: $? $(cat err)"
[ "$(wc -l <dry.csv)" -eq 7 ] || fail "--dry-run: not 6 cells: $(cat dry.csv)"
grep -q '^mqa,2,[0-9a-f]*,[0-9]*,-[0-9.]*,64,[0-9]*,128,new,0,' dry.csv ||
    fail "--dry-run: $(cat dry.csv)"
[ ! -e dry.db ] || fail "--dry-run made a database"
sweep wild.db --dry-run train.lr=1e6 train.clip=0 >out 2>err ||
    fail "--dry-run of what diverges: $? $(cat err)"
grep -q '0 of 6 runs recorded' err || fail "--dry-run: $(cat err)"

# An undisturbed study.
sweep a.db -j 2 2>err || fail "sweep: $? $(cat err)"
numbers a.db >a.log
[ "$(grep -c "done" a.log)" -eq 6 ] || fail "not 6 finished runs"
[ "$(sqlite3 a.db 'SELECT count(*) FROM v_pair')" -eq 4 ] || fail "not 4 pairs"
sweep a.db -j 2 2>err || fail "sweep again: $?"
grep -q '6 of 6 runs recorded' err || fail "sweep again: $(cat err)"
[ "$(sqlite3 a.db 'SELECT max(attempts) FROM run')" -eq 1 ] || fail "a recorded run was run again"
"$attnlab" status small --db a.db -o csv | grep -c ',done,' | grep -qx 6 || fail "status"
"$attnlab" status --db a.db -o csv | grep -q '^small,3,6,6,0,0,0,0,0,0' || fail "status of all"

# data.corpus is relative to the study's file; what is only in the current folder is taken with a note;
# a recorded study knows its corpus wherever it is asked for.
mkdir -p far/exp far/away
cp study.yaml far/exp/
(cd far && "$attnlab" sweep exp/study.yaml --dry-run) >out 2>err && fail "a corpus out of nothing"
grep -q 'data.corpus' err || fail "no corpus: $(cat err)"
"$attnlab" sweep far/exp/study.yaml --db a.db --dry-run >out 2>err || fail "corpus here: $(cat err)"
grep -q "data.corpus: 'corpus' is not beside far/exp/study.yaml; the one in the current folder" err ||
    fail "corpus here: $(cat err)"
cp -r corpus far/exp/corpus
(cd far/away && "$attnlab" sweep ../exp/study.yaml --db ../../a.db --dry-run) >out 2>err ||
    fail "corpus there: $(cat err)"
grep -q 'data.corpus' err && fail "corpus there: $(cat err)"
grep -q '6 of 6 runs recorded' err || fail "corpus there: $(cat err)"
(cd far/away && "$attnlab" sweep small --db ../../a.db --dry-run) >out 2>err ||
    fail "a recorded study elsewhere: $(cat err)"
grep -q '6 of 6 runs recorded' err || fail "a recorded study elsewhere: $(cat err)"
rm -r far

# Drivers and children killed again and again: the same numbers, and no child left behind.
kills=0
while :; do
    "$attnlab" sweep study.yaml --db b.db -j 2 2>err &
    driver=$!
    if [ $kills -lt 6 ]; then
        sleep "0.$((kills * 37 % 9 + 1))"
        child=$(cut -d' ' -f1 "/proc/$driver/task/$driver/children" 2>/dev/null)
        case $((kills % 3)) in
        0) kill -9 $driver 2>/dev/null ;;
        1) [ -z "$child" ] || kill -9 "$child" 2>/dev/null ;;
        2) kill -TERM $driver 2>/dev/null ;;
        esac
        kills=$((kills + 1))
    fi
    wait $driver 2>/dev/null
    status=$?
    sleep 0.2
    [ $status -eq 0 ] && [ $kills -ge 6 ] && break
    case $status in
    0 | 1 | 5 | 137 | 143) ;;
    *) fail "after a kill: status $status, $(cat err)" && break ;;
    esac
    [ $kills -lt 20 ] || break
done
numbers b.db >b.log
cmp -s a.log b.log || fail "a study that was killed has other numbers"
echo "killed $kills times, $(sqlite3 b.db 'SELECT sum(attempts) FROM run') attempts at 6 runs"

# Children end with a driver that is killed, each with a checkpoint.  (A process that has ended may
# stay as a zombie here.)
alive() { # PID...
    for pid; do
        grep -q ') [^Z] ' "/proc/$pid/stat" 2>/dev/null && return
    done
    return 1
}
for try in 1 2 3; do
    "$attnlab" sweep study.yaml --db c$try.db -j 2 train.tokens=2M 2>err &
    driver=$!
    while [ "$(sqlite3 c$try.db "SELECT count(*) FROM run WHERE status='running'" 2>err2)" != 2 ]; do
        sleep 0.1
    done
    children=$(cat "/proc/$driver/task/$driver/children")
    kill -9 $driver
    wait $driver 2>/dev/null
    tries=0
    # shellcheck disable=SC2086
    while alive $children && [ $tries -lt 100 ]; do
        sleep 0.1
        tries=$((tries + 1))
    done
    [ $tries -lt 100 ] || fail "children outlive their driver"
    [ "$(sqlite3 c$try.db "SELECT count(*) FROM run WHERE status='preempted'")" -eq 2 ] ||
        fail "children of a killed driver: $(sqlite3 c$try.db 'SELECT status, message FROM run')"
done

# More seeds add exactly those seeds; a diverged run is stored and is not a failure.
sweep a.db sweep.seeds=3 2>err || fail "three seeds: $? $(cat err)"
[ "$(sqlite3 a.db 'SELECT count(*), max(attempts) FROM run')" = '9|1' ] || fail "three seeds"
sweep d.db 'sweep.axes={train.lr: [1e-3, 1e6]}' 'sweep.baseline={train.lr: 1e-3}' sweep.seeds=1 \
    train.clip=0 train.warmup_tokens=0 sweep.name=hot 2>err || fail "hot: $? $(cat err)"
[ "$(sqlite3 d.db "SELECT count(*) FROM run WHERE status='diverged'")" -eq 1 ] ||
    fail "nothing diverged: $(sqlite3 d.db 'SELECT status, message FROM run')"
grep -q 'lr=1000000, seed 1 (run .*): diverged at step .*; log: ' err || fail "divergence is not reported: $(cat err)"

# A corpus that is damaged during the study: every cell fails with the reason, and so does the study.
cp -r corpus whole
sweep e.db sweep.seeds=1 --dry-run >out 2>err || fail "dry run of e"
shard=$(ls -S corpus/*train* | head -n 1)
truncate -s -10 "$shard"
sweep e.db sweep.seeds=1 2>err
[ $? -eq 1 ] || fail "a broken corpus: not status 1: $(cat err)"
[ "$(sqlite3 e.db "SELECT count(*) FROM run WHERE status='failed' AND message<>''")" -eq 3 ] ||
    fail "a broken corpus: $(sqlite3 e.db 'SELECT status, message FROM run')"
rm -r corpus
mv whole corpus
sweep e.db sweep.seeds=1 2>err || fail "a mended corpus: $? $(cat err)"

# A name means the newest version of the study: what was excluded once is not excluded again, and settings
# are no comments.  Rows are made without training.
cat >choice.yaml <<'YAML'
model: {n_layers: 1, dim: 32, n_heads: 4, context: 32}
data: {corpus: corpus}
train: {tokens: 2k, batch_tokens: 512}
eval: {tokens: 1024}
sweep:
  name: choice
  axes: {model.attention: [mha, gqa:n_kv_heads=2, mqa]}
  baseline: {model.attention: mha}
  seeds: [1, 4]
# set: train.lr=1e-5
YAML
sed 's/^  seeds/  exclude: [{model.attention: mqa}]\n&/' choice.yaml >less.yaml
"$attnlab" sweep less.yaml --db f.db sweep.margin=0.5 2>err || fail "exclude: $? $(cat err)"
"$attnlab" sweep choice.yaml --db f.db sweep.margin=0.5 2>err || fail "nothing excluded: $? $(cat err)"
"$attnlab" sweep less.yaml --db f.db 2>err || fail "excluded again: $? $(cat err)"
grep -q 'choice: 1 arm is no longer in the study; the database keeps its runs' err ||
    fail "an arm is dropped without a word: $(cat err)"
"$attnlab" sweep choice.yaml --db f.db sweep.margin=0.25 2>err || fail "all again: $? $(cat err)"
"$attnlab" sweep choice --db f.db 2>err || fail "by name: $? $(cat err)"
grep -q 'no longer' err && fail "arms dropped by name: $(cat err)"
grep -q 'choice: 3 arms, 2 seeds; 6 of 6 runs recorded' err || fail "by name: $(cat err)"
[ "$(sqlite3 f.db "SELECT version, margin, seeds, settings_json FROM sweep_version ORDER BY 1 DESC LIMIT 1;
    SELECT group_concat(DISTINCT seed_init), group_concat(DISTINCT value) FROM run
    JOIN config_param USING(config_id) WHERE key = 'train.lr'")" = \
    '4|0.25|2|["sweep.margin=0.25"]
1,4|0.001' ] || fail "by name: $(sqlite3 f.db .dump | grep sweep_version)"
"$attnlab" compare choice --db f.db >out 2>err || fail "compare: $? $(cat err)"
grep -q 'The margin was changed from none to 0.25 after 6 runs had finished' out ||
    fail "a change is not told: $(cat out)"
grep -q 'Arms were added after 6 runs had finished: mqa' out || fail "an arm is not told: $(cat out)"
"$attnlab" rename choice chosen --db f.db 2>err || fail "rename: $? $(cat err)"
"$attnlab" sweep chosen --db f.db sweep.margin=0.5 2>err || fail "renamed: $? $(cat err)"
[ "$(sqlite3 f.db 'SELECT name, count(*), max(attempts) FROM sweep, run')" = 'chosen|6|1' ] ||
    fail "renamed: $(sqlite3 f.db 'SELECT name FROM sweep')"

# One line, the right status, and nothing changed.
bad() { # STATUS PATTERN ARGUMENT...
    want=$1 pattern=$2
    shift 2
    "$attnlab" sweep --db a.db "$@" >out 2>err
    status=$?
    [ $status -eq "$want" ] || fail "status $status, not $want: $* ($(cat err))"
    [ "$(wc -l <err)" -eq 1 ] || fail "not one line: $* ($(cat err))"
    grep -q -- "$pattern" err || fail "'$pattern' is not said: $* ($(cat err))"
}
bad 1 'no such file' nowhere.yaml
bad 1 'no study of this name' nowhere
bad 2 'section `sweep`' small.yaml
bad 2 'give this one another name' study.yaml train.lr=1e-3
bad 2 'model.attention is an axis of the study' study.yaml model.attention=mqa
bad 2 'model.attention is an axis of the study' small model.attention=mqa
bad 2 'does not divide 4' study.yaml 'sweep.axes={model.attention: [mha, gqa:n_kv_heads=3]}'
bad 2 'are allowed' study.yaml 'sweep.match={params: model.ffn_dim}'
bad 2 'did you mean sweep.margin' study.yaml sweep.marign=0.1
bad 2 'the context is an axis' study.yaml 'sweep.axes={model.context: [16, 32]}' \
    'sweep.baseline={model.context: 16}' sweep.name=other
bad 2 available study.yaml model.dim=65536 sweep.name=other
[ "$(sqlite3 a.db 'SELECT count(*) FROM sweep')" -eq 1 ] || fail "a refused study is recorded"
"$attnlab" doctor --db a.db >out 2>err
grep -q 'files without rows' out && fail "a refused study leaves folders: $(cat out)"

finish
