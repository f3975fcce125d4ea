#!/bin/sh
# replay.sh ATTNLAB - a stored run that is trained again agrees bit for bit; if the database was changed,
# replay says from which step on, and what else differs.
. "$(dirname "$0")/common.sh"
small_corpus
export TMPDIR="$dir/tmp"
mkdir tmp

replay() {
    "$attnlab" replay "$@" --db a.db >out.crlf 2>err
    set -- $?
    tr -d "\r" <out.crlf >out
    return "$1"
}

"$attnlab" train small.yaml --quiet --db a.db train.threads=1 || fail "train: $?"
uid=$(sqlite3 a.db 'SELECT run_uid FROM run')
before=$(sqlite3 a.db 'SELECT count(*), sum(loss) FROM train_step')
replay "$uid" --quiet || fail "replay: $? $(cat err)"
grep -q '40 steps and the weights agree bit for bit' err || fail "replay: $(cat err)"
replay "$(echo "$uid" | cut -c 1-5)" train.threads=2 -o csv --quiet || fail "two threads: $? $(cat err)"
grep -q '^threads,1,2,no$' out || fail "two threads are not named: $(cat out)"
grep -q '^loss log (steps),40,40 the same,yes$' out || fail "two threads: $(cat out)"
[ "$(sqlite3 a.db 'SELECT count(*), sum(loss) FROM train_step')" = "$before" ] || fail "the record was changed"

# Changed databases.
sqlite3 a.db "UPDATE train_step SET loss = loss + 1e-15 WHERE step = 17"
replay "$uid" --quiet
[ $? -eq 1 ] || fail "another loss: not status 1"
grep -q "^attnlab replay: run $uid: differs from step 17 on$" err || fail "another loss: $(cat err)"
sqlite3 a.db "UPDATE train_step SET loss = loss - 1e-15 WHERE step = 17;
    UPDATE code_file SET sha256 = 'x' WHERE name = 'core'; UPDATE host SET blas_kernel = 'Other';
    UPDATE run SET final_hash = 'y'"
replay "$uid" --quiet -o csv
[ $? -eq 1 ] || fail "other weights: not status 1"
grep -q 'the loss log agrees and the weights differ' err || fail "other weights: $(cat err)"
grep -q '^code: core,x,' out || fail "other code is not named: $(cat out)"
grep -q '^host: blas_kernel,Other,' out || fail "another kernel is not named: $(cat out)"

# An interrupted run is replayed up to its last step, and a run without steps not at all; an interrupted
# replay gives no verdict.
"$attnlab" train small.yaml --quiet --db a.db train.tokens=40M train.save_every_tokens=4096 2>/dev/null &
pid=$!
wait_for a.db "SELECT count(*) FROM ckpt JOIN run USING(run_id) WHERE status = 'running'"
kill -TERM $pid
wait $pid
cut=$(sqlite3 a.db "SELECT run_uid FROM run WHERE status = 'preempted'")
steps=$(sqlite3 a.db "SELECT last_step FROM run WHERE run_uid = '$cut'")
replay "$cut" --quiet || fail "a run that was cut off: $? $(cat err)"
grep -q "^attnlab: run $cut: $steps steps agree bit for bit (it has not ended)$" err || fail "cut off at $steps: $(cat err)"
sqlite3 a.db "UPDATE train_step SET loss = loss + 1 WHERE step = 3 AND run_id = (SELECT run_id FROM run WHERE run_uid = '$cut')"
replay "$cut" --quiet
[ $? -eq 1 ] && grep -q 'differs from step 3 on$' err || fail "cut off, another loss: $(cat err)"
sqlite3 a.db "UPDATE run SET status = 'done' WHERE run_uid = '$cut'" # else it would not take long enough
"$attnlab" replay "$cut" --quiet --db a.db >out 2>err &
pid=$!
while [ -z "$(ls tmp/*/replay.db.runs 2>/dev/null)" ]; do sleep 0.05; done
sleep 0.3
kill -TERM $pid
wait $pid
[ $? -eq 5 ] && grep -q 'start it again' err && ! grep -q 'to resume' err || fail "a stopped replay: $(cat err)"
sqlite3 a.db "PRAGMA foreign_keys=ON; DELETE FROM train_step WHERE run_id = (SELECT run_id FROM run WHERE run_uid = '$cut')"
replay "$cut" --quiet
[ $? -eq 1 ] && grep -q 'has no steps in the database' err || fail "no step: $(cat err)"

# A run that diverged did so at the same step.
"$attnlab" train small.yaml --quiet --db a.db train.lr=1e6 train.clip=0 train.warmup_tokens=0 2>/dev/null
hot=$(sqlite3 a.db "SELECT run_uid FROM run WHERE status = 'diverged'")
replay "$hot" --quiet || fail "diverged: $? $(cat err)"
replay nosuchrun
[ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] || fail "an unknown run: $(cat err)"
replay "$uid" train.lr=1
[ $? -eq 2 ] && [ "$(wc -l <err)" -eq 1 ] || fail "another identity: $(cat err)"
[ -z "$(ls tmp)" ] || fail "scratch is left: $(ls tmp)"

finish
