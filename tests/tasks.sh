#!/bin/sh
# tasks.sh ATTNLAB - suites of tasks: evaluated by train and by evaluate, killed and resumed, by any number
# of threads, the same rows; what is wrong with a suite is said in one line.
. "$(dirname "$0")/common.sh"
small_corpus

mkdir suite
awk 'BEGIN {
    for (i = 0; i < 400; i++) printf "{\"id\": %d, \"prompt\": \"%s\", \"options\": [\" er\", \" jter\", \" lder ber\"], \"answer\": %d}\n",
        i, i % 3 ? "aaing ber" : "xler lder uwing trer", i % 3
}' >suite/pick.jsonl
awk 'BEGIN { for (i = 0; i < 60; i++) printf "{\"id\": \"c%d\", \"q\": \"oser %s\", \"answer\": \" jt\", \"distance\": %d, \"depth\": 0.5}\n",
    i, i % 2 ? "ber" : "lder", i }' >suite/fill.jsonl
printf '{"id": "a", "text": "%s"}\n{"id": "b", "text": "ber"}\n' "$(text 3 40 | head -1)" >suite/text.jsonl
cat >suite/suite.yaml <<'YAML'
name: small
on_long: truncate
tasks:
  pick: {kind: choice, file: pick.jsonl, group: know, shots: 1}
  fill: {kind: cloze, file: fill.jsonl, template: "{q}"}
  write: {kind: exact, file: fill.jsonl, template: "{q}", group: know}
  text: {kind: lm, file: text.jsonl}
  find: {kind: exact, generate: "phonebook:entries=2:digits=2", items: 20}
  recall: {kind: cloze, generate: "mqar:pairs=4:length=32:vocab=64", items: 50}
YAML

# scores DB - every score at every step, with all digits, without times and ids.
scores() {
    sqlite3 -readonly "$1" "SELECT e.step, t.name, n_scored, n_skipped, n_truncated, s.item, quote(acc), quote(acc_norm), quote(margin),
        quote(nll), s.n_tok, n_bytes, options_json FROM task_eval e JOIN task t USING(task_id) JOIN task_score s USING(task_eval_id)
        ORDER BY 1, 2, s.item"
}

train() {
    "$attnlab" train small.yaml eval.tasks=suite eval.tasks_every_tokens=10k --quiet "$@" 2>err
}

# --- by train, whatever the threads
train --db one.db train.threads=1 || fail "train: $? $(cat err)"
train --db three.db train.threads=3 || fail "train with 3 threads: $? $(cat err)"
scores one.db >one
scores three.db >three
[ "$(wc -l <one)" -eq 1184 ] || fail "$(wc -l <one) scores, not 2 steps x 592 items"
cmp -s one three || fail "scores depend on the number of threads"
[ "$(sqlite3 one.db 'SELECT count(DISTINCT suite_id) || count(DISTINCT task_id) FROM task')" = 16 ] || fail "suites and tasks"
[ "$(sqlite3 one.db "SELECT count(*) FROM task_item JOIN task USING(task_id) WHERE task.name = 'fill' AND distance = item AND depth = 0.5")" = 60 ] ||
    fail "distance and depth of items"

# --- the weights are those of a run without tasks
"$attnlab" train small.yaml --db plain.db --quiet || fail "train without tasks"
[ "$(sqlite3 plain.db 'SELECT run_uid, final_hash FROM run')" = "$(sqlite3 one.db 'SELECT run_uid, final_hash FROM run')" ] ||
    fail "tasks changed the identity or the weights"

# --- by evaluate: the same rows, once
uid=$(sqlite3 plain.db 'SELECT run_uid FROM run')
"$attnlab" evaluate "$uid" suite --db plain.db --threads 2 --items items.jsonl -o csv --quiet >table 2>err || fail "evaluate: $? $(cat err)"
scores plain.db >evaluated
grep '^40|' one >last
cmp -s evaluated last || fail "evaluate gives other rows than train"
[ "$(wc -l <items.jsonl)" -eq 592 ] || fail "--items: $(wc -l <items.jsonl) lines"
"$attnlab" evaluate "plain.db.runs/$uid" suite --db plain.db -o csv --quiet >again 2>err || fail "evaluate by path: $? $(cat err)"
cmp -s table again || fail "scores that are recorded are not printed as they were"
[ "$(sqlite3 plain.db 'SELECT count(*) FROM task_eval')" -eq 6 ] || fail "a recorded task was recorded again"
grep -q '^small,know,(group),acc,' table || fail "no mean of a group: $(cat table)"
mean=$(sqlite3 plain.db "SELECT printf('%.6f', avg(m)) FROM (SELECT avg(acc) AS m FROM task_score JOIN task_eval USING(task_eval_id)
    JOIN task USING(task_id) WHERE grp = 'know' GROUP BY task_id)")
[ "$(awk -F, '/\(group\)/ { printf "%.6f", $5 }' table)" = "$mean" ] || fail "the mean of a group is not $mean: $(cat table)"

# --- a copy of the weights is no run
mkdir copy
cp "plain.db.runs/$uid/config.yaml" "plain.db.runs/$uid/weights.safetensors" copy
"$attnlab" evaluate copy suite --db none.db -o csv >third 2>err || fail "evaluate a folder: $? $(cat err)"
cmp -s table third || fail "a copy of the weights has other scores"
grep -q 'not recorded' err || fail "nothing says that scores are not recorded"

