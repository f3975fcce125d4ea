#!/bin/sh
# bad_inputs.sh ATTNLAB - every mistake of a user gives one clear line and the right exit status, and
# nothing is stored or left half-written.
. "$(dirname "$0")/common.sh"
small_corpus

# bad STATUS 'PATTERN'... -- COMMAND... - one line on stderr, with every pattern in it.
bad() {
    want=$1 patterns=
    shift
    while [ "$1" != -- ]; do
        patterns="$patterns$1
"
        shift
    done
    shift
    "$@" >out 2>err
    status=$?
    [ $status -eq "$want" ] || fail "status $status, not $want: $* ($(cat err))"
    [ "$(wc -l <err)" -eq 1 ] || fail "not one line: $* ($(cat err))"
    printf %s "$patterns" >patterns
    while read -r pattern; do
        grep -q -- "$pattern" err || fail "'$pattern' is not said: $* ($(cat err))"
    done <patterns
    [ ! -s out ] || fail "something on stdout: $* ($(cat out))"
}

config() { # TEXT - replaces small.yaml's `model` line
    { echo "$1" && sed 1d small.yaml; } >bad.yaml
}

train() {
    "$attnlab" train "$@" --quiet --db bad.db
}

# Keys and values.
bad 2 model.dims 'model.dim' -- train small.yaml model.dims=64
config 'model: {n_layers: 2, dim: 32, n_head: 4, context: 32}'
bad 2 'bad.yaml:1:' n_head n_heads -- train bad.yaml
bad 2 model.dim abc -- train small.yaml model.dim=abc
bad 2 train.lr -- train small.yaml train.lr=fast
bad 2 train.lr -- train small.yaml train.lr=nan
bad 2 train.tokens -- train small.yaml train.tokens=5q
bad 2 model.tie_embeddings -- train small.yaml model.tie_embeddings=maybe
config 'model: {n_layers: [2, 3], dim: 32, n_heads: 4, context: 32}'
bad 2 'bad.yaml:1:' n_layers -- train bad.yaml
bad 2 model.n_heads 5 32 -- train small.yaml model.n_heads=5
bad 2 n_kv_heads=3 4 -- train small.yaml model.attention=gqa:n_kv_heads=3
bad 2 "no attention variant 'mhaa'" -- train small.yaml model.attention=mhaa
bad 2 "no option 'heads'" -- train small.yaml model.attention=gqa:heads=2
bad 2 batch_tokens -- train small.yaml train.batch_tokens=500
bad 2 eval.context -- train small.yaml 'eval.context=[32, 48]'
bad 2 'GiB' available -- train small.yaml model.dim=65536 model.n_heads=64 model.n_layers=100
bad 2 vocab -- train small.yaml model.vocab_size=10

bad 2 'did you mean window:size=8:n_kv_heads=2?' -- train small.yaml model.attention=window:size=8,n_kv_heads=2
bad 2 'did you mean train.lr?' -- train small.yaml train.learning_rate=1e-3
bad 2 'set train.tokens instead, to steps x train.batch_tokens' -- train small.yaml train.steps=100
bad 2 'not UTF-8' -- train small.yaml "data.corpus=$(printf 'caf\351')"

# YAML.
printf 'model:\n  dim: 32\n\nmodel:\n  n_heads: 4\n' >bad.yaml
bad 2 'bad.yaml:4:' 'first on line 1' -- train bad.yaml
printf 'data:\n  corpus: nowhere\n' >bad.yaml
bad 1 'bad.yaml:2: data.corpus: nowhere' "the current folder is $dir" -- train bad.yaml
config 'model: &m {n_layers: 2, dim: 32, n_heads: 4, context: 32}'
bad 2 'bad.yaml:1:' anchor -- train bad.yaml
config 'model: {n_layers: 2, dim: 32, dim: 64, n_heads: 4, context: 32}'
bad 2 'bad.yaml:1:' dim twice -- train bad.yaml
config 'model: {n_layers: 2'
bad 2 'bad.yaml:' -- train bad.yaml
bad 1 'nothere.yaml' -- train nothere.yaml
printf 'model: {dim: \377}\n' >bad.yaml
bad 2 'bad.yaml' -- train bad.yaml
: >bad.yaml
bad 2 'not a configuration' -- train bad.yaml
echo 'model: {dim: 32, n_heads: 4}' >bad.yaml
bad 2 'vocab_size' -- train bad.yaml

