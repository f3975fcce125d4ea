#!/bin/sh
# database.sh ATTNLAB - one database has one name; it can be read where nothing can be written; a lock that another
# program holds ends no run; and a full disk is said early, once, with what to do.
. "$(dirname "$0")/common.sh"
small_corpus
small_study real.db
mkdir first # the database as the study left it
cp real.db real.db-wal first/
count() { sqlite3 -readonly "$1" "$2"; }
weights() { ls real.db.runs/*/weights.safetensors 2>/dev/null | wc -l; }

# one_line STATUS WORDS COMMAND... - the command ends with this status and one line that has the words.
one_line() {
    wanted=$1 words=$2
    shift 2
    "$@" >out 2>err
    status=$?
    [ $status -eq "$wanted" ] || fail "$*: status $status, not $wanted: $(cat err)"
    [ -z "$words" ] || grep -q -- "$words" err || fail "$*: no '$words' in: $(cat err)"
    [ "$wanted" -eq 0 ] || [ "$(wc -l <err)" -eq 1 ] || fail "$*: $(wc -l <err) lines: $(cat err)"
}

# --- one database, one name -------------------------------------------------------------------------------------------
mkdir sub
ln -s real.db link.db
ln -s link.db second.db
ln -s ../real.db sub/b.db
ln -s . here
for name in real.db ./real.db "$dir/real.db" link.db second.db sub/b.db here/link.db "$dir/here/here/sub/b.db"; do
    "$attnlab" doctor --db "$name" --fix >out 2>err || fail "doctor --fix by $name: $(cat out err)"
    [ "$(weights)" -eq 4 ] || fail "doctor --fix by $name: $(weights) weights are left"
    "$attnlab" sweep study.yaml --db "$name" 2>err || fail "sweep by $name: $(cat err)"
    grep -q '4 of 4 runs recorded' err || fail "sweep by $name trains again: $(cat err)"
done
for name in link.db second.db sub/b.db; do
    [ ! -e $name.runs ] && [ ! -e $name.lock ] && [ ! -e $name-wal ] || fail "$name has files of its own: $(ls . sub)"
done
"$attnlab" train small.yaml --quiet --db real.db train.tokens=50M 2>/dev/null &
pid=$!
wait_for real.db "SELECT count(*) FROM run WHERE status = 'running'"
one_line 1 'is being trained by another process' "$attnlab" train small.yaml --quiet --db link.db train.tokens=50M
one_line 0 '0 found' "$attnlab" doctor --fix --db sub/b.db
kill $pid
wait $pid
ln real.db hard.db
for name in real.db hard.db link.db; do
    for command in 'ls' 'compare small' 'doctor --fix' 'sweep study.yaml'; do
        one_line 1 'a second name (a hard link)' "$attnlab" $command --db $name
    done
done
rm hard.db
[ "$(ls -d hard.db* 2>/dev/null)" = "" ] || fail "a hard link has files of its own: $(ls -d hard.db*)"
mkdir link.db.runs
one_line 1 'link.db.runs is another folder than' "$attnlab" doctor --fix --db link.db
one_line 0 '' "$attnlab" ls --db link.db
rmdir link.db.runs

# A folder of runs belongs to one database, be it a link or not.
"$attnlab" backup copy.db --db real.db || fail "backup: $?"
grep -q . real.db.runs/*/lock && fail "a lock holds data"
sqlite3 copy.db 'DELETE FROM ckpt'
ln -s real.db.runs copy.db.runs
one_line 1 'is also the folder of runs of .*real.db, and each would remove' "$attnlab" doctor --fix --db copy.db
mv real.db.runs elsewhere
ln -s elsewhere real.db.runs
one_line 0 '0 found' "$attnlab" doctor --fix --db real.db
rm copy.db.runs
ln -s elsewhere copy.db.runs
one_line 1 'is also the folder of runs of .*real.db' "$attnlab" doctor --fix --db copy.db
rm copy.db.runs real.db.runs
mv elsewhere real.db.runs
cp -r real.db.runs copy.db.runs # a folder of its own, which was only copied
one_line 0 '' "$attnlab" ls --db copy.db
"$attnlab" doctor --fix --db copy.db >out 2>err || fail "a copied folder: $(cat out err)"
[ "$(weights)" -eq 4 ] || fail "$(weights) weights are left"
rm -r copy.db*

# --- nothing can be written -------------------------------------------------------------------------------------------
# Root may write everywhere, so it becomes nobody.
as=
[ "$(id -u)" -ne 0 ] || as='setpriv --reuid=65534 --clear-groups'
chmod 755 .
fresh() {
    chmod -R u+w ro 2>/dev/null
    rm -rf ro
    mkdir ro
    cp -r real.db real.db-wal real.db-shm real.db.lock real.db.runs study.yaml ro/
}
check_readers() {
    for command in 'ls' 'status' 'compare small' 'doctor' 'query leaderboard' 'show small' 'power small' 'curves small' \
        'spikes small' 'frontier small' 'diff small/mha/1 small/mqa/1' "backup $dir/open/c.db" \
        "report small --out $dir/open/r.html" 'sweep small --dry-run'; do
        $as "$attnlab" $command --db ro/real.db >out 2>err || fail "$1: $command: $? $(cat err)"
        [ -s out ] || [ "${command%% *}" = backup ] || fail "$1: $command prints nothing"
    done
}
mkdir -m 777 open
if $as "$attnlab" variants >/dev/null 2>&1; then
    fresh
    count ro/real.db 'PRAGMA query_only=1' # its log and index are there
    chmod 555 ro
    check_readers 'with a log'
    fresh
    sqlite3 ro/real.db 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
    rm -f ro/real.db-*
    chmod 555 ro
    check_readers 'without a log'
    one_line 1 'cannot be written: Permission denied' $as "$attnlab" doctor --fix --db ro/real.db
    fresh
    rm ro/real.db-shm
    chmod 555 ro
    one_line 1 'its newest rows are in .*real.db-wal.*copy both files' $as "$attnlab" ls --db ro/real.db
    fresh
    chmod 0 ro/real.db-wal
    chmod 555 ro
    one_line 1 'its log cannot be read, .*real.db-wal: Permission denied' $as "$attnlab" ls --db ro/real.db
    chmod 0 ro
    one_line 1 'cannot be opened: Permission denied' $as "$attnlab" ls --db ro/real.db
    chmod 755 ro
    # Weights that cannot be looked at are not gone.
    fresh
    chmod -R a+rwX ro
    chmod 0 ro/real.db.runs/*/weights.safetensors
    $as "$attnlab" doctor --fix --db ro/real.db >out 2>err && fail "unreadable weights: nothing is found"
    [ "$(grep -c 'weights.safetensors cannot be read' out)" = 4 ] || fail "unreadable weights: $(cat out err)"
    [ "$(count ro/real.db "SELECT count(*) FROM ckpt WHERE file LIKE 'weights%'")" = 4 ] || fail "unreadable weights are forgotten"
else
    echo "another user cannot run $attnlab: what an unwritable folder does is not tested"
fi

# --- another program holds the lock -----------------------------------------------------------------------------------
hold() { # DB SECONDS - keep SQLite's write lock; the file `held` says that it is held
    rm -f held
    python3 - "$1" "$2" <<'PYTHON' &
import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
c.execute("PRAGMA wal_autocheckpoint=0")
c.execute("BEGIN IMMEDIATE")
open("held", "w").close()
time.sleep(float(sys.argv[2]))
c.execute("ROLLBACK")
PYTHON
    holder=$!
    while [ ! -e held ] && kill -0 $holder 2>/dev/null; do sleep 0.05; done
}
steps='SELECT coalesce(max(step), 0) FROM train_step JOIN run USING(run_id) WHERE target_step = 100000'
"$attnlab" train small.yaml --quiet --db real.db train.tokens=51200000 train.save_every_tokens=50M eval.every_tokens=500k 2>said &
pid=$!
wait_for real.db "$steps"
hold real.db 8
before=$(count real.db "$steps")
wait $holder
wait_for real.db "$steps" $((before + 1))
after=$(count real.db "$steps") # the rows of those seconds
kill $pid
wait $pid
[ $? -eq 5 ] || fail "a run beside a lock: $(cat said)"
grep -q "^attnlab: real.db: process [0-9]* (python3) has locked the database; training goes on" said || fail "not said: $(cat said)"
[ "$(grep -c 'has locked the database' said)" -eq 1 ] || fail "said too often: $(cat said)"
[ "$(count real.db "SELECT count(*) = max(step) AND max(step) = (SELECT max(last_step) FROM run WHERE target_step = 100000)
    FROM train_step JOIN run USING(run_id) WHERE target_step = 100000")" = 1 ] || fail "steps are missing"
[ "$after" -gt $((before + 20)) ] || fail "no training beside a lock: step $before, then $after"
echo "steps before and after a lock of eight seconds: $before, $after"
hold real.db 4
"$attnlab" compare small --db real.db >out 2>err || fail "compare beside a lock: $(cat err)"
grep -q 'waiting for process [0-9]* (python3), which has locked the database' err || fail "compare waits silently: $(cat err)"
wait $holder

# --- a full disk ------------------------------------------------------------------------------------------------------
# A small file system of its own: it fills up, and is made larger.
cat >full.sh <<'SH'
attnlab=$1
mkdir disk && mount -t tmpfs -o size=2m tmpfs disk || exit 77
cp first/* disk/
room() { head -c $(($(stat -f -c '%a * %S' disk) - $1)) /dev/zero >disk/filler; }
room 0
"$attnlab" ls --db disk/real.db >out1 2>err1 # its index can't be made
echo $? >status1
rm -f disk/*
sqlite3 -readonly first/real.db "VACUUM INTO 'disk/whole.db'"
sqlite3 disk/whole.db 'PRAGMA journal_mode=wal' >/dev/null
rm -f disk/*-wal disk/*-shm
room 4096
"$attnlab" ls --db disk/whole.db >out2 2>err2 # there is no log
echo $? >status2
"$attnlab" backup disk/copy.db --db first/real.db 2>err3
echo $? >status3
"$attnlab" sweep study.yaml --db disk/new.db 2>err4
echo $? >status4
rm -f disk/*
room 1800000
"$attnlab" sweep full.yaml --db disk/a.db --jobs 1 2>err5
echo $? >status5
mount -o remount,size=64m disk
"$attnlab" sweep full.yaml --db disk/a.db --jobs 1 2>err6
echo $? >status6
rm disk/filler
"$attnlab" doctor --db disk/a.db >out7 2>err7
echo $? >status7
SH
sed 's/seeds: 2/seeds: 6/; s/10k/40k/; s/mqa\]/mqa, "gqa:n_kv_heads=2"]/' study.yaml >full.yaml
[ "$(id -u)" -eq 0 ] && own='unshare -m' || own='unshare -rm'
$own sh full.sh "$attnlab" 2>err
if [ $? -eq 77 ] || [ ! -e status1 ]; then
    echo "no file system may be mounted: what a full disk does is not tested: $(cat err)"
    finish
fi
said() { # N STATUS WORDS - the N-th command ended with this status and these words
    [ "$(cat status"$1")" = "$2" ] || fail "full disk, command $1: status $(cat status"$1"), not $2: $(cat err"$1")"
    [ -z "$3" ] || grep -q -- "$3" err"$1" || fail "full disk, command $1: no '$3' in: $(cat err"$1")"
    grep -q 'disk I/O error' err"$1" && fail "full disk, command $1: $(cat err"$1")"
}
said 1 1 'disk/real.db: the index of its log .* cannot be made: No space left on device; make room'
said 2 0 ''
grep -q 'mqa' out2 || fail "full disk, no log: $(cat out2)"
said 3 1 'disk/copy.db: .*No space left on device'
[ "$(wc -l <err3)" -eq 1 ] || fail "full disk, backup: $(cat err3)"
said 4 1 'No space left on device'
[ "$(wc -l <err4)" -eq 1 ] || fail "full disk, a new database: $(cat err4)"
said 5 1 'there is no room for .* MB: No space left on device; make room, then run the same command to resume'
[ "$(grep -c 'No space left' err5)" -eq 1 ] || fail "full disk: said more than once: $(cat err5)"
[ "$(grep -c '^small: \[' err5)" -le 9 ] || fail "full disk: other cells were trained: $(cat err5)"
said 6 0 '18 done, 0 diverged, 0 failed'
said 7 0 '0 found'

finish
