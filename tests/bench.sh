#!/bin/bash
# bench.sh ATTNLAB - what `attnlab bench train` reports: its keys, its FLOPs, all repetitions, and the
# BLAS whose sgemm it compares with.
. "$(dirname "$0")/common.sh"

small="model.n_layers=2 model.dim=32 model.n_heads=4 model.ffn_dim=64 model.vocab_size=300
model.context=64 train.batch_tokens=256 train.threads=1"

# FLOPS DB - FLOPs per token, by the equation: 6 x matmul parameters + 12 x heads x head_dim x visible
# pairs a token and layer, for a window of $2 (0: none).
flops() {
    python3 - "$1" "$2" <<'PY'
import sqlite3, sys
T, window, L, D, H, E, F, V = 64, int(sys.argv[2]) or 64, 2, 32, 4, 8, 64, 300
parameters = L * (4 * D * D + 3 * D * F) + V * D
pairs = sum(min(t + 1, window) for t in range(T)) / T
want = 256 * (6 * parameters + 12 * H * E * pairs * L)
for (got,) in sqlite3.connect(sys.argv[1]).execute("SELECT flops FROM bench"):
    assert abs(got - want) < 1e-9 * want, (got, want)
PY
}

# shellcheck disable=SC2086 # words
"$attnlab" bench train --db a.db -n 5 -o json $small >a.json || fail "bench train: $?"
python3 - a.json a.db <<'PY' || fail "what it prints is not what it recorded"
import json, sqlite3, statistics, sys
[j] = json.load(open(sys.argv[1]))["rows"]
rows = sqlite3.connect(sys.argv[2]).execute(
    "SELECT rep, ns, tokens, flops, sgemm_gflops, threads, phase, blas_kernel FROM bench"
    " JOIN host USING(host_id) ORDER BY rep").fetchall()
assert [r[0] for r in rows] == list(range(5)), rows
assert all(r[2] == 256 and r[5] == 1 and r[6] == "train" for r in rows)
assert all(r[7] == j["blas_kernel"] for r in rows), (rows, j)
median = lambda of: statistics.median(of(r) for r in rows)
near = lambda got, want: abs(got - want) <= 1e-4 * want
assert near(j["tokens_per_s"], 256e9 / median(lambda r: r[1])), j
assert near(j["gflops"], rows[0][3] / median(lambda r: r[1])), j
assert near(j["sgemm_gflops"], median(lambda r: r[4])), j
assert near(j["fraction_of_sgemm"], median(lambda r: r[3] / r[1] / r[4])), j
assert abs(sum(p["share"] for p in j["parts"]) - 1) < 0.01, j["parts"]
assert all(p["name"] and 0 <= p["share"] <= 1 for p in j["parts"]), j["parts"]
assert j["memory_predicted"] > 0 and j["memory_peak"] > j["memory_predicted"], j
PY
flops a.db 0 || fail "FLOPs of mha"

# shellcheck disable=SC2086
"$attnlab" bench train --db w.db -n 1 $small model.attention=window:size=9 >/dev/null || fail "window: $?"
flops w.db 9 || fail "FLOPs of a window"

# What --save writes may be written again; nothing else is replaced.
cp w.db kept.db
# shellcheck disable=SC2086
for try in 1 2; do
    "$attnlab" bench train --db w.db -n 1 $small --save start.safetensors >/dev/null 2>err ||
        fail "--save, $try: $? $(cat err)"
done
# shellcheck disable=SC2086
"$attnlab" bench train --db w.db -n 1 $small --save kept.db >/dev/null 2>err
[ $? -eq 2 ] || fail "--save over a database: $(cat err)"
grep -q 'kept.db exists and was not made by .attnlab bench.' err || fail "--save: $(cat err)"
[ "$(sqlite3 kept.db 'PRAGMA application_id')" = "$(sqlite3 w.db 'PRAGMA application_id')" ] ||
    fail "--save replaced a database"

# The user's choice of OpenBLAS kernels is kept, and it is what is stored.
if [ "$(uname -m)" = x86_64 ]; then
    # shellcheck disable=SC2086
    OPENBLAS_CORETYPE=Prescott "$attnlab" bench train --db p.db -n 1 $small -o csv >p.csv || fail "Prescott: $?"
    grep -q ',Prescott,' p.csv || fail "not the user's kernels: $(cat p.csv)"
    [ "$(sqlite3 p.db 'SELECT blas_kernel FROM host')" = Prescott ] || fail "recorded as others"
fi
finish