# --- killed in the middle of an evaluation, and resumed
"$attnlab" train small.yaml eval.tasks=suite eval.tasks_every_tokens=10k --quiet --db killed.db train.threads=1 2>err &
pid=$!
wait_for killed.db "SELECT count(*) FROM task_eval"
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
train --db killed.db || fail "resume: $? $(cat err)"
scores killed.db >killed
cmp -s one killed || fail "a run that was killed has other scores"
log one.db >a
log killed.db >b
cmp -s a b || fail "a run that was killed has other losses"

# --- stopped by a signal while evaluating: resumes at the next task
"$attnlab" train small.yaml --db stop.db --quiet || fail "train stop.db"
"$attnlab" evaluate "$uid" suite --db stop.db --threads 1 --quiet >/dev/null 2>&1 &
pid=$!
wait_for stop.db "SELECT count(*) FROM task_eval"
kill -TERM $pid 2>/dev/null
wait $pid
status=$?
[ $status -eq 5 ] || [ $status -eq 0 ] || fail "stopped: $status"
"$attnlab" evaluate "$uid" suite --db stop.db --quiet >/dev/null 2>&1 || fail "go on: $?"
scores stop.db >stopped
cmp -s evaluated stopped || fail "a stopped evaluation has other scores"

# --- what is too long
sed 's/truncate/refuse/' suite/suite.yaml >refuse.yaml
mkdir refuse skip
cp suite/*.jsonl refuse
cp suite/*.jsonl skip
mv refuse.yaml refuse/suite.yaml
sed 's/truncate/skip/; s/name: small/name: skip/' suite/suite.yaml >skip/suite.yaml
"$attnlab" evaluate "$uid" refuse --db plain.db >out 2>err
[ $? -eq 2 ] || fail "too long: $?"
grep -q "refuse/pick.jsonl:1: item 0 has .* tokens, but the context allows 33" err || fail "too long: $(cat err)"
train --db refused.db eval.tasks=refuse
[ $? -eq 2 ] || fail "a suite that can't be evaluated is found before training"
[ "$(sqlite3 refused.db 'SELECT count(*) FROM train_step')" = 0 ] || fail "trained with a suite that is refused"
"$attnlab" evaluate "$uid" skip --db plain.db -o csv --quiet >out 2>err || fail "skip: $? $(cat err)"
grep -q '^skip,know,pick,acc,.*,175,225,0$' out || fail "skipped items: $(cat out)"
"$attnlab" evaluate "$uid" skip --db plain.db --context 64 -o csv --quiet >out 2>err || fail "--context: $? $(cat err)"
grep -q '^skip,know,pick,acc,.*,400,0,0$' out || fail "a longer context: $(cat out)"

# --- one line for each bad suite
bad() {
    "$attnlab" tasks bad >out 2>err
    [ $? -eq 2 ] || fail "$1: exit status"
    [ "$(wc -l <err)" -eq 1 ] || fail "$1: not one line: $(cat err)"
    grep -q "$1" err || fail "no '$1' in: $(cat err)"
}
items() {
    mkdir -p bad
    printf 'name: bad\ntasks: {t: {kind: %s, file: i.jsonl}}\n' "$1" >bad/suite.yaml
    cat >bad/i.jsonl
    bad "$2"
}
items choice 'i.jsonl:1: missing "answer"' <<'X'
{"id": 1, "prompt": "a", "options": [" b", " c"]}
X
items choice 'i.jsonl:2: "answer" is 2, but there are 2 options' <<'X'
{"id": 1, "prompt": "a", "options": [" b", " c"], "answer": 1}
{"id": 2, "prompt": "a", "options": [" b", " c"], "answer": 2}
X
items choice 'i.jsonl:3: the id "1" is that of line 1' <<'X'
{"id": 1, "prompt": "a", "options": [" b", " c"], "answer": 1}
{"id": 2, "prompt": "a", "options": [" b", " c"], "answer": 1}
{"id": "1", "prompt": "a", "options": [" b", " c"], "answer": 1}
X
items choice 'i.jsonl:1: missing "options"' <<'X'
{"id": 1, "prompt": "a", "answer": 1}
X
items cloze 'i.jsonl:1: the answer is empty' <<'X'
{"id": 1, "prompt": "a", "answer": ""}
X
items 'cloze, template: "{q}"' 'i.jsonl:1: the template has {q}' <<'X'
{"id": 1, "prompt": "a", "answer": "b"}
X
items 'cloze, tempalte: "{q}"' "suite.yaml:2:26: unknown key 'tempalte'; did you mean 'template'?" <<'X'
{"id": 1, "prompt": "a", "answer": "b"}
X
items lm 'i.jsonl:1: column' <<'X'
{"id": 1, "text": "a"
X
printf '\n{"id": 1, "text": "\377"}\n' | items lm 'i.jsonl:2: byte 20 (0xff) is not UTF-8'
head -c 10000000 /dev/zero | tr '\0' a | items lm 'i.jsonl:1: the line has 10000000 bytes'
printf '' | items lm 'i.jsonl: no items'
"$attnlab" tasks suite -o csv >out 2>err || fail "tasks: $? $(cat err)"
[ "$(wc -l <out)" -eq 7 ] || fail "tasks: $(cat out)"
finish
