#!/bin/bash
# bench_decode.sh ATTNLAB - bench decode and bench prefill: what is printed is what was stored, memory
# is what the shapes say, and what doesn't fit is an outcome with the bytes that are missing.
. "$(dirname "$0")/common.sh"

small="model.n_layers=2 model.dim=64 model.n_heads=4 model.ffn_dim=64 model.vocab_size=300 model.context=64"

# shellcheck disable=SC2086 # words
"$attnlab" bench decode -a mha -a gqa:n_kv_heads=2 --context 64 --batch 1 --batch 3 --tokens 5 -n 7 -t 1 \
    --db a.db -q -o json $small >a.json 2>err || fail "bench decode: $? $(cat err)"
# shellcheck disable=SC2086
"$attnlab" bench prefill -a mha -a mqa --batch 2 -n 3 -t 1 --db a.db -q -o json $small >p.json 2>err ||
    fail "bench prefill: $? $(cat err)"
# shellcheck disable=SC2086
"$attnlab" bench decode -a mha -a mqa --context 64 --memory 3M --tokens 5 -n 1 -t 1 --db o.db -q -o json $small >o.json 2>err ||
    fail "out of memory: $? $(cat err)"

python3 - <<'PY' || fail "what it prints is not what it recorded"
import json, sqlite3, statistics
rows = json.load(open("a.json"))["rows"]
assert [(r["attention"], r["batch"]) for r in rows] == [
    ("mha", 1), ("gqa:n_kv_heads=2", 1), ("mha", 3), ("gqa:n_kv_heads=2", 3)], rows
d = sqlite3.connect("a.db")
def stored(attention, batch, phase="decode"):
    return d.execute("SELECT ns, tokens, steps, flops, read_bytes, read_gbs, sgemm_gflops, weight_bytes, cache_bytes,"
        " block FROM bench JOIN config USING(config_id) WHERE attention=? AND batch=? AND phase=?"
        " AND outcome='done' ORDER BY block", (attention, batch, phase)).fetchall()
near = lambda a, b: abs(a - b) <= 1e-4 * abs(b)
for r in rows:
    s = stored(r["attention"], r["batch"])
    base = stored("mha", r["batch"])
    assert len(s) == 7 and all(x[1] == 5 * r["batch"] and x[2] == 5 for x in s), s
    ms = sorted(x[0] / 5e6 for x in s)
    assert near(r["latency_ms"], ms[3]) and near(r["low_ms"], ms[0]) and near(r["high_ms"], ms[6]), (r, ms)
    assert near(r["tokens_per_s"], 1e3 * r["batch"] / ms[3]), r
    assert [x[9] for x in s] == [x[9] for x in base], "arms of a block"
    assert near(r["ratio"], statistics.median(x[0] / y[0] for x, y in zip(s, base))), r
    assert near(r["fraction_of_read"], statistics.median(x[4] / x[0] / x[5] for x in s)), r
    assert near(r["fraction_of_sgemm"], statistics.median(x[3] / x[0] / x[6] for x in s)), r
    # By the shapes: 2 layers, width 64, heads of 16, feed-forward 64, vocabulary 300, context 64.
    G = 4 if r["attention"] == "mha" else 2
    weights = 2 * (2 * 64 * 64 + 2 * 64 * G * 16 + 3 * 64 * 64) + 300 * 64
    cache = 2 * r["batch"] * 64 * 2 * G * 16 * 4
    pairs = 2 * sum(range(60, 65))
    assert s[0][8] == cache, s[0]
    assert near(s[0][4], 5 * (4 * weights + cache)), s[0]
    assert near(s[0][3], r["batch"] * (2 * weights * 5 + 4 * 64 * pairs)), s[0]
p = json.load(open("p.json"))["rows"]
assert [(r["context"], r["batch"], r["outcome"]) for r in p] == [(64, 2, "done")] * 2, p
assert all(x[1] == 128 and x[2] == 1 for x in stored("mqa", 2, "prefill"))

o = json.load(open("o.json"))["rows"]
full = {}
for r in o:
    assert r["attention"] not in full, "an arm goes on after it was out of memory"
    if r["outcome"] != "done": full[r["attention"]] = r["batch"], r["missing_mib"]
assert full["mha"][0] < full["mqa"][0] and all(m > 0 for _, m in full.values()), o
for ((missing, ns),) in [sqlite3.connect("o.db").execute("SELECT missing_bytes, ns FROM bench WHERE outcome <> 'done'").fetchall()[:1]]:
    assert missing > 0 and ns == 0
PY

# The arms of a study, with matched widths, at another size.
cat >study.yaml <<'YAML'
model: { n_layers: 2, dim: 128, n_heads: 8, context: 64 }
sweep:
  name: arms
  question: what?
  axes: { model.attention: [mha, mqa] }
  baseline: { model.attention: mha }
  match: { params: model.ffn_dim }
  seeds: 2
YAML
"$attnlab" bench decode --study study.yaml model.vocab_size=300 model.n_layers=3 --batch 1 --tokens 5 -n 1 -t 1 --db s.db -q -o json >s.json 2>err ||
    fail "a study: $? $(cat err)"
python3 - <<'PY' || fail "the arms of a study"
import json, sqlite3
assert [r["arm"] for r in json.load(open("s.json"))["rows"]] == ["mha", "mqa"]
(a, m), (b, n) = sqlite3.connect("s.db").execute(
    "SELECT ffn_dim, n_params FROM bench JOIN config USING(config_id) WHERE n_layers = 3 ORDER BY bench_id").fetchall()
assert b > a and abs(n / m - 1) < 0.005, (a, m, b, n)
PY

bad() { # PATTERN ARGUMENT...
    pattern=$1
    shift
    # shellcheck disable=SC2086
    "$attnlab" bench "$@" --db bad.db -q $small >out 2>err </dev/null
    [ $? -eq 2 ] || fail "status: $* ($(cat err))"
    { [ "$(wc -l <err)" -eq 1 ] && grep -q -- "$pattern" err; } || fail "$*: $(cat err)"
    [ ! -s out ] || fail "something on stdout: $*"
}
bad 'train, decode or prefill' speed
bad 'fit into a context' decode --tokens 64
bad '--attention' train --attention mqa
bad 'brings its arms' decode --study study.yaml -a mqa
bad '--save' decode --save x
bad nope decode --attention nope
[ ! -e bad.db ] || fail "a wrong command made a database"
finish
