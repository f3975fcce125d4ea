#!/bin/bash
# generate.sh ATTNLAB - text from a run, a checkpoint and its folder; draws that depend on neither batch
# nor threads; one clear line for a bad prompt or model; signals.
. "$(dirname "$0")/common.sh"
small_corpus
"$attnlab" train small.yaml --quiet --db a.db >/dev/null 2>&1 || fail "train: $?"
uid=$(sqlite3 a.db 'SELECT run_uid FROM run')
folder=a.db.runs/$uid

generate() {
    "$attnlab" generate "$@" --db a.db
}

generate "${uid:0:6}" -n 25 >run.txt 2>err || fail "a run: $? $(cat err)"
grep -q 'prefill 1 tokens in .* decode [0-9]* in' err || fail "rates: $(cat err)"
generate "$folder" -n 25 -q >folder.txt 2>err || fail "a folder: $? $(cat err)"
[ ! -s err ] || fail "--quiet: $(cat err)"
generate "$folder/weights.safetensors" -n 25 -q -t 2 >file.txt || fail "a file: $?"
cmp -s run.txt folder.txt && cmp -s run.txt file.txt || fail "three names, several texts"
generate "$uid" -n 25 -b 3 -q -o json >three.json || fail "--batch: $?"
generate "$uid" -n 25 -b 5 -q -t 2 -o json >five.json || fail "--batch 5: $?"
generate "$uid" -n 25 -q --seed 2 >other.txt
cmp -s run.txt other.txt && fail "--seed changes nothing"
generate "$uid" -p 'ab' -n 20 --temperature 0 -q -o json >greedy.json
generate "$uid" -p 'ab' -n 20 --top-k 1 -q --seed 9 -o json >top.json
cmp -s greedy.json top.json || fail "the most likely of one is not the most likely"
generate "$uid" -n 100 --temperature 0 -q -o json >full.json
generate "$uid" -n 100 --temperature 0 -q --slide -o json >slide.json
python3 - <<'PY' || fail "rows"
import json
rows = lambda f: json.load(open(f))["rows"]
three, five = rows("three.json"), rows("five.json")
assert [r["text"] for r in five[:3]] == [r["text"] for r in three], "a batch changes its texts"
assert len({r["text"] for r in five}) > 1
assert open("run.txt").read() == three[0]["text"] + "\n"
[full], [slide] = rows("full.json"), rows("slide.json")
assert full["ended"] == "context" and full["tokens"] == 32, full
assert slide["tokens"] == 100 and slide["ended"] == "length", slide
assert slide["text"].startswith(full["text"])
PY

bad() { # STATUS PATTERN ARGUMENT...
    want=$1 pattern=$2
    shift 2
    generate "$@" >out 2>err
    status=$?
    [ $status -eq "$want" ] || fail "status $status, not $want: $* ($(cat err))"
    { [ "$(wc -l <err)" -eq 1 ] && grep -q -- "$pattern" err; } || fail "$*: $(cat err)"
    [ ! -s out ] || fail "something on stdout: $*"
}
printf 'a\0b' >nul.txt
: >empty.txt
head -c 4000 train.txt >long.txt
bad 2 'not UTF-8: byte 2 (0xff)' "$uid" -p $'a\xff'
bad 2 '--prompt' "$uid" -p ''
bad 2 'the prompt is empty' "$uid" -f empty.txt
bad 2 'byte 2 is NUL' "$uid" -f nul.txt
bad 2 'the context only 32' "$uid" -f long.txt
bad 2 'only one of them' "$uid" -p a -f long.txt
bad 1 'missing.txt' "$uid" -f missing.txt
bad 2 "no run 'nope'" nope
bad 2 'no such file' nope/weights.safetensors
bad 1 config.yaml train.txt
head -c 3000 "$folder/weights.safetensors" >"$folder/cut.safetensors"
bad 1 cut.safetensors "$folder/cut.safetensors"
rm "$folder/cut.safetensors"
bad 2 '--temperature' "$uid" --temperature -1
"$attnlab" train small.yaml train.keep=none train.seed=2 --quiet --db a.db >/dev/null 2>&1
bare=$(sqlite3 a.db 'SELECT run_uid FROM run WHERE seed_init=2')
bad 1 'has no weights' "$bare"
cp "$folder/weights.safetensors" kept
printf 'x' | dd of="$folder/weights.safetensors" bs=1 seek=5000 conv=notrunc 2>/dev/null
bad 1 'not the file that was recorded' "$uid"
mv kept "$folder/weights.safetensors"

# A signal ends it between two tokens; what was written stays, in whole characters.
"$attnlab" generate "$uid" --db a.db -n 100M --temperature 0 --slide >endless.txt 2>err &
pid=$!
for _ in $(seq 200); do [ -s endless.txt ] && break; sleep 0.05; done
kill -INT $pid
wait $pid
status=$?
[ $status -eq 5 ] || fail "a signal: status $status ($(cat err))"
[ "$(tail -c 1 endless.txt | od -An -c | tr -d ' ')" = '\n' ] || fail "a signal leaves half a line"
iconv -f UTF-8 -t UTF-8 endless.txt >/dev/null || fail "not UTF-8"
finish
