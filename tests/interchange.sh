#!/bin/sh
# interchange.sh ATTNLAB - models and results that leave the program and come back: the commands, their exit
# statuses, and that nothing half-written is left.  test_interchange.c has the formats themselves.
. "$(dirname "$0")/common.sh"

# refused STATUS TEXT COMMAND... - one line on stderr that has TEXT.
refused() {
    expected=$1 words=$2
    shift 2
    "$attnlab" "$@" >out 2>err
    status=$?
    [ $status -eq "$expected" ] || fail "$*: exit status $status instead of $expected: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ] || fail "$*: not one line: $(cat err)"
    grep -qF -- "$words" err || fail "$*: no '$words' in: $(cat err)"
}

small_corpus
small_study a.db
export ATTNLAB_DB=a.db
uid=$(sqlite3 a.db 'SELECT min(run_uid) FROM run')

# A model to each format and back: the same bytes.
for format in hf llama2c llama2c-v1 gguf; do
    "$attnlab" export "$uid" --to "out-$format" --format $format 2>err || fail "export $format: $(cat err)"
    "$attnlab" import "out-$format" --out "in-$format" 2>err || fail "import $format: $(cat err)"
    "$attnlab" export "in-$format" --to "again-$format" 2>err || fail "export in-$format: $(cat err)"
    cmp -s out-hf/model.safetensors "again-$format/model.safetensors" || fail "$format: other weights"
done
[ -e out-gguf ] || fail "gguf: no file"
cmp -s corpus/tokenizer.model in-hf/tokenizer.model || fail "hf: another tokenizer"
"$attnlab" prepare train.txt --tokenizer in-gguf/tokenizer.model --out corpus2 >/dev/null 2>err || fail "prepare: $(cat err)"
"$attnlab" train in-hf/config.yaml data.corpus=corpus2 train.tokens=2k train.batch_tokens=512 eval.tokens=512 --db b.db \
    >/dev/null 2>err || fail "train: $(cat err)"

# What no other program computes is refused in every format.
"$attnlab" train small.yaml model.token_shift=half train.tokens=2k --db shift.db >/dev/null 2>err ||
    fail "train with a shift: $(cat err)"
shifted=$(sqlite3 shift.db 'SELECT run_uid FROM run')
for format in hf llama2c llama2c-v1 gguf; do
    refused 2 "model.token_shift=half" export "$shifted" --db shift.db --to x --format $format
done

refused 2 "is not one of" export "$uid" --to x --format onnx
refused 2 "is not one of those of llama2c" export "$uid" --to x --format llama2c --type float16
refused 2 "missing option: --to" export "$uid"
refused 2 "no run 'zzz'" export zzz --to x
refused 2 "no such file" export nowhere/model --to x
refused 2 "was not made by" export "$uid" --to train.txt --format gguf
refused 2 "which \`attnlab export\` did not make" export "$uid" --to corpus
refused 2 "not a model in a known format" import train.txt --out x
refused 2 "no such file" import nowhere --out x
refused 2 "which \`attnlab import\` did not make" import out-hf --out corpus

# What is wrong with a Hugging Face folder.
head -c 1000 out-hf/model.safetensors >cut
mkdir bad && cp out-hf/config.json bad
refused 1 "no model.safetensors" import bad --out x
cp cut bad/model.safetensors
refused 1 "bad" import bad --out x
rm bad/model.safetensors
echo '{"weight_map": {"a": "../../x.safetensors"}}' >bad/model.safetensors.index.json
refused 1 "'../../x.safetensors' is not the name" import bad --out x
echo '{"weight_map": {"a": "m.safetensors"}}' >bad/model.safetensors.index.json
refused 1 "m.safetensors: this file is missing" import bad --out x
cp out-hf/model.safetensors bad && sed 's/"llama"/"gemma"/' out-hf/config.json >bad/config.json
refused 1 "model_type is 'gemma'" import bad --out x
sed 's/"hidden_size": 32/"hidden_size": 65536/' out-hf/config.json >bad/config.json
refused 1 "but the file has room for" import bad --out x
[ ! -e x ] || fail "x was made"
[ -z "$(find . -name '*.part*')" ] || fail "left over: $(find . -name '*.part*')"

# Results out and in: every digit of the comparison is the same.
for format in csv jsonl; do
    "$attnlab" query results study=small -o $format >results.$format
    "$attnlab" import-runs results.$format --study "copy-$format" 2>err || fail "import-runs $format: $(cat err)"
    for study in small "copy-$format"; do
        "$attnlab" compare "$study" -o csv 2>/dev/null | cut -d, -f 4-18 >"$study.csv"
    done
    [ -s small.csv ] && cmp -s small.csv "copy-$format.csv" || fail "$format: another comparison"
done
for command in compare power curves frontier; do
    "$attnlab" $command copy-csv 2>&1 | grep -qi 'imported' || fail "$command does not say that it is imported"
done
"$attnlab" ls -o csv | grep -q 'copy-csv.*yes' || fail "ls does not say that it is imported"
"$attnlab" report copy-csv --out r.html >/dev/null 2>&1 && grep -q 'imported from results.csv' r.html || fail "report"
"$attnlab" doctor >out 2>&1 && grep -q '^0 found' out || fail "doctor: $(cat out)"
imported=$(sqlite3 a.db "SELECT min(run_uid) FROM run WHERE message LIKE 'imported%'")
refused 2 "was imported" replay "$imported"
refused 2 "was imported" export "$imported" --to x
refused 2 "was imported" sweep copy-csv
refused 2 "has a study 'small' already" import-runs results.csv --study small
printf 'arm,seed,metric,value\na,1,acc,1\nb,1,acc,2\na,2,acc,1.5\nb,2,acc,\n' >acc.csv
"$attnlab" import-runs acc.csv --study acc --higher acc --baseline b 2>err || fail "acc: $(cat err)"
[ "$(sqlite3 a.db "SELECT count(*) FROM run WHERE status = 'diverged'")" = 1 ] || fail "an empty value is a run that diverged"

wrong() {
    printf '%b' "$1" >wrong.csv
    refused 2 "$2" import-runs wrong.csv --study wrong
}
wrong 'arm,seed,value\n' "wrong.csv:1: there is no column metric"
wrong 'arm,seed,metric,value\na,x,m,1\n' "wrong.csv:2: seed: 'x' is not a count"
wrong 'arm,seed,metric,value\na,1,m,1.5.2\n' "wrong.csv:2: value: '1.5.2' is not a number"
wrong 'arm,seed,metric,value\na,1,m\n' "wrong.csv:2: 3 columns, but the first line has 4"
wrong 'arm,seed,metric,value\na,1,m,1\na,1,m,2\n' "is there twice"
wrong 'arm,seed,metric,value\na,1,m,1\na,1,n,2\n' "several metrics"
wrong 'arm,seed,metric,value\n"a,1,m,1\n' "a quote is not closed"
wrong '{"arm": "a", "seed": 1, "metric": "m"}\n' "wrong.csv:1: there is no value"
wrong '' "there are no results"
[ "$(sqlite3 a.db "SELECT count(*) FROM sweep WHERE name = 'wrong'")" = 0 ] || fail "a wrong file left a study"
finish
