#!/bin/sh
# doctor.sh ATTNLAB - everything that can be wrong with a database is found, and what is safe is repaired.
. "$(dirname "$0")/common.sh"
small_corpus
small_study whole.db
doctor() { "$attnlab" doctor -o csv "$@" >out 2>err; }
sql() { sqlite3 bent.db "PRAGMA foreign_keys=OFF; $1"; }

doctor --db whole.db || fail "a whole record: $(cat out err)"
grep -q '^0 found, 0 fixed (SQLite 3' err || fail "a whole record: $(cat err)"
doctor --db nowhere.db --fix
[ $? -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] && [ ! -e nowhere.db ] || fail "no record: $(cat err)"
uid=$(sqlite3 whole.db 'SELECT run_uid FROM run LIMIT 1')

# found CHECK WORDS FIXED STATEMENT [COMMAND] - what is reported for a damage, and whether --fix repairs it.
found() {
    rm -rf bent.*
    sqlite3 -readonly whole.db "VACUUM INTO 'bent.db'"
    cp -r whole.db.runs bent.db.runs
    sql "$4"
    eval "${5-}"
    doctor --db bent.db
    [ $? -eq 1 ] || fail "$1: not status 1: $(cat out err)"
    grep "^$1," out | grep -q -- "$2" || fail "$1: '$2' is not found: $(cat out err)"
    doctor --db bent.db --fix
    status=$?
    if [ "$3" = fixed ]; then
        [ $status -eq 0 ] || fail "$1: not mended: $(cat out err)"
        doctor --db bent.db || fail "$1: mended, and still there: $(cat out)"
    else
        [ $status -eq 1 ] || fail "$1: called mended"
    fi
}

dir_of=bent.db.runs/$uid
found 'foreign keys' 'missing run' '' "DELETE FROM run WHERE run_uid = '$uid'"
found 'missing cells' 'mha: 1 of 2 cells' '' 'DELETE FROM arm_run WHERE arm_id = 1 AND pair_key = 2'
found 'unequal n' 'mha has 1, mqa has 2' '' "UPDATE run SET status = 'failed', message = 'it broke' WHERE run_uid = '$uid'"
found 'failed runs' "$uid,it broke" '' "UPDATE run SET status = 'failed', message = 'it broke' WHERE run_uid = '$uid'"
found 'steps' "$uid,2 steps missing between 1 and 20" '' 'DELETE FROM train_step WHERE run_id = 1 AND step IN (7, 8)'
found 'steps' "$uid,.done at step 20 of 20, but the log ends at 19" '' 'DELETE FROM train_step WHERE run_id = 1 AND step = 20'
found 'evaluations' "$uid" '' 'DELETE FROM eval WHERE run_id = 1'
found 'completed twice' "$uid,2 attempts" '' 'INSERT INTO attempt SELECT run_id, 2, host_id, code_id, pid, threads,
    from_step, to_step, started_ms, ended_ms, exit_code, signal FROM attempt WHERE run_id = 1'
found 'mixed builds' 'small,2 versions of core' '' "INSERT INTO code(code_id, binary_sha256, version) VALUES(9, 'x', '0');
    INSERT INTO code_file SELECT 9, name, iif(name = 'core', 'y', sha256) FROM code_file; UPDATE run SET code_id = 9 WHERE run_id = 1"
found 'mixed runs' "$uid,.computed in 2 environments: .*kernels plain" '' "INSERT INTO host SELECT 99, hostname, cpu_model, 'plain',
    cores, mem_bytes, os, blas, blas_kernel FROM host LIMIT 1; INSERT INTO attempt SELECT run_id, 2, 99, code_id, pid, threads, 10,
    to_step, started_ms, ended_ms, NULL, signal FROM attempt WHERE run_id = (SELECT run_id FROM run WHERE run_uid = '$uid')"
found 'dead runs' "$uid,.marked as running" fixed "UPDATE run SET status = 'running' WHERE run_id = 1;
    UPDATE run SET status = 'running' WHERE run_id = 2; UPDATE run SET status = 'running' WHERE run_id = 3;
    UPDATE run SET status = 'running' WHERE run_id = 4" 
[ "$(sql "SELECT count(*) FROM run WHERE status = 'preempted'")" = 4 ] || fail "dead runs are $(sql 'SELECT status FROM run')"
found 'files without rows' 'step-000000007.safetensors is in no row' fixed '' 'touch $dir_of/step-000000007.safetensors'
found 'files without rows' 'weights.safetensors.part is in no row' fixed '' 'touch $dir_of/weights.safetensors.part'
found 'files without rows' 'abcdef012345,a folder without a run' fixed '' 'mkdir bent.db.runs/abcdef012345; touch bent.db.runs/abcdef012345/lock'
found 'files without rows' 'abcdef012345,a folder without a run' '' '' 'mkdir bent.db.runs/abcdef012345; touch bent.db.runs/abcdef012345/weights.safetensors'
found 'rows without files' 'weights.safetensors is missing' fixed '' 'rm $dir_of/weights.safetensors'
found 'rows without files' 'weights.safetensors has other content than recorded' fixed '' \
    'printf x | dd of=$dir_of/weights.safetensors bs=1 seek=5000 conv=notrunc 2>/dev/null'
found 'rows without files' 'weights.safetensors has another size' fixed '' 'truncate -s -1 $dir_of/weights.safetensors'

# A diverged run is an outcome: its arm has no missing run.
rm -rf bent.*
sqlite3 -readonly whole.db "VACUUM INTO 'bent.db'"
cp -r whole.db.runs bent.db.runs
sql "UPDATE run SET status = 'diverged' WHERE run_uid = '$uid'"
doctor --db bent.db || fail "a run that diverged: $(cat out err)"

# A copy has no files of earlier runs; this is not an error, and their checkpoints stay listed.
rm -rf bent.*
"$attnlab" backup bent.db --db whole.db || fail "backup: $?"
doctor --db bent.db --fix || fail "a copy: $(cat out err)"
grep -q 'This database is a copy: 4 files of weights are with the original.$' err || fail "a copy: $(cat err)"
[ "$(sql 'SELECT count(*) FROM ckpt')" = 4 ] || fail "a copy: forgotten weights"
"$attnlab" train small.yaml --quiet --db bent.db 2>/dev/null || fail "a run in a copy: $?"
rm bent.db.runs/*/weights.safetensors
doctor --db bent.db
[ $? -eq 1 ] && [ "$(grep -c 'rows without files' out)" = 1 ] || fail "lost after copying: $(cat out err)"

# A flipped page of the database itself.
rm -rf bent.*
sqlite3 -readonly whole.db "VACUUM INTO 'bent.db'"
page=$(sqlite3 bent.db "SELECT rootpage FROM sqlite_schema WHERE name = 'run_status'")
head -c 4096 /dev/urandom | dd of=bent.db bs=4096 seek=$((page - 1)) conv=notrunc 2>/dev/null
doctor --db bent.db
[ $? -eq 1 ] || fail "a broken page: status $?"

# A run in progress is left alone.
"$attnlab" train small.yaml --quiet --db live.db train.tokens=2M 2>/dev/null &
pid=$!
wait_for live.db 'SELECT count(*) FROM ckpt'
doctor --db live.db --fix || fail "a living run: $(cat out err)"
kill -9 $pid
wait $pid 2>/dev/null
doctor --db live.db
grep -q '^dead runs,' out || fail "a killed run: $(cat out err)"

finish
