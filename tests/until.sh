#!/bin/sh
# until.sh ATTNLAB - a study that adds seeds until it is decided: the plan is stored before the first run,
# arms stop when they are decided, and drivers that are killed or share the work end with the same rows.
. "$(dirname "$0")/common.sh"
small_corpus
cat >study.yaml <<'YAML'
model: {n_layers: 1, dim: 32, n_heads: 4, ffn_dim: 64, context: 32}
data: {corpus: corpus}
train: {tokens: 60k, batch_tokens: 512, lr: 3e-3, save_every_tokens: 4096}
eval: {every_tokens: 30k, tokens: 1024}
sweep:
  name: until
  question: How many seeds does it take?
  axes: {model.attention: [mha, mqa, "window:size=2"]}
  baseline: {model.attention: mha}
  seeds: {start: 4, step: 2, max: 10}
  margin: 0.02
YAML

plan() { # DB - the study's version, and how many seeds each arm has
    sqlite3 "$1" "SELECT version, seeds, plan_json FROM sweep_version;
        SELECT label, count(*), max(pair_key) FROM arm JOIN arm_run USING(arm_id) GROUP BY 1 ORDER BY 1"
}

numbers() { # DB - every number of every run, by arm and seed
    sqlite3 "$1" "SELECT config_id, seed_init, step, quote(loss), quote(grad_norm) FROM train_step
        JOIN run USING(run_id) ORDER BY 1, 2, 3;
        SELECT config_id, seed_init, status, last_step, final_hash FROM run ORDER BY 1, 2"
}

# The first block alone is shown beforehand.
"$attnlab" sweep study.yaml --db a.db --dry-run -o csv >out 2>err || fail "--dry-run: $? $(cat err)"
[ "$(wc -l <out)" -eq 13 ] || fail "--dry-run: not 12 cells: $(cat out)"
grep -q 'until: 3 arms, at most 10 seeds; 0 of 12 runs recorded' err || fail "--dry-run: $(cat err)"
[ ! -e a.db ] || fail "--dry-run made a database"

# Undisturbed.  The window differs a lot and stops early; the baseline goes on with the other arm.
"$attnlab" sweep study.yaml --db a.db -j 2 2>err || fail "sweep: $? $(cat err)"
grep -q 'window:size=2.* against mha: .* at [46] of at most 10 seeds' err || fail "no early verdict: $(cat err)"
plan a.db >a.plan
numbers a.db >a.log
grep -q '"until":{"start":4,"step":2,"max":10,' a.plan || fail "the plan is not stored: $(cat a.plan)"
grep -c '^1|10|' a.plan | grep -qx 1 || fail "a block more is another version: $(cat a.plan)"
[ "$(grep -c '^2|' a.plan)" -eq 0 ] || fail "two versions: $(cat a.plan)"
grep -q '^window:size=2[^|]*|[46]|' a.plan || fail "the window went on: $(cat a.plan)"
mha=$(grep '^mha' a.plan | cut -d'|' -f2)
mqa=$(grep '^mqa' a.plan | cut -d'|' -f2)
[ "$mha" = "$mqa" ] && [ "$mha" -ge 6 ] || fail "mha has $mha seeds, mqa $mqa"

# Verdicts come from the looks of the plan, and are the same at any time.
"$attnlab" compare until --db a.db >out 2>err || fail "compare: $? $(cat err)"
grep -q 'Procedure: group-sequential' out || fail "compare: $(cat out)"
grep -q 'Looks planned before the first run: at 4 seeds, then every 2, at most 10' out || fail "$(cat out)"
grep -q 'Seeds were added' out && fail "a block is called a change: $(cat out)"
grep -q 'outside' out && fail "a look outside the plan: $(cat out)"
"$attnlab" compare until --db a.db --margin 0.5 >out 2>err || fail "compare --margin: $? $(cat err)"
grep -q 'This look is outside that plan' out || fail "a look outside the plan: $(cat out)"
"$attnlab" compare until --db a.db >out 2>err || fail "compare again: $?"
grep -q 'Before this one there was 1 look outside the plan' out || fail "not counted: $(cat out)"
"$attnlab" status until --db a.db >out 2>err || fail "status: $? $(cat err)"
grep -q 'mqa against mha: .* of at most 10 seeds (look' err || fail "status: $(cat err)"
"$attnlab" doctor --db a.db >out 2>err || true
grep -q 'missing cells' out && grep -A3 'missing cells' out | grep -q until && fail "doctor: $(cat out)"

