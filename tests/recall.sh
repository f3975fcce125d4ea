#!/bin/sh
# recall.sh ATTNLAB STUDY.yaml - the study of recall, made small: its own arms and shapes on its own items,
# but with few tokens and two seeds.  Every arm runs, and every contrast gets its row.
. "$(dirname "$0")/common.sh"
for pairs in 8 16 32; do
    "$attnlab" prepare --generate mqar:pairs=$pairs:length=136:vocab=512 --items 100 --holdout-items 20 --out pairs$pairs \
        >/dev/null 2>err || fail "prepare: $? $(cat err)"
done
cp "$2" study.yaml
"$attnlab" sweep study.yaml train.tokens=8704 eval.every_tokens=8704 sweep.seeds=2 --db s.db -j 2 2>err ||
    fail "sweep: $? $(tail -3 err)"
[ "$(sqlite3 s.db "SELECT count(*) FROM run WHERE status = 'done'")" = 30 ] || fail "not every run is done"
[ "$(sqlite3 s.db "SELECT count(DISTINCT n_params) FROM config")" = 1 ] || fail "the arms differ in parameters"
for pairs in 8 16 32; do # only answers are scored
    [ "$(sqlite3 s.db "SELECT DISTINCT n_tok FROM eval JOIN run USING(run_id) JOIN config USING(config_id)
        JOIN dataset USING(dataset_id) WHERE path LIKE '%/pairs$pairs'")" = $((20 * pairs)) ] || fail "pairs=$pairs: what is scored"
done
"$attnlab" compare recall --db s.db -o csv >out 2>err || fail "compare: $? $(cat err)"
[ "$(wc -l <out)" -eq 13 ] || fail "not 12 contrasts: $(cat out)"
"$attnlab" frontier recall --db s.db -o csv >out 2>err || fail "frontier: $? $(cat err)"
[ "$(wc -l <out)" -eq 16 ] || fail "not 15 arms: $(cat out)"
finish
