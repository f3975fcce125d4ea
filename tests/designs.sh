#!/bin/sh
# designs.sh ATTNLAB - designs and tuned arms from their file to the comparison: what a dry run says,
# tuning that is killed again and again and done by two drivers at once gives the same numbers and
# values, an edge of the range is extended and then refused, and a ladder has its trend.
. "$(dirname "$0")/common.sh"
small_corpus
cat >tuned.yaml <<'YAML'
recipe: fast@1
model: {n_layers: 1, dim: 16, n_heads: 2, ffn_dim: 32, context: 32}
data: {corpus: corpus}
train: {tokens: 30k, batch_tokens: 512, optimizer: adamw, save_every_tokens: 2048}
eval: {tokens: 1024}
sweep:
  name: tuned
  axes: {model.attention: [mha, mqa]}
  baseline: {model.attention: mha}
  seeds: 2
  tune: {train.lr: {from: 1e-3, to: 0.064, points: 4, seeds: 2}}
YAML

numbers() { # DB - every number of every run, and the values that were tuned
    sqlite3 "$1" "SELECT config_id, seed_init, step, quote(loss) FROM train_step JOIN run USING(run_id) ORDER BY 1, 2, 3;
        SELECT config_id, seed_init, status, last_step, final_hash FROM run ORDER BY 1, 2;
        SELECT s.name, a.ord, a.label, a.config_id, value FROM sweep s JOIN arm a USING(sweep_id)
        JOIN config_param USING(config_id) WHERE key = 'train.lr' AND dropped = 0 ORDER BY 1, 2"
}

# The dry run shows the runs that tune, what differs, and what the recipe no longer says.
"$attnlab" sweep tuned.yaml -d dry.db --dry-run >out 2>err || fail "--dry-run: $? $(cat err)"
grep -q '^Design: grid' out || fail "--dry-run: $(head -1 out)"
grep -Eq '^mqa lr=0.016 .* mha lr=0.016 +model.attention: mha -> mqa$' out || fail "--dry-run: $(cat out)"
grep -q "replace those of the recipe fast@1: train.optimizer is adamw (recipe: muon)" err || fail "recipe: $(cat err)"
grep -q "these are the runs that tune train.lr; then 2 arms x 2 seeds follow" err || fail "--dry-run: $(cat err)"
[ ! -e dry.db ] || fail "--dry-run made a database"

# An undisturbed study.
"$attnlab" sweep tuned.yaml -d a.db -j 2 2>err || fail "tuned: $? $(cat err)"
numbers a.db >a.log
grep -q '8 runs for each of 2 arms' err || fail "cost: $(cat err)"
[ "$(grep -c 'tuned: m.a: train.lr=' err)" -eq 2 ] || fail "values: $(cat err)"
[ "$(sqlite3 a.db "SELECT count(*) FROM arm_run JOIN arm USING(arm_id) JOIN sweep USING(sweep_id)
    WHERE name='tuned' AND pair_key > 1000")" -eq 0 ] || fail "a seed of the tuning is compared"
"$attnlab" compare tuned -d a.db >out 2>err || fail "compare: $? $(cat err)"
grep -q "train.lr was tuned for each arm, at equal cost and with other seeds (study 'tuned.tune'): mha 0" out ||
    fail "compare: $(cat out)"
grep -q "train.lr" out && grep "onfound" out | grep -q "train.lr" && fail "a tuned key is no confound: $(cat out)"
"$attnlab" sweep tuned.yaml -d a.db 2>err || fail "again: $(cat err)"
grep -q '4 of 4 runs recorded' err || fail "again: $(cat err)"
numbers a.db | cmp -s a.log - || fail "again: other numbers"
[ "$(sqlite3 a.db 'SELECT max(attempts) FROM run')" -eq 1 ] || fail "a run was trained twice"
[ "$(sqlite3 a.db "SELECT max(version) FROM sweep_version JOIN sweep USING(sweep_id) WHERE name='tuned'")" -eq 1 ] ||
    fail "another version without a change"

# Killed again and again, in the tuning and after it.
kills=0
while :; do
    "$attnlab" sweep tuned.yaml -d b.db -j 2 2>err &
    driver=$!
    pid=$driver
    if [ $kills -lt 7 ]; then
        wait_for b.db "SELECT count(*) FROM run WHERE status <> 'planned'" $((kills * 4 + 1))
        sleep "0.0$((kills * 37 % 9 + 1))"
        child=$(cut -d' ' -f1 "/proc/$driver/task/$driver/children" 2>/dev/null)
        case $((kills % 3)) in
        0) kill -9 $driver 2>/dev/null ;;
        1) [ -z "$child" ] || kill -9 "$child" 2>/dev/null ;;
        2) kill -TERM $driver 2>/dev/null ;;
        esac
    fi
    wait $driver 2>/dev/null
    status=$?
    kills=$((kills + 1))
    sleep 0.2
    [ $status -eq 0 ] && [ $kills -ge 7 ] && break
    [ $kills -lt 20 ] || break
done
[ $status -eq 0 ] || fail "killed: status $status, $(cat err)"
numbers b.db | cmp -s a.log - || fail "a study that was killed has other numbers"
echo "killed $kills times, $(sqlite3 b.db 'SELECT sum(attempts) FROM run') attempts at $(sqlite3 b.db 'SELECT count(*) FROM run') runs"

