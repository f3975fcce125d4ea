#!/bin/sh
# train.sh ATTNLAB - one run from outside: how it ends, what it says, what stops it, and where it may be resumed.
. "$(dirname "$0")/common.sh"
small_corpus

train() { # DB ARGUMENT...
    db=$1
    shift
    "$attnlab" train small.yaml --db "$db" "$@" 2>err
}

said() { # WHAT PATTERN
    grep -Eq -- "$2" err || fail "$1: '$2' is not said: $(cat err)"
}

# The end of a run: its loss, its weights, and what to do next; the same when it is asked for again.
train a.db || fail "train: $? $(cat err)"
uid=$(sqlite3 a.db 'SELECT run_uid FROM run')
loss=$(sqlite3 a.db "SELECT printf('%.4f', loss) FROM v_final")
tail -n 1 err >last
echo "run $uid is done: val_loss@32 $loss; weights: $(realpath a.db).runs/$uid/weights.safetensors; next: attnlab show $uid --db a.db" |
    cmp -s - last || fail "the end of a run: $(cat last)"
[ -s "a.db.runs/$uid/weights.safetensors" ] || fail "the weights are not where it says"
train a.db || fail "again: $? $(cat err)"
cmp -s err last || fail "a run that is done: $(cat err)"
train a.db --quiet || fail "quiet: $?"
[ ! -s err ] || fail "--quiet says: $(cat err)"
train none.db train.keep=none train.tokens=2k || fail "keep none: $? $(cat err)"
said 'no weights' 'weights: not kept \(train.keep=none\)'

# How much of the text is read.
set -- $(sqlite3 -separator ' ' a.db 'SELECT train_tokens, train_tokens / 2 / 32 * 32 + 32 FROM dataset')
text=$1 span=$2
train part.db train.tokens=2048 train.keep=none || fail "part: $? $(cat err)"
said 'a part of the text' "^run [0-9a-f]*: 4 steps of 512 tokens: $(awk "BEGIN { printf \"%.1f\", 204800 / $text }") % of the training text\$"
train whole.db train.tokens=$((2 * text)) train.keep=none train.lr=1e-4 || fail "whole: $? $(cat err)"
said 'the whole text' ': 2.0 epochs of the training text$'
train span.db data.span=$span train.batch_tokens=$span train.tokens=$((2 * span)) train.keep=none || fail "span: $? $(cat err)"
said 'half of the text' ": 2.0 epochs of 5[01] % of the training text \(its last $((text - span)) tokens are less than data.span=$span\)\$"
cat small.yaml - >study.yaml <<YAML
sweep: {name: spans, axes: {model.attention: [mha]}, baseline: {model.attention: mha}, seeds: 1}
YAML
"$attnlab" sweep study.yaml --db sweep.db --dry-run data.span=$span train.batch_tokens=$span >out 2>err || fail "dry run: $? $(cat err)"
said 'a study' "(49|50) % of the training text is never read: its last $((text - span)) tokens"

# A run that diverges says so, by status 4, and names the weights that are not finite.
train nan.db train.eps=0 --quiet
[ $? -eq 4 ] || fail "eps=0: not status 4"
said 'eps=0' '^attnlab train: run [0-9a-f]*: diverged at step [0-9]+: .*; model.embed_tokens.weight is not finite: train.eps is 0, and AdamW divides 0 by 0 where a gradient is 0$'
train tied.db train.eps=0 model.tie_embeddings=true --quiet || fail "eps=0 with every gradient: $? $(cat err)"

