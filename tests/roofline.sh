#!/bin/bash
# roofline.sh ATTNLAB - a machine that was measured can be used and checked, figure 24's batches are those
# of the paper, and wrong command lines get one clear line.
. "$(dirname "$0")/common.sh"

"$attnlab" roofline --model 30b-mha --model 30b-gqa --model 30b-mqa -o json >f.json 2>err || fail "figure 24: $? $(cat err)"
small="model.n_layers=2 model.dim=64 model.n_heads=4 model.ffn_dim=64 model.vocab_size=300 model.context=64"
"$attnlab" roofline --measure here.yaml -t 1 >out 2>err || fail "measure: $? $(cat err)"
[ ! -s out ] || fail "measure writes to stdout"
# shellcheck disable=SC2086 # words
"$attnlab" bench decode -a mha -a mqa --batch 1 --batch 4 --tokens 5 -n 3 -t 1 --db a.db -q $small >out 2>err ||
    fail "bench decode: $? $(cat err)"
"$attnlab" roofline --machine here.yaml --check --db a.db -o json >c.json 2>err || fail "check: $? $(cat err)"
python3 - <<'PY' || fail "roofline"
import json
rows = json.load(open("f.json"))["rows"]
full = {(r["model"], r["prompt"]): r["batch"] for r in rows if r["outcome"] == "out-of-memory"}
assert full["30b-mha", 256] == 1024 and full["30b-mha", 2048] == 128, full
assert all(full.get((m, 256), 9999) > 1024 and full[m, 2048] > 128 for m in ("30b-gqa", "30b-mqa")), full
for r in rows:
    if r["outcome"] != "fits":
        assert r["missing_gib"] > 0 and r["latency_ms"] is None
        continue
    query = r["prefill_ms"] + 128 * r["latency_ms"]
    assert abs(r["query_ms"] * 128 - query) < 1e-3 * query and abs(r["queries_per_s"] * query / 1e3 / r["batch"] - 1) < 1e-3, r
c = json.load(open("c.json"))
assert [(r["attention"], r["batch"], r["reps"]) for r in c["rows"]] == [
    ("mha", 1, 3), ("mha", 4, 3), ("mqa", 1, 3), ("mqa", 4, 3)], c
assert all(abs(r["predicted_ms"] / r["measured_ms"] - 1 - r["error"]) < 1e-3 for r in c["rows"]), c
assert "of 4 cells within 25 %" in str(c["notes"]), c
PY

bad() { # STATUS PATTERN ARGUMENT...
    status=$1 pattern=$2
    shift 2
    "$attnlab" roofline "$@" >out 2>err </dev/null
    [ $? -eq "$status" ] || fail "status: $* ($(cat err))"
    { [ "$(wc -l <err)" -eq 1 ] && grep -q -- "$pattern" err; } || fail "$*: $(cat err)"
    [ ! -s out ] || fail "something on stdout: $*"
}
echo "hello: 1" >wrong.yaml
bad 2 "unknown key 'hello'" --machine wrong.yaml
bad 1 nothere --machine nothere
bad 2 'no key link' --machine a100 --devices 2
bad 2 'flops_bfloat16' --machine here.yaml --weights bfloat16
bad 2 'nope' --model llama2-7b -a nope
bad 2 'is no processor' --machine a100 --check --db a.db
bad 2 'only' --check --model llama2-7b
bad 2 'threads only' --measure x.yaml --model llama2-7b
bad 2 'for --measure' --threads 2
bad 2 'was not made by' --measure a.db
finish