# Lengths and the corpus.
bad 2 context tokens -- train small.yaml model.context=1048576 train.batch_tokens=1048576 eval.tokens=0
bad 1 nocorpus -- train small.yaml data.corpus=nocorpus
cp -r corpus torn && shard=$(basename "$(ls torn/train* | head -n 1)")
truncate -s -2 "torn/$shard"
bad 1 "torn/$shard" -- train small.yaml data.corpus=torn
cp -r corpus gone && rm "gone/$shard"
bad 1 "gone/$shard" -- train small.yaml data.corpus=gone
cp -r corpus changed
printf 'x' | dd of="changed/$shard" bs=1 seek=100 conv=notrunc 2>/dev/null
bad 1 "changed/$shard" -- train small.yaml data.corpus=changed
cp -r corpus nomanifest && rm nomanifest/manifest.json
bad 1 manifest -- train small.yaml data.corpus=nomanifest

# The database.
bad 1 'nowhere/bad.db' -- "$attnlab" train small.yaml --quiet --db nowhere/bad.db
mkdir folder.db
bad 1 folder.db -- "$attnlab" train small.yaml --quiet --db folder.db
sqlite3 newer.db 'PRAGMA application_id=0x41544C42; PRAGMA user_version=99; CREATE TABLE t(x)'
cp newer.db newer.copy
bad 1 newer.db 'version 99' -- "$attnlab" train small.yaml --quiet --db newer.db
cmp -s newer.db newer.copy || fail "a database of a newer schema was changed"
sqlite3 other.db 'CREATE TABLE t(x)'
bad 1 other.db "not one of attnlab's" -- "$attnlab" train small.yaml --quiet --db other.db
head -c 5000 /dev/urandom >noise.db
bad 1 noise.db -- "$attnlab" train small.yaml --quiet --db noise.db
bad 1 norecord.db -- "$attnlab" train --resume abc --quiet --db norecord.db
[ ! -e norecord.db ] || fail "--resume made a database"

# prepare.
printf 'good\nbad \377\376\n' >invalid.txt
bad 1 invalid.txt 9 -- "$attnlab" prepare invalid.txt --holdout held.txt --vocab-size 300 --out p1
: >empty.txt
bad 1 empty.txt -- "$attnlab" prepare empty.txt --holdout held.txt --vocab-size 300 --out p2
bad 1 nothere.txt -- "$attnlab" prepare nothere.txt --holdout held.txt --vocab-size 300 --out p3
printf '{"text": "good"}\n{"text": 1}\n' >bad.jsonl
bad 1 'bad.jsonl:2: ' 'not a string' -- "$attnlab" prepare bad.jsonl --jsonl-field text --holdout held.txt --vocab-size 300 --out p4
echo nothere.txt >list
bad 1 'list:1: nothere.txt' -- "$attnlab" prepare --files-from list --holdout held.txt --vocab-size 300 --out p5
bad 2 'missing argument: FILE' -- "$attnlab" prepare --vocab-size 300 --out p6
bad 2 "'step=3' is not every=N" -- "$attnlab" prepare train.txt --holdout blocks:step=3 --vocab-size 300 --out p7
mkdir theirs && echo mine >theirs/tokenizer.model
bad 1 "theirs: this folder has files that are not a corpus's" -- \
    "$attnlab" prepare train.txt --holdout held.txt --vocab-size 300 --out theirs --force
[ "$(cat theirs/tokenizer.model)" = mine ] || fail "prepare replaced a file that is not its own"
for out in p1 p2 p3 p4 p5 p6 p7; do [ ! -e $out ] || fail "prepare left $out behind"; done

# Commands and their options.
bad 2 ATTNLAB_KERNELS nosuchpath -- env ATTNLAB_KERNELS=nosuchpath "$attnlab" keys
bad 2 "unknown command 'comprae'" 'did you mean compare?' 'attnlab help' -- "$attnlab" comprae
bad 2 "unknown command 'comprae'" -- "$attnlab" help comprae
bad 2 'unknown option --nosuchoption' 'attnlab help train' -- "$attnlab" train --nosuchoption
bad 2 'unknown option --out; did you mean --output?' 'attnlab help compare' -- "$attnlab" compare heads --out x
bad 2 'unknown option --nosuchoption' -- "$attnlab" --nosuchoption
bad 2 '--db: missing value' -- "$attnlab" --db
bad 2 'missing argument: CONFIG' -- "$attnlab" train
bad 2 'missing argument: CONFIG' -- "$attnlab" train train.lr=1
bad 2 'missing argument: STUDY' -- "$attnlab" compare
bad 2 'missing argument: STUDY' -- "$attnlab" plot --out figures
bad 2 'missing option: --out DIR' -- "$attnlab" plot heads
bad 2 'missing argument: RUN' -- "$attnlab" diff heads/mha/1
bad 2 "unexpected argument 'three'" -- "$attnlab" compare one two three
bad 2 '--reps: 0 is outside 1..10000' -- "$attnlab" bench train --reps 0
bad 2 "'predict' cannot be measured" -- "$attnlab" bench predict
bad 2 "no figure 'los'" -- "$attnlab" plot heads --out figures --kind los
bad 2 "'finished' is not one of planned, running" -- "$attnlab" ls --db other.db --status finished
bad 2 '--again and --accept' -- "$attnlab" sweep heads --again --accept
bad 2 '--output: several tables' -- "$attnlab" show heads -o csv