# Weights that don't fit are refused before anything is planned, by studies too.
weights=a.db.runs/$uid/weights.safetensors
train fit.db --quiet train.init_from="$weights" || fail "init_from: $? $(cat err)"
train fit.db --quiet train.init_from="$weights" model.n_layers=1
[ $? -eq 2 ] || fail "a layer too many: not status 2"
said 'a layer too many' 'train.init_from: .*: has a tensor model.layers.1.* which this model has no place for'
"$attnlab" sweep study.yaml --db sweep.db train.init_from="$weights" model.ffn_dim=96 2>err
[ $? -eq 2 ] || fail "init_from of a study: not status 2"
said 'init_from of a study' "arm 'mha': train.init_from: .* has shape \(64, 32\), but this model needs \(96, 32\)"
[ ! -e sweep.db ] || fail "a refused study made a database"

# Two signals at once, as timeout sends them, are one; each time there is a checkpoint.
for i in 1 2 3 4; do
    timeout .9 "$attnlab" train small.yaml --quiet --db two$i.db train.tokens=100M 2>err
    [ "$(sqlite3 two$i.db 'SELECT status || (SELECT count(*) > 0 FROM ckpt) FROM run')" = preempted1 ] ||
        fail "timeout: $(sqlite3 two$i.db 'SELECT status FROM run') $(cat err)"
    said timeout '^attnlab train: run [0-9a-f]*: stopped by signal 15 .* with a checkpoint'
    rm -rf two$i.db*
done

# With steps of some seconds: another kind of signal within a second is the same request, one that comes later ends it.
slow="train.batch_tokens=512Ki train.tokens=8Mi train.threads=1 eval.every_tokens=8Mi --quiet"
"$attnlab" train small.yaml --db slow.db $slow 2>err &
pid=$!
wait_for slow.db "SELECT count(*) FROM run WHERE status = 'running'"
kill -TERM $pid && sleep 0.3 && kill -INT $pid && sleep 0.3 && kill -TERM $pid
wait $pid
[ $? -eq 5 ] || fail "three signals within a second: not status 5: $(cat err)"
[ "$(sqlite3 slow.db 'SELECT status || (SELECT count(*) FROM ckpt) FROM run')" = preempted1 ] || fail "three signals: no checkpoint"
"$attnlab" train small.yaml --db late.db $slow 2>err &
pid=$!
wait_for late.db "SELECT count(*) FROM run WHERE status = 'running'"
kill -TERM $pid && sleep 1.4 && kill -TERM $pid
wait $pid
[ $? -eq 143 ] || fail "a second signal later: not ended by it: $(cat err)"
[ "$(sqlite3 late.db 'SELECT count(*) FROM ckpt')" = 0 ] || fail "a second signal later: a checkpoint"

# Resumed with other kernels: refused, with the run left as it was; with --allow-mixed the run is marked.
few=train.tokens=200k
ATTNLAB_KERNELS=plain "$attnlab" train small.yaml --quiet --db mixed.db $few train.save_every_tokens=4k 2>/dev/null &
pid=$!
wait_for mixed.db 'SELECT count(*) FROM ckpt' 2
kill -TERM $pid
wait $pid
usual=$(sqlite3 a.db 'SELECT isa FROM host')
before=$(sqlite3 mixed.db 'SELECT status, last_step, attempts FROM run; SELECT count(*) FROM host')
train mixed.db --quiet $few
[ $? -eq 1 ] || fail "other kernels: not status 1"
said 'other kernels' "kernels plain, here $usual.*--allow-mixed"
[ "$(wc -l <err)" -eq 1 ] || fail "other kernels: not one line: $(cat err)"
[ "$(sqlite3 mixed.db 'SELECT status, last_step, attempts FROM run; SELECT count(*) FROM host')" = "$before" ] ||
    fail "other kernels: the run was changed"
