# common.sh - shared by the shell tests.  Source it with $1 = the attnlab binary; it makes a temporary
# folder $dir, which is removed at the end.  small_corpus puts a corpus and a configuration there,
# small_study a study.
set -u
attnlab=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' HUP INT TERM
cd "$dir" || exit 1
unset ATTNLAB_DB
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

finish() {
    [ $failures -eq 0 ] || echo "$failures failed"
    exit $((failures > 0))
}

# text SEED WORDS - sentences of made-up words; each word depends on the one before it.
text() {
    awk -v s="$1" -v n="$2" 'BEGIN {
        for (i = 0; i < n; i++) {
            s = (s * 1103515245 + 12345) % 2147483648
            w = (w * 7 + int(s / 65536) % 5) % 97
            printf "%c%c%s%s", 97 + w % 26, 97 + (w * 5) % 26, w % 3 ? "er" : "ing", i % 12 == 11 ? ".\n" : " "
        }
    }'
}

small_corpus() {
    text 1 9000 >train.txt
    text 2 1500 >held.txt
    "$attnlab" prepare train.txt --holdout held.txt --vocab-size 300 --out corpus >/dev/null 2>&1 ||
        fail "prepare: $?"
    cat >small.yaml <<'YAML'
model: {n_layers: 2, dim: 32, n_heads: 4, ffn_dim: 64, context: 32, attention: mha}
data: {corpus: corpus}
train: {tokens: 20k, batch_tokens: 512, lr: 3e-3, save_every_tokens: 2048}
eval: {every_tokens: 8k, tokens: 1024}
YAML
}

# small_study DB - two arms with two seeds, in study.yaml and trained in DB; small_corpus comes first.
small_study() {
    cat >study.yaml <<'YAML'
model: {n_layers: 1, dim: 32, n_heads: 4, ffn_dim: 64, context: 32}
data: {corpus: corpus}
train: {tokens: 10k, batch_tokens: 512, save_every_tokens: 2048}
eval: {tokens: 1024}
sweep:
  name: small
  axes: {model.attention: [mha, mqa]}
  baseline: {model.attention: mha}
  seeds: 2
YAML
    "$attnlab" sweep study.yaml --db "$1" 2>err || fail "sweep: $? $(cat err)"
}

# wait_for DB SQL [NUMBER] - until what SQL counts in DB is NUMBER (1) or more, or the process $pid has ended.
wait_for() {
    while kill -0 $pid 2>/dev/null && [ "$(sqlite3 -readonly "$1" "$2" 2>/dev/null || echo 0)" -lt "${3-1}" ]; do sleep 0.02; done
}

# log DB - every number of every step and evaluation, with all digits, without times and ids.
log() {
    sqlite3 "$1" "SELECT 'step', seed_init, step, tokens, quote(loss), quote(grad_norm), quote(lr), flags
        FROM train_step JOIN run USING(run_id) ORDER BY 2, 3;
        SELECT 'eval', seed_init, step, context, n_tok, n_bytes, quote(nll_sum), quote(last_nll_sum)
        FROM eval JOIN run USING(run_id) ORDER BY 2, 3, 4;
        SELECT 'seq', seed_init, seq, quote(eval_seq.nll_sum) FROM eval_seq JOIN eval USING(eval_id)
        JOIN run USING(run_id) ORDER BY 2, 3;
        SELECT 'final', seed_init, status, last_step, final_hash FROM run ORDER BY 2"
}
