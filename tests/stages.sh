#!/bin/sh
# stages.sh ATTNLAB ROOT - runs that start from runs: the shipped studies uptrain and extend at a small size, from
# nothing to a verdict; killed at random moments and started again they end with the same numbers.  Then what
# is refused, a source that diverges, one that is trained again, and a replay without the source's weights.
. "$(dirname "$0")/common.sh"
root=$2
small_corpus

# shrink STUDY - its files, for a model of one layer, 32 channels and 4 heads, and two seeds.
shrink() {
    mkdir -p "$1"
    for f in "$root/experiments/$1"/*.yaml; do
        sed -e 's/n_layers: 4/n_layers: 1/; s/ dim: 128/ dim: 32/; s/n_heads: 8/n_heads: 4/' \
            -e 's/\b1024\b/128/g; s/\b256\b/32/g; s/tokens: 2000k/tokens: 10k/; s/tokens: 2[12]00k/tokens: 11k/' \
            -e 's/batch_tokens: 2048/batch_tokens: 512/; s/tokens: 64k/tokens: 1024/; s/seeds: 6/seeds: 2/' \
            -e 's/corpus: corpus/corpus: ..\/corpus/' "$f" >"$1/$(basename "$f")"
    done
}

numbers() { # DB - every number of every run
    sqlite3 "$1" "SELECT config_id, seed_init, step, quote(loss), quote(grad_norm) FROM train_step
        JOIN run USING(run_id) ORDER BY 1, 2, 3;
        SELECT config_id, seed_init, context, quote(nll_sum) FROM eval JOIN run USING(run_id) ORDER BY 1, 2, 3, step;
        SELECT config_id, seed_init, status, last_step, final_hash FROM run ORDER BY 1, 2"
}

for study in uptrain extend; do
    shrink $study
    "$attnlab" sweep $study/study.yaml --db $study.db --dry-run >out 2>err || fail "$study --dry-run: $(cat err)"
    grep -q "2 of the 2 runs of '$study-source' that it starts from are missing" err || fail "$study: $(cat err)"
    "$attnlab" sweep $study/study.yaml --db none.db 2>err && fail "$study ran without its sources"
    grep -q 'with-sources' err || fail "$study without sources: $(cat err)"
    "$attnlab" sweep $study/study.yaml --db $study.db --with-sources -j 2 2>err || fail "$study: $? $(cat err)"
    "$attnlab" compare $study --db $study.db -o csv >out 2>err || fail "compare $study: $(cat err)"
    grep -q 'undecided\|equivalent\|better\|worse' out || fail "$study: no verdict: $(cat out)"
    numbers $study.db >$study.log
    for moment in 0.3 0.7 1.1 1.6; do
        "$attnlab" sweep $study/study.yaml --db killed-$study.db --with-sources -j 2 2>err &
        pid=$!
        sleep $moment
        kill -KILL $pid 2>/dev/null
        wait $pid 2>/dev/null
    done
    "$attnlab" sweep $study/study.yaml --db killed-$study.db --with-sources -j 2 2>err || fail "$study again: $(cat err)"
    numbers killed-$study.db >killed.log
    cmp -s $study.log killed.log || fail "$study: killed and started again, other numbers"
done

# A corpus that the command line names is that of the source, too: the runs are the same.
mkdir far
for f in uptrain/*.yaml; do sed 's/corpus: ..\/corpus/corpus: nowhere/' "$f" >"far/$(basename "$f")"; done
"$attnlab" sweep uptrain/study.yaml --db none.db --dry-run -o csv 2>/dev/null | cut -d, -f1-4 >near.csv
"$attnlab" sweep far/study.yaml data.corpus=corpus --db none.db --dry-run -o csv 2>err | cut -d, -f1-4 >far.csv
[ -s near.csv ] && cmp -s near.csv far.csv || fail "data.corpus of a source: $(cat err)"

# The same identity whether the source was found beside the file or in the database.
[ "$(sqlite3 uptrain.db "SELECT count(*) FROM run_source")" -eq 56 ] || fail "not 56 runs with a source"
[ "$(sqlite3 uptrain.db "SELECT count(DISTINCT sha256) FROM run_source")" -eq 2 ] || fail "not 2 sources"

# Without uptraining, MHA made of MHA is the source, to the bit.
[ "$(sqlite3 uptrain.db "SELECT count(*) FROM run r JOIN run_source USING(run_id) WHERE r.last_step = 0
    AND final_hash = (SELECT final_hash FROM run s WHERE s.run_id = source_run_id)")" -eq 2 ] || fail "a copy differs"

# Lineage, and a replay, also when the source's weights are gone.
uid=$(sqlite3 uptrain.db "SELECT run_uid FROM run JOIN run_source USING(run_id) WHERE last_step > 1 LIMIT 1")
"$attnlab" show "$uid" --db uptrain.db | grep -q 'starts from .*(uptrain-source, mha, seed' || fail "show: no lineage"
"$attnlab" replay "$uid" --db uptrain.db --quiet >out 2>err || fail "replay: $(cat err)"
source=$(sqlite3 uptrain.db "SELECT s.run_uid FROM run r JOIN run_source u USING(run_id) JOIN run s ON s.run_id =
    u.source_run_id WHERE r.run_uid = '$uid'")
mv uptrain.db.runs/"$source"/weights.safetensors aside
"$attnlab" replay "$uid" --db uptrain.db --quiet >out 2>err || fail "replay without the source: $(cat err)"
grep -q 'replaying that run first' err || fail "replay without the source: $(cat err)"

# A source's file that is missing, or another than the database has.
new() { # KEY=VALUE... - one run that starts from that source
    "$attnlab" train small.yaml --db uptrain.db --quiet model.n_layers=1 model.ffn_dim=96 train.init_from=run:"$source" train.tokens=5% "$@" 2>err
}
new train.lr=1e-4
[ $? -eq 1 ] && grep -q "its weights are gone" err || fail "no weights: $(cat err)"
head -c 1000 aside >uptrain.db.runs/"$source"/weights.safetensors
new train.lr=1e-4 && fail "a truncated source was taken"
[ "$(wc -l <err)" -eq 1 ] || fail "truncated: not one line: $(cat err)"
mv aside uptrain.db.runs/"$source"/weights.safetensors
new train.lr=1e-4 || fail "a run of a run: $(cat err)"

# What can't change, with both values.
refused() { # TEXT KEY=VALUE...
    text=$1
    shift
    new "$@"
    [ $? -eq 2 ] || fail "$*: not status 2: $(cat err)"
    grep -q "$text" err || fail "$*: $(cat err)"
}
refused 'model.dim: 64, but the run that it starts from has 32' model.dim=64
refused 'model.n_layers: 2, but the run that it starts from has 1' model.n_layers=2
refused "model.attention: latent.* can't be made of mha" model.attention=latent
"$attnlab" sweep uptrain/study.yaml --db uptrain.db --dry-run train.init_from=study:nowhere/mha 2>err >out
[ $? -eq 2 ] && grep -q "no study 'nowhere'" err || fail "nowhere: $(cat err)"
"$attnlab" sweep uptrain/study.yaml --db uptrain.db --dry-run train.init_from=study:uptrain-source/mqa 2>err >out
[ $? -eq 2 ] && grep -q "has no arm 'mqa'; it has 'mha'" err || fail "no arm: $(cat err)"

# A source that is trained again with another result is noticed.
sqlite3 uptrain.db "INSERT INTO run(run_uid, config_id, seed_init, seed_data, replica, generation, status, target_step,
    final_hash) SELECT 'ffffffffffff', config_id, seed_init, seed_data, replica, 1, 'done', target_step, 'other'
    FROM run WHERE run_uid = '$source'"
"$attnlab" train --resume "$uid" --db uptrain.db --quiet 2>err && fail "a changed source was not noticed"
grep -q "its source, run $source, has been trained again" err || fail "changed source: $(cat err)"

# A source that diverged: so does what starts from it, by name.
sed -i 's/lr: 2e-3/lr: 1e6\n  clip: 0/' uptrain/source.yaml
"$attnlab" sweep uptrain/study.yaml --db wild.db --with-sources -j 2 'sweep.axes={model.attention: [mha, mqa]}' \
    sweep.exclude=[] 'sweep.baseline={model.attention: mha}' train.tokens=5% 2>err
[ "$(sqlite3 wild.db "SELECT count(*) FROM run WHERE message LIKE 'diverged by its source: run % (uptrain-source, mha, seed %) diverged'")" \
    -eq 4 ] || fail "diverged: $(sqlite3 wild.db 'SELECT status, message FROM run') $(cat err)"

# From checkpoint to checkpoint.
"$attnlab" convert uptrain.db.runs/"$source"/weights.safetensors mqa.safetensors --kv-heads 1 --quiet 2>err || fail "convert: $(cat err)"
"$attnlab" convert uptrain.db.runs/"$source"/weights.safetensors same.safetensors --kv-heads 4 --quiet 2>err || fail "convert: $(cat err)"
"$attnlab" convert uptrain.db.runs/"$source"/weights.safetensors none.safetensors --kv-heads 3 --quiet 2>err
[ $? -eq 2 ] && grep -q '4 heads, which can.t be joined into 3 equal groups' err || fail "3 heads: $(cat err)"
[ ! -e none.safetensors ] || fail "a refused conversion left a file"
finish