sqlite3 mixed.db "UPDATE host SET cpu_model = 'Another'"
ATTNLAB_KERNELS=plain train mixed.db --quiet $few
[ $? -eq 1 ] || fail "another processor: not status 1"
said 'another processor' 'processor Another, here '
sqlite3 mixed.db "UPDATE host SET blas_kernel = 'Other', cpu_model = '$(sqlite3 a.db 'SELECT cpu_model FROM host')'"
ATTNLAB_KERNELS=plain train mixed.db --quiet $few
[ $? -eq 1 ] || fail "other BLAS kernels: not status 1"
said 'other BLAS kernels' 'BLAS kernels Other, here '
sqlite3 mixed.db "UPDATE host SET blas_kernel = '$(sqlite3 a.db 'SELECT blas_kernel FROM host')'"
cp mixed.db same.db && cp -r mixed.db.runs same.db.runs
ATTNLAB_KERNELS=plain train same.db --quiet $few || fail "the same kernels: $? $(cat err)"
"$attnlab" show "$(sqlite3 same.db 'SELECT run_uid FROM run')" --db same.db | grep -q '^mixed .*kernels' && fail "a run in one place is called mixed"
"$attnlab" doctor --db same.db >out || fail "a run in one place: $(cat out)"
train mixed.db --quiet $few --allow-mixed || fail "--allow-mixed: $? $(cat err)"
said '--allow-mixed' "mixed: resumed at step [0-9]+ in another environment \(kernels plain, here $usual\)"
uid=$(sqlite3 mixed.db 'SELECT run_uid FROM run')
[ "$(sqlite3 mixed.db "SELECT count(*) FROM event WHERE message LIKE 'mixed: resumed at step%'")" = 1 ] || fail "no event"
"$attnlab" show "$uid" --db mixed.db | grep -Eq "^mixed .*kernels plain.* \+ .*kernels $usual" || fail "show does not say that it is mixed"
"$attnlab" doctor --db mixed.db >out 2>&1 && fail "doctor finds nothing: $(cat out)"
grep -q "^mixed runs *$uid" out || fail "doctor does not say that it is mixed: $(cat out)"
"$attnlab" replay "$uid" --quiet --db mixed.db >out 2>err && fail "a mixed run is replayed"
said replay 'differs from step [0-9]+ on \(it is mixed: computed in more than one environment\)'
train mixed.db --quiet $few --again || fail "--again: $? $(cat err)"
[ "$(sqlite3 mixed.db "SELECT group_concat(generation || status) FROM run")" = 0done,1done ] || fail "--again made no new generation"
"$attnlab" doctor --db mixed.db >out 2>&1 || fail "a mixed run that was trained again: $(cat out)"

# A study refuses and marks in the same way.
"$attnlab" sweep study.yaml --db study.db $few train.keep=none >out 2>err || fail "sweep: $? $(cat err)"
sqlite3 study.db "UPDATE run SET status = 'preempted'; UPDATE host SET isa = 'old';
    INSERT INTO ckpt(run_id, step, file, bytes, sha256, created_ms) VALUES(1, 8, 'step-000000008.safetensors', 1, '', 0)"
"$attnlab" sweep study.yaml --db study.db $few train.keep=none >out 2>err
[ $? -eq 1 ] || fail "a study with other kernels: not status 1: $(cat err)"
said 'a study with other kernels' 'kernels old, here .*--allow-mixed'
"$attnlab" sweep study.yaml --db study.db $few train.keep=none --allow-mixed >out 2>err || fail "sweep --allow-mixed: $? $(cat err)"
[ "$(sqlite3 study.db 'SELECT status FROM run')" = done ] || fail "sweep --allow-mixed: $(sqlite3 study.db 'SELECT status, message FROM run')"

# Without a checkpoint nothing is mixed: it begins again.
ATTNLAB_KERNELS=plain "$attnlab" train small.yaml --quiet --db fresh.db $few train.save_every_tokens=1M 2>/dev/null &
pid=$!
wait_for fresh.db 'SELECT count(*) FROM train_step'
kill -9 $pid
wait $pid 2>/dev/null
train fresh.db --quiet $few || fail "no checkpoint: $? $(cat err)"
"$attnlab" doctor --db fresh.db >out || fail "no checkpoint: $(cat out)"

finish
