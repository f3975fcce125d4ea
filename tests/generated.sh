#!/bin/sh
# generated.sh ATTNLAB - corpora of generated items: a model learns to recall, one whose window is shorter
# than the distance cannot, and whatever is wrong is refused with one line.
. "$(dirname "$0")/common.sh"

refused() { # STATUS PATTERN COMMAND...
    status=$1 pattern=$2
    shift 2
    "$attnlab" "$@" >out 2>err
    found=$?
    [ $found -eq "$status" ] || fail "$*: status $found instead of $status ($(cat err))"
    grep -q -- "$pattern" err || fail "$*: '$pattern' is not said: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ] || fail "$*: more than one line: $(cat err)"
}

# Four pairs: two layers of MHA recall nearly every answer, with the recipe fast@1.
"$attnlab" prepare --generate mqar:pairs=4:length=32:vocab=64 --items 10k --holdout-items 500 --out mqar -o csv \
    >out 2>err || fail "prepare: $? $(cat err)"
grep -q '^train,10000,32,320001,40000$' out || fail "prepare prints $(cat out)"
cat >mqar.yaml <<'YAML'
recipe: fast@1
model: {n_layers: 2, dim: 64, n_heads: 2, ffn_dim: 128, context: 32}
data: {corpus: mqar}
train: {tokens: 400k, batch_tokens: 2048, lr: 1e-2, keep: none}
eval: {every_tokens: 400k}
YAML
train() { # DB SETTING... - prints the accuracy
    db=$1
    shift
    "$attnlab" train mqar.yaml --db "$db" "$@" 2>err || fail "train $*: $? $(cat err)"
    sqlite3 "$db" 'SELECT 1.0 * n_right / n_tok FROM eval ORDER BY step DESC LIMIT 1'
}
whole=$(train a.db)
[ "$(echo "$whole > 0.99" | bc)" = 1 ] || fail "MHA recalls $whole of the answers, not 99 %"
[ "$(sqlite3 a.db 'SELECT n_tok FROM eval')" = 2000 ] || fail "more than the answers are scored"

# Two layers with a window of 2 reach 2 tokens back, 3 with the recipe's shift of tokens; most of the
# evidence is further away.
short=$(train b.db model.attention=window:size=2)
[ "$(echo "$short < 0.3" | bc)" = 1 ] || fail "a window of 2 recalls $short of the answers"

# The bits do not depend on threads, with a mask either.
train c.db train.tokens=40k train.threads=1 >/dev/null
train d.db train.tokens=40k train.threads=3 >/dev/null
log c.db >c.log
log d.db >d.log
cmp -s c.log d.log || fail "threads change the bits"

# The accuracy is a metric.
cat >study.yaml <<'YAML'
recipe: fast@1
model: {n_layers: 2, dim: 32, n_heads: 2, ffn_dim: 64, context: 32}
data: {corpus: mqar}
train: {tokens: 40k, batch_tokens: 2048, keep: none}
sweep:
  name: recall
  axes: {model.attention: [mha, mqa]}
  baseline: {model.attention: mha}
  seeds: 2
  metric: val_acc@32
  margin: 0.02
YAML
"$attnlab" sweep study.yaml --db s.db 2>err || fail "sweep: $? $(cat err)"
"$attnlab" compare recall --db s.db -o csv >out 2>err || fail "compare: $? $(cat err)"
grep -q ",mqa,mha," out || fail "compare prints $(cat out)"

# Refusals.
refused 2 'model.context: 48 is not a multiple of 32, the length of an item' train mqar.yaml --db e.db model.context=48 \
    train.batch_tokens=1920
refused 2 'eval.context: 48 is not' train mqar.yaml --db e.db 'eval.context=[48]'
refused 2 'mqar: pairs=9 needs a length of at least 37; it is 32' prepare --generate mqar:pairs=9:length=32 --out x
refused 2 'omit files and the options for text' prepare text.txt --generate mqar --out x
refused 2 'go with --generate SPEC' prepare mqar.yaml --vocab-size 300 --items 5 --out x
refused 2 'missing option: --out DIR' prepare --generate mqar
[ ! -e x ] || fail "a refused corpus was begun"

finish