# Again: nothing is run, and the same is said.
"$attnlab" sweep study.yaml --db a.db -j 2 2>err || fail "again: $? $(cat err)"
grep -q 'recorded' err && fail "a study that is done is run again: $(cat err)"
grep -q 'mqa against mha: ' err || fail "again: $(cat err)"
"$attnlab" sweep until --db a.db --dry-run -o csv 2>err >out || fail "a stored study: $? $(cat err)"
[ "$(wc -l <out)" -eq "$(($(tail -n 3 a.plan | cut -d'|' -f2 | paste -sd+) + 1))" ] || fail "a stored study: $(cat out)"

# Two drivers, killed again and again: the same plan and the same numbers.
kills=0 rounds=0
while :; do
    "$attnlab" sweep study.yaml --db b.db -j 1 2>err1 &
    one=$!
    "$attnlab" sweep study.yaml --db b.db -j 1 2>err2 &
    two=$!
    if [ $kills -lt 8 ]; then
        tries=0 # once some more runs have ended, in the midst of the others
        while [ "$(sqlite3 b.db "SELECT count(*) FROM run WHERE status='done'" 2>err3 || echo 0)" -lt \
            $((kills * 3)) ] && [ $tries -lt 200 ]; do
            sleep 0.05
            tries=$((tries + 1))
        done
        case $((kills % 3)) in
        0) kill -9 $one $two 2>/dev/null ;;
        1) kill -9 $one 2>/dev/null && kill -TERM $two 2>/dev/null ;;
        2) kill -TERM $one $two 2>/dev/null ;;
        esac
        kills=$((kills + 1))
    fi
    wait $one
    first=$?
    wait $two
    second=$?
    [ $first -eq 0 ] && [ $second -eq 0 ] && break
    rounds=$((rounds + 1))
    [ $rounds -lt 30 ] || break
done
plan b.db >b.plan
numbers b.db >b.log
cmp -s a.plan b.plan || fail "another plan: $(cat b.plan)"
cmp -s a.log b.log || fail "other numbers"
echo "killed $kills times, attempts and runs: $(sqlite3 b.db 'SELECT sum(attempts), count(*) FROM run')"

# A block that is not complete does not count: as if the last one had never begun.
cp a.db c.db
sqlite3 c.db "UPDATE run SET status='planned' WHERE seed_init=$mha AND config_id=(SELECT config_id FROM arm WHERE label='mqa')"
"$attnlab" compare until --db c.db -o csv >out 2>err || fail "an open block: $? $(cat err)"
grep -q "^[0-9]*,[0-9]*,[0-9]*,mqa,mha,$((mha - 2))," out || fail "an open block counts: $(cat out)"

# A change of the plan is named.
"$attnlab" sweep study.yaml --db c.db 'sweep.seeds={start: 4, step: 3, max: 10}' 2>err || fail "step 3: $? $(cat err)"
"$attnlab" compare until --db c.db >out 2>err || fail "compare: $?"
grep -q 'The plan of looks was changed from .*step=2.* to .*step=3.* after [0-9]* runs had finished' out ||
    fail "a change of the plan: $(cat out)"

# Sizes in such a study: the gap at each is shown, and its slope is not tested.
cat >sizes.yaml <<'YAML'
model: {n_layers: 1, dim: 32, n_heads: 4, ffn_dim: 64, context: 32}
data: {corpus: corpus}
train: {tokens: 4k, batch_tokens: 512}
eval: {tokens: 1024}
sweep:
  name: sizes
  axes: {model.attention: [mha, mqa]}
  cross: {size: {small: {model.dim: 16}, large: {model.dim: 32}}}
  baseline: {model.attention: mha}
  seeds: {start: 3, step: 1, max: 4}
  margin: 0.02
YAML
"$attnlab" sweep sizes.yaml --db sizes.db >/dev/null 2>err || fail "sweep of sizes: $? $(tail -1 err)"
"$attnlab" compare sizes --db sizes.db --trend size >out 2>err || fail "compare --trend: $? $(cat err)"
grep -q '^mqa' out || fail "compare --trend: $(cat out)"

finish
