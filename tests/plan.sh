#!/bin/sh
# plan.sh ATTNLAB - from a question and a budget to a study: pilots shown, run, killed and resumed; the
# study that is written; wrong input.
. "$(dirname "$0")/common.sh"
small_corpus
cat >study.yaml <<'YAML'
model: {n_layers: 2, dim: 16, n_heads: 2, ffn_dim: 32, context: 32}
data: {corpus: corpus}
train: {tokens: 12k, batch_tokens: 256, lr: 3e-3, warmup_tokens: 1k}
eval: {tokens: 512, every_tokens: 12k}
sweep:
  name: small
  question: Does it work?
  axes: {model.attention: [mha, gqa:n_kv_heads=1]}
  baseline: {model.attention: mha}
  seeds: 6
  margin: 0.05
YAML

plan() { # DB ARGUMENT...
    db=$1
    shift
    "$attnlab" plan study.yaml --db "$db" --budget 10m -j 2 --pilot-minutes 20 "$@"
}

# A dry run shows the pilots and leaves nothing behind.
plan dry.db --dry-run -o csv >dry.csv 2>err || fail "--dry-run: $? $(cat err)"
grep -q '^1,8,[0-9]*,3000,24,[0-9.]*,small.pilot-[0-9a-f]*-1x8-3000$' dry.csv || fail "--dry-run: $(cat dry.csv)"
[ "$(wc -l <dry.csv)" -eq 7 ] || fail "--dry-run: not two pilots of three sizes: $(cat dry.csv)"
grep -q 'The pilots take about' err || fail "--dry-run: $(cat err)"
[ ! -e dry.db ] || fail "--dry-run made a database"

# Stopped in the middle, the same command goes on, and trains nothing twice.
"$attnlab" plan study.yaml --db a.db --budget 10m -j 2 --pilot-minutes 20 >out 2>err &
driver=$!
i=0
while [ "$i" -lt 600 ]; do
    [ -e a.db ] && [ "$(sqlite3 a.db "SELECT count(*) FROM run WHERE status='done'" 2>/dev/null)" -gt 2 ] 2>/dev/null && break
    sleep 0.1
    i=$((i + 1))
done
kill -TERM "$driver"
wait "$driver"
[ $? -eq 5 ] || fail "stopped by a signal: not 5: $(cat err)"
plan a.db -o json --out planned.yaml --figure figures >plan.json 2>err || fail "resumed: $? $(cat err)"
[ "$(sqlite3 a.db "SELECT count(*) FROM run WHERE status<>'done'")" -eq 0 ] || fail "runs are left"
[ "$(sqlite3 a.db "SELECT count(DISTINCT name) FROM sweep")" -eq 6 ] || fail "not six pilots"
[ "$(sqlite3 a.db "SELECT min(seed_init) FROM run")" -gt 1000 ] || fail "pilots use the study's seeds"
grep -q '"chosen":1' plan.json || grep -q '"chosen": 1' plan.json || fail "nothing chosen: $(cat plan.json)"
for end in svg png pdf tex dat gp; do [ -s "figures/plan.$end" ] || fail "no figures/plan.$end"; done

# Asked again, it has the answer without a run, and the same.
plan a.db -o csv >one.csv 2>err && plan a.db -o csv >two.csv 2>err || fail "again: $(cat err)"
cmp -s one.csv two.csv || fail "another answer: $(diff one.csv two.csv)"
[ "$(sqlite3 a.db 'SELECT max(attempts) FROM run')" -le 2 ] || fail "a pilot was run again"

# The study that was written states the promise, and is one.
grep -q "^# The promise" planned.yaml || fail "no promise: $(cat planned.yaml)"
"$attnlab" sweep planned.yaml --db a.db --dry-run -o csv >cells.csv 2>err || fail "planned.yaml: $(cat err)"
grep -q 'small-planned: 2 arms' err || fail "planned.yaml: $(cat err)"
plan a.db --out planned.yaml >out 2>err || fail "its own file is replaced: $(cat err)"
plan a.db --out study.yaml >out 2>err && fail "replaced the study"
grep -q 'Does it work' study.yaml || fail "the study is gone"

# From studies in the database in place of pilots.
first=$(sqlite3 a.db "SELECT name FROM sweep WHERE name LIKE '%2x16-12000'")
"$attnlab" plan study.yaml --db a.db --budget 10m --from "$first" -o csv >from.csv 2>err || fail "--from: $(cat err)"
grep -q '^2,16,12000,' from.csv || fail "--from: $(cat from.csv)"

# Wrong input: one line, status 2 (or 1), and nothing written.
refused() { # WORDS ARGUMENT...
    words=$1
    shift
    "$attnlab" plan "$@" --db wrong.db >out 2>err
    status=$?
    [ "$status" -eq 2 ] || [ "$status" -eq 1 ] || fail "plan $*: status $status"
    grep -q -- "$words" err || fail "plan $*: $(cat err)"
    [ ! -e wrong.db ] || fail "plan $*: made a database"
}
refused 'missing option: --budget' study.yaml
refused "is not a time" study.yaml --budget 8
refused "is not a time" study.yaml --budget -1h
refused 'missing option: --effect' study.yaml --budget 1h sweep.margin=0
refused 'train.tokens is an axis' study.yaml --budget 1h 'sweep.axes={train.tokens: [20k, 40k]}' 'sweep.baseline={train.tokens: 20k}'
grep -v ' axes:\| baseline:' study.yaml >bare.yaml
refused 'nothing to decide' bare.yaml --budget 1h
refused 'no pilot fits' study.yaml --budget 0.001s
refused 'no such' missing.yaml --budget 1h
refused 'wrong.db' study.yaml --budget 1h --from nothing
exit 0