# Weights of another shape are noticed before anything is planned.
"$attnlab" train small.yaml --quiet --db from.db || fail "train: $?"
bad 2 train.init_from from.db.runs model.embed_tokens.weight '(300, 32)' '(300, 64)' -- "$attnlab" train small.yaml --quiet --db from.db model.dim=64 \
    "train.init_from=$(echo from.db.runs/*/weights.safetensors)"
[ "$(sqlite3 from.db 'SELECT count(*) FROM run')" = 1 ] || fail "weights of another shape: a run was planned"

# No refused run is stored as running.
if [ -e bad.db ]; then
    [ "$(sqlite3 bad.db "SELECT count(*) FROM run WHERE status NOT IN ('failed', 'planned')")" = 0 ] ||
        fail "a refused run is recorded as $(sqlite3 bad.db 'SELECT status FROM run')"
fi

# A grid shows each arm against its baseline, so it excludes other layouts.
bad 2 'leave out --pairs all' -- "$attnlab" compare heads --rows context --pairs all
bad 2 'leave out --interactions' -- "$attnlab" compare heads --tables context --interactions

# A loss that is not finite: stored with its step, status 4 each time, and not run again.
"$attnlab" train small.yaml --quiet --db nan.db train.lr=1e6 train.clip=0 train.warmup_tokens=0 2>err
[ $? -eq 4 ] || fail "divergence: not status 4 ($(cat err))"
[ "$(wc -l <err)" -eq 1 ] || fail "divergence: not one line ($(cat err))"
sqlite3 nan.db "SELECT message FROM run" |
    grep -Eq '^diverged at step [0-9]+: the loss is ([0-9.e+]+|not a number|infinite) and the gradient norm is ([0-9.e+]+|not a number|infinite)(; model[a-z0-9._]* is not finite)?$' ||
    fail "divergence is put as $(sqlite3 nan.db 'SELECT message FROM run')"
[ "$(sqlite3 nan.db "SELECT status || (last_step = (SELECT max(step) FROM train_step)) FROM run")" = diverged1 ] ||
    fail "divergence is recorded as $(sqlite3 nan.db 'SELECT status, last_step, message FROM run')"
cp err first
"$attnlab" train small.yaml --quiet --db nan.db train.lr=1e6 train.clip=0 train.warmup_tokens=0 2>err
[ $? -eq 4 ] || fail "a diverged run, asked for again: not status 4"
cmp -s first err || fail "a diverged run, asked for again: $(cat err)"
"$attnlab" train --resume "$(sqlite3 nan.db 'SELECT run_uid FROM run')" --quiet --db nan.db 2>err
[ $? -eq 4 ] || fail "a diverged run, resumed: not status 4"
[ "$(sqlite3 nan.db 'SELECT count(*) FROM attempt')" = 1 ] || fail "a diverged run was run again"

# The same if only the held-out text shows it: the byte of ~, piece 3 + 126, has no embedding.
weights=$(echo from.db.runs/*/weights.safetensors)
{
    echo '~'
    cat held.txt
} >odd.txt
"$attnlab" prepare train.txt --holdout odd.txt --tokenizer corpus/tokenizer.model --out odd >/dev/null 2>&1 ||
    fail "prepare: $?"
header=$(od -An -tu8 -N8 "$weights")
at=$(head -c $((8 + header)) "$weights" | tr -d '\0' |
    sed 's/.*"model.embed_tokens.weight":{[^}]*"data_offsets":\[\([0-9]*\).*/\1/')
cp "$weights" nan.safetensors
printf '\0\0\300\177' |
    dd of=nan.safetensors bs=1 seek=$((8 + header + at + 129 * 32 * 4)) conv=notrunc 2>/dev/null
"$attnlab" train small.yaml --quiet --db held.db data.corpus=odd train.tokens=512 train.init_from=nan.safetensors 2>err
[ $? -eq 4 ] || fail "a held-out loss that is NaN: not status 4 ($(cat err))"
[ "$(sqlite3 held.db "SELECT status || (SELECT count(*) FROM eval WHERE nll_sum IS NULL) FROM run")" = diverged1 ] ||
    fail "a held-out loss that is NaN: $(sqlite3 held.db 'SELECT status, message FROM run')"

finish
