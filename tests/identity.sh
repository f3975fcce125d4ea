#!/bin/sh
# identity.sh ATTNLAB - the bits of a run depend only on its configuration: not on the number of threads,
# not on kills and resumes, and not on when the database is read.
. "$(dirname "$0")/common.sh"
small_corpus

train() { # DB ARGUMENT... - quietly
    db=$1
    shift
    "$attnlab" train small.yaml --quiet --db "$db" "$@" 2>err
}

checkpoints='SELECT count(*) FROM ckpt'
killed() { # DB SQL NUMBER ARGUMENT... - train until wait_for ends, and kill it
    db=$1 sql=$2 number=$3
    shift 3
    "$attnlab" train small.yaml --quiet --db "$db" "$@" 2>err &
    pid=$!
    wait_for "$db" "$sql" "$number"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
}

for threads in 1 2 3 4; do
    train t$threads.db train.threads=$threads || fail "train with $threads threads: $(cat err)"
    log t$threads.db >t$threads.log
    cmp -s t1.log t$threads.log || fail "$threads threads make other numbers than one"
done
grep -q '^final.*done' t1.log || fail "no finished run"
[ "$(grep -c '^step' t1.log)" = 40 ] || fail "not 40 steps"

# Lanes of unequal size, and fewer lanes than threads.
for lanes in 1 3 5; do
    for threads in 1 4; do
        train l$lanes-$threads.db train.lanes=$lanes train.threads=$threads train.tokens=5k ||
            fail "lanes $lanes: $(cat err)"
        log l$lanes-$threads.db >l$lanes-$threads.log
    done
    cmp -s l$lanes-1.log l$lanes-4.log || fail "with $lanes lanes, threads change numbers"
done

# A single lane with one sequence: the other threads help inside the kernels.
for attention in mha gqa mqa window:size=100; do
    for threads in 1 2 3 4; do
        train one$threads.db train.lanes=1 train.threads=$threads model.attention=$attention \
            model.dim=128 model.n_heads=8 model.ffn_dim=360 model.context=1024 eval.tokens=2048 \
            train.batch_tokens=1024 train.tokens=3k || fail "$attention, one lane: $(cat err)"
        log one$threads.db >one$threads.log
        [ "$(grep -c "^step" one$threads.log)" = 3 ] || fail "$attention, one lane: not 3 steps"
        cmp -s one1.log one$threads.log || fail "$attention, one lane: threads change numbers"
        rm -rf one$threads.db*
    done
done

# Five layers of five kinds, local and global, with everything that a softmax variant can have.
kinds='[window:size=100:n_kv_heads=2:qk_norm=1:softcap=30:sink=1, forgetting, mha:alibi=1, gated, differential]'
for threads in 1 2 4; do
    train mixed$threads.db train.lanes=1 train.threads=$threads model.attention="$kinds" model.n_layers=5 \
        model.dim=128 model.n_heads=8 model.ffn_dim=360 model.context=512 eval.tokens=1024 \
        train.batch_tokens=512 train.tokens=1500 || fail "five kinds: $(cat err)"
    log mixed$threads.db >mixed$threads.log
    cmp -s mixed1.log mixed$threads.log || fail "five kinds, one lane: threads change numbers"
done
[ "$(grep -c '^step' mixed1.log)" = 3 ] || fail "five kinds: not 3 steps"

# A list goes over the layers in order.  A window as long as the context is no window, to the last bit.
for list in 'window:size=32, mha' 'window:size=4, mha' 'mha, window:size=4'; do
    train list.db model.attention="[$list]" train.threads=2 || fail "[$list]: $(cat err)"
    log list.db >"$list.log"
    rm -rf list.db*
done
cmp -s t1.log 'window:size=32, mha.log' || fail "in a list, a window of all is not mha"
cmp -s t1.log 'window:size=4, mha.log' && fail "in a list, a window changes nothing"
cmp -s 'window:size=4, mha.log' 'mha, window:size=4.log' && fail "the order of a list changes nothing"

# The same holds for bfloat16 if the processor has it; otherwise it is refused.
half="train.precision=bfloat16 train.tokens=10k"
if ATTNLAB_KERNELS=avx512 train half1.db $half train.threads=1 2>/dev/null; then
    log half1.db >half1.log
    cmp -s half1.log t1.log && fail "bfloat16 computes as float32 does"
    train half3.db $half train.threads=3 || fail "bfloat16, 3 threads: $(cat err)"
    log half3.db | cmp -s half1.log - || fail "bfloat16: threads change numbers"
    killed half2.db "$checkpoints" 2 $half train.save_every_tokens=1024
    train half2.db $half || fail "bfloat16 resumed: $(cat err)"
    log half2.db | cmp -s half1.log - || fail "bfloat16: a run that was killed has other numbers"
fi

# Another optimizer keeps them too, and is another run.
lion="train.optimizer=lion train.lr=1e-3 train.tokens=20k"
train lion1.db $lion train.threads=1 || fail "lion: $(cat err)"
log lion1.db >lion1.log
cmp -s lion1.log t1.log && fail "lion computes as adamw does"
train lion3.db $lion train.threads=3 || fail "lion, 3 threads: $(cat err)"
log lion3.db | cmp -s lion1.log - || fail "lion: threads change numbers"
killed lion2.db "$checkpoints" 2 $lion train.save_every_tokens=512
train lion2.db $lion || fail "lion resumed: $(cat err)"
log lion2.db | cmp -s lion1.log - || fail "lion: a run that was killed has other numbers"
train t1.db $lion || fail "lion beside adamw: $(cat err)"
[ "$(sqlite3 t1.db "SELECT count(*) FROM config WHERE instr(canon_json, 'train.optimizer')")" = 1 ] ||
    fail "train.optimizer is not in the identity exactly where it is not the default"