# Two drivers share it.
"$attnlab" sweep tuned.yaml -d c.db -j 1 2>err1 &
one=$!
"$attnlab" sweep tuned.yaml -d c.db -j 1 2>err2 || fail "the second driver: $? $(cat err2)"
wait $one || fail "the first driver: $(cat err1)"
numbers c.db | cmp -s a.log - || fail "two drivers: other numbers"
[ "$(sqlite3 c.db 'SELECT max(attempts) FROM run')" -eq 1 ] || fail "two drivers trained a run twice"

# Another range is another version, which the comparison names; the tuning's runs are there already.
"$attnlab" sweep tuned.yaml -d c.db 'sweep.tune={train.lr: {from: 1e-3, to: 0.064, points: 4, seeds: 1}}' 2>err ||
    fail "another range: $? $(cat err)"
"$attnlab" compare tuned -d c.db >out 2>err || fail "another range: $? $(cat err)"
grep -q 'The range of the tuning was changed from .*seeds=2 to .*seeds=1' out || fail "another range: $(cat out err)"

# The range is extended at its edge, for every arm, by the same factor; then it is refused.
"$attnlab" sweep tuned.yaml -d d.db 'sweep.tune={train.lr: {from: 1e-4, to: 4e-4, points: 3, seeds: 1}}' 2>err
[ $? -eq 2 ] || fail "edge: $? $(cat err)"
grep -q "train.lr: the arm 'mha' is best at the upper edge, 0.0016, after the range was extended 2 times: set 'to' above it" err ||
    fail "edge: $(cat err)"
[ "$(sqlite3 d.db "SELECT label, count(*) FROM (SELECT substr(label, 1, 3) AS label FROM arm WHERE dropped = 0) GROUP BY 1" | tr '\n' ' ')" \
    = "mha|5 mqa|5 " ] || fail "edge: the arms cost differently"
[ "$(sqlite3 d.db "SELECT count(*) FROM sweep WHERE name = 'tuned'")" -eq 0 ] || fail "edge: the study was planned"

# A staircase on a ladder: steps are compared within their size, and their gaps have a trend.
cat >ladder.yaml <<'YAML'
model: {n_layers: 1, n_heads: 2, context: 32}
data: {corpus: corpus}
train: {tokens: 5k, batch_tokens: 512, lr: 8e-3}
eval: {tokens: 1024}
sweep:
  name: ladder
  design: staircase
  axes: {model.attention: [mha, mqa], model.tie_embeddings: [false, true]}
  cross:
    size: {s: {model.dim: 16, model.ffn_dim: 32}, m: {model.dim: 32, model.ffn_dim: 64}, l: {model.dim: 48, model.ffn_dim: 96}}
  seeds: 3
YAML
"$attnlab" sweep ladder.yaml -d e.db -j 2 2>err || fail "ladder: $? $(cat err)"
[ "$(sqlite3 e.db "SELECT group_concat(a.label || '<' || b.label, '; ') FROM arm a JOIN arm b ON b.arm_id = a.base_arm_id")" = \
    "mqa tie_embeddings=false s<mha tie_embeddings=false s; mqa tie_embeddings=false m<mha tie_embeddings=false m; \
mqa tie_embeddings=false l<mha tie_embeddings=false l; mqa tie_embeddings=true s<mqa tie_embeddings=false s; \
mqa tie_embeddings=true m<mqa tie_embeddings=false m; mqa tie_embeddings=true l<mqa tie_embeddings=false l" ] ||
    fail "staircase: $(sqlite3 e.db "SELECT a.label, b.label FROM arm a JOIN arm b ON b.arm_id = a.base_arm_id")"
[ "$(sqlite3 e.db "SELECT design FROM sweep")" = staircase ] || fail "design"
[ "$(sqlite3 e.db "SELECT count(*) FROM v_confound")" -eq 0 ] || fail "levels are confounds: $(sqlite3 e.db "SELECT * FROM v_confound")"
"$attnlab" compare ladder -d e.db >out 2>err || fail "compare ladder: $(cat err)"
grep -qi 'also differ\|confound' out && fail "levels are confounds: $(cat out)"
"$attnlab" compare ladder -d e.db --trend size --to 1M -o csv >out 2>err || fail "--trend: $? $(cat err)"
[ "$(wc -l <out)" -eq 3 ] || fail "--trend: $(cat out)"
grep -q '1M parameters is [0-9]* times the largest size tried, and the sizes tried span' err || fail "--to: $(cat err)"
for size in params flops; do
    "$attnlab" compare ladder -d e.db --trend size --by $size >out 2>err || fail "--by $size: $? $(cat err)"
done
for wrong in '--trend nothing' '--trend size --by axis' '--trend size --to -3' '--to 1M' '--by flops' \
    '--trend size --rows size' '--trend model.attention'; do
    # shellcheck disable=SC2086
    "$attnlab" compare ladder -d e.db $wrong >out 2>err
    [ $? -eq 2 ] || fail "$wrong: $? $(cat out err)"
    [ "$(wc -l <err)" -eq 1 ] || fail "$wrong: $(cat err)"
done
"$attnlab" plot ladder -d e.db --kind trend --format tex --out figures >/dev/null 2>err || fail "plot trend: $(cat err)"
grep -q 'prediction interval' figures/trend.dat || fail "plot trend: no band"
"$attnlab" plot tuned.tune -d a.db --kind lr --format tex --out figures >/dev/null 2>err || fail "plot lr: $(cat err)"
"$attnlab" plot tuned -d a.db --kind lr --format tex --out figures >out 2>err
grep -q "tuned in the study 'tuned.tune'" err || fail "plot lr of a tuned study: $(cat err)"
finish
