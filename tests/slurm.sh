#!/bin/sh
# slurm.sh ATTNLAB - tools/slurm on a real Slurm of one node, started for the test: an array of shards of which one is
# requeued in the middle and all run into their time limit's signal or end, then a merge that has the numbers of the
# study in one piece.  Skipped (77), with the reason, where Slurm can't be started.
. "$(dirname "$0")/common.sh"
tool=$(cd "$(dirname "$0")/.." && pwd)/tools/slurm
skip() {
    echo "skipped: $1"
    exit 77
}
for program in slurmctld slurmd munged sbatch scontrol squeue; do
    command -v $program >/dev/null || PATH=$PATH:/usr/sbin command -v $program >/dev/null ||
        skip "$program is not installed (Debian: slurmctld slurmd slurm-client munge)"
done
PATH=$PATH:/usr/sbin
[ "$(id -u)" -eq 0 ] || skip "starting munged and slurmd needs root"
[ -s /etc/munge/munge.key ] || skip "munge has no key"

# --- a cluster of this machine ---------------------------------------------------------------------------------------
stop() {
    [ ! -e slurm/d.pid ] || kill "$(cat slurm/d.pid)" 2>/dev/null
    [ ! -e slurm/ctld.pid ] || kill "$(cat slurm/ctld.pid)" 2>/dev/null
    [ ! -e slurm/munge.pid ] || kill "$(cat slurm/munge.pid)" 2>/dev/null
    sleep 1
    rm -rf "$dir"
}
trap stop EXIT
mkdir -p slurm/state slurm/spool slurm/log
chmod 755 "$dir" slurm
munged --force --socket="$dir/slurm/munge.sock" --pid-file="$dir/slurm/munge.pid" --log-file="$dir/slurm/log/munge.log" \
    --seed-file="$dir/slurm/munge.seed" 2>slurm/err || skip "munged does not start: $(head -1 slurm/err)"
host=$(hostname -s)
cat >slurm/slurm.conf <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/slurm/munge.sock
CryptoType=crypto/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation=$dir/slurm/state
SlurmdSpoolDir=$dir/slurm/spool
SlurmctldPidFile=$dir/slurm/ctld.pid
SlurmdPidFile=$dir/slurm/d.pid
SlurmctldLogFile=$dir/slurm/log/ctld.log
SlurmdLogFile=$dir/slurm/log/d.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
KillWait=30
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=60 State=UP
END
export SLURM_CONF="$dir/slurm/slurm.conf"
slurmctld 2>slurm/err || skip "slurmctld does not start: $(head -1 slurm/err)"
slurmd -N "$host" 2>slurm/err || slurmd 2>slurm/err || skip "slurmd does not start: $(head -1 slurm/err)"
tries=0
until sinfo -h -o %T 2>/dev/null | grep -q idle; do
    tries=$((tries + 1))
    [ $tries -lt 60 ] || skip "the node is not idle: $(sinfo 2>&1 | tail -1); $(tail -2 slurm/log/d.log)"
    sleep 1
done

# --- a study in three shards -----------------------------------------------------------------------------------------
small_corpus
cat >study.yaml <<'YAML'
model: {n_layers: 2, dim: 32, n_heads: 4, ffn_dim: 64, context: 32}
data: {corpus: corpus}
train: {tokens: 400k, batch_tokens: 512, lr: 3e-3, save_every_tokens: 4096}
eval: {tokens: 1024}
sweep:
  name: cluster
  axes: {model.attention: [mha, mqa]}
  baseline: {model.attention: mha}
  seeds: 3
YAML
numbers() {
    sqlite3 "$1" "SELECT run_uid, step, quote(loss), quote(grad_norm) FROM train_step JOIN run USING(run_id) ORDER BY 1, 2;
        SELECT run_uid, status, last_step, final_hash FROM run ORDER BY 1"
}
"$attnlab" sweep study.yaml --db whole.db -j 2 -t 1 2>err || fail "in one piece: $(cat err)"
ATTNLAB=$attnlab "$tool" --shards 3 --into all.db --out out --local "$dir/node" study.yaml >jobs 2>err ||
    fail "tools/slurm: $? $(cat jobs err)"
array=$(sed -n 's/^shards: job \([0-9]*\),.*/\1/p' jobs)
running() { ls node/*-1.db 2>/dev/null | head -1; }
tries=0
until db=$(running) && [ -n "$db" ] && [ "$(sqlite3 -readonly "$db" 'SELECT count(*) FROM ckpt' 2>/dev/null || echo 0)" -ge 1 ]; do
    tries=$((tries + 1))
    [ $tries -lt 600 ] || break
    sleep 0.1
done
scancel --signal=TERM --batch "${array}_1" 2>err || fail "signal: $(cat err)"
tries=0
while squeue -h 2>/dev/null | grep -q .; do
    tries=$((tries + 1))
    [ $tries -lt 300 ] || break
    sleep 1
done
[ $tries -lt 300 ] || fail "the jobs do not end: $(squeue -h)"
[ -e all.db ] || fail "not merged: $(cat out/*.log)"
numbers whole.db >whole.log
numbers all.db >all.log
cmp -s whole.log all.log || fail "other numbers: $(diff whole.log all.log | head -5) $(cat out/*.log)"
[ "$(sqlite3 all.db 'SELECT max(attempts) FROM run')" -ge 2 ] || fail "no run was stopped: $(cat out/shard-1.log)"
[ "$(ls all.db.runs/*/weights.safetensors | wc -l)" -eq 6 ] || fail "not all weights"
"$attnlab" doctor --db all.db >doctor.log 2>&1
grep -Eq 'without|integrity' doctor.log && fail "doctor: $(cat doctor.log)"
grep -q 'stopped by signal 15' out/shard-1.log || fail "no signal in $(cat out/shard-1.log)"
echo "three shards, $(sqlite3 all.db 'SELECT sum(attempts) FROM run') attempts at 6 runs"

# One clear line for what is wrong.
"$tool" --shards 0 study.yaml 2>err && fail "--shards 0"
grep -q 'is no number' err || fail "--shards 0: $(cat err)"
ATTNLAB=$attnlab "$tool" nowhere.yaml 2>err && fail "no study"
grep -q 'no such file' err || fail "no study: $(cat err)"
finish