ATTNLAB_KERNELS=plain train plain.db train.precision=bfloat16 train.tokens=1k ||
    fail "bfloat16 by plain C: $(cat err)"
ATTNLAB_KERNELS=openblas train no.db $half
[ $? -eq 2 ] || fail "bfloat16 by OpenBLAS: not status 2"
[ "$(wc -l <err)" -eq 1 ] && grep -q 'train.precision=bfloat16: needs a processor' err ||
    fail "bfloat16 by OpenBLAS: $(cat err)"

# Another seed makes another run; evaluating or saving at other times changes no number.
train t1.db train.seed=2 train.threads=1 train.tokens=5k || fail "seed 2"
[ "$(sqlite3 t1.db 'SELECT count(*) FROM run')" = 3 ] || fail "seed 2 is not a run of its own"
train look.db eval.every_tokens=3k train.save_every_tokens=7k || fail "other looks: $(cat err)"
log look.db | grep -v '^eval' >look.log
grep -v '^eval' t1.log >t1.noeval
cmp -s look.log t1.noeval || fail "looking at other times makes other numbers"

# Killed at random moments and restarted until it is done.
train long.db train.tokens=300k train.threads=1 || fail "long: $(cat err)"
log long.db >long.log
kills=0
while :; do
    "$attnlab" train small.yaml --quiet --db killed.db train.tokens=300k train.threads=2 2>err &
    pid=$!
    sleep "0.$((kills * 37 % 9 + 1))"
    [ $kills -lt 10 ] && kill -9 $pid 2>/dev/null && kills=$((kills + 1))
    wait $pid 2>/dev/null
    status=$?
    [ $status -eq 0 ] && break
    [ $status -eq 137 ] || { fail "after a kill: status $status, $(cat err)" && break; }
done
log killed.db >killed.log
cmp -s long.log killed.log || fail "a run killed $kills times has other numbers"
ls killed.db.runs/*/*.part 2>/dev/null && fail "half-written files are left"
echo "killed $kills times, $(sqlite3 killed.db 'SELECT max(attempt) FROM attempt') attempts"

# The same with a rate that is constant and then decays, killed once in either part.
decay="train.schedule=wsd train.decay_tokens=60k train.tokens=120k train.save_every_tokens=5k"
train wsd.db $decay train.threads=1 || fail "wsd: $(cat err)"
log wsd.db >wsd.log
for at in 40 180; do
    killed wsd-killed.db 'SELECT coalesce(max(step), 0) FROM ckpt' $at $decay
done
train wsd-killed.db $decay || fail "wsd resumed: $(cat err)"
log wsd-killed.db | cmp -s wsd.log - || fail "wsd: a run that was killed has other numbers"
[ "$(sqlite3 wsd.db 'SELECT count(*), min(tokens) FROM train_step WHERE tokens > 6000 AND
    lr < (SELECT max(lr) FROM train_step)')" = "118|60416" ] || fail "wsd does not decay over the last half"

# A signal: a checkpoint, `preempted`, status 5; --resume goes on.
"$attnlab" train small.yaml --quiet --db term.db train.tokens=1M train.save_every_tokens=1M 2>err &
pid=$!
wait_for term.db 'SELECT count(*) FROM train_step'
kill -TERM $pid
wait $pid
[ $? -eq 5 ] || fail "SIGTERM: not status 5: $(cat err)"
[ "$(sqlite3 term.db 'SELECT status FROM run')" = preempted ] || fail "SIGTERM: not preempted"
uid=$(sqlite3 term.db 'SELECT run_uid FROM run')
at=$(sqlite3 term.db 'SELECT step FROM ckpt')
"$attnlab" train --resume "$uid" --quiet --db term.db 2>err || fail "--resume: $? $(cat err)"
[ "$(sqlite3 term.db 'SELECT from_step FROM attempt WHERE attempt=2')" = "$at" ] ||
    fail "--resume did not go on from step $at"
"$attnlab" train small.yaml --quiet --db whole.db train.tokens=1M train.save_every_tokens=1M ||
    fail "whole: $?"
log term.db >term.log
log whole.db | cmp -s term.log - || fail "a run stopped by a signal has other numbers"

# A damaged checkpoint is skipped, with a message.
killed torn.db "$checkpoints" 2 train.threads=1 train.tokens=1M train.save_every_tokens=100k
newest=$(ls torn.db.runs/*/step-*.safetensors | tail -n 1)
file=$(sqlite3 torn.db 'SELECT file FROM ckpt ORDER BY step DESC LIMIT 1')
truncate -s -7 "$(dirname "$newest")/$file"
"$attnlab" train small.yaml --quiet --db torn.db train.tokens=1M 2>err || fail "torn: $? $(cat err)"
grep -q "skipped the checkpoint of step" err || fail "torn: nothing said: $(cat err)"
log torn.db | cmp -s - term.log || fail "a torn checkpoint changed the numbers"

finish
