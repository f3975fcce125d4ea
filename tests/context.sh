#!/bin/sh
# context.sh ATTNLAB FOLDER - the study of contexts, made small: suites made of held-out text and of a
# generator, its own arms and shapes with few tokens and two seeds, and the verdicts of both studies.
. "$(dirname "$0")/common.sh"

# story SEED N - paragraphs in which seven people come and go.
story() {
    awk -v s="$1" -v n="$2" 'function draw(k) { s = (s * 1103515245 + 12345) % 2147483648; return int(s / 65536) % k }
    BEGIN {
        split("Abigail Bertram Cordelia Desmond Edith Ferdinand Gwendolen", name)
        split("visited answered avoided praised followed", verb); split("garden library village kitchen orchard", place)
        for (i = 0; i < n; i++) {
            for (k = 0; k <= int(i / 2) % 3; k++)
                printf "%sOn that day %s %s %s near the %s. But nobody spoke of the %s!", k ? " " : "", name[1 + draw(7)],
                    verb[1 + draw(5)], name[1 + draw(7)], place[1 + draw(5)], place[1 + draw(5)]
            printf "\n\n"
        }
    }'
}
story 1 2000 >train.txt
story 2 400 >held.txt
"$attnlab" prepare train.txt --holdout held.txt --vocab-size 400 --out corpus >/dev/null 2>err || fail "prepare: $? $(cat err)"

make_suite() { # OUT OPTION...
    out=$1
    shift
    "$attnlab" tasks "$@" --out "$out" -o csv >table 2>err || fail "tasks $*: $? $(cat err)"
}
make_suite books --from corpus --context 1024 --distance 128 --items 4
[ "$(cut -d, -f1-4 table)" = "task,kind,group,items
last-word,cloze,general,4
continuation,choice,general,4
order,choice,general,4
name,choice,recall,4" ] || fail "books: $(cat table)"
make_suite again/books --from corpus --context 1024 --distance 128 --items 4
diff -r books again/books >/dev/null || fail "the same order gives other files"
make_suite passkey --generate passkey:filler=2 --generate passkey:filler=8 --items 4
"$attnlab" tasks books passkey >/dev/null 2>err || fail "a suite made here does not open: $(cat err)"

refused() { # PATTERN OPTION...
    pattern=$1
    shift
    "$attnlab" tasks "$@" >out 2>err
    found=$?
    [ $found -eq 2 ] || fail "tasks $*: status $found ($(cat err))"
    grep -q -- "$pattern" err || fail "tasks $*: '$pattern' is not said: $(cat err)"
    [ "$(wc -l <err)" -eq 1 ] || fail "tasks $*: more than one line: $(cat err)"
}
refused 'missing argument: SUITE'
refused 'missing option: --out DIR' --from corpus
refused 'go with --out DIR' --items 5 books
refused 'give one of --from CORPUS and --generate SPEC' --from corpus --generate copy --out x
refused 'this folder has files' --from corpus --out books
refused "no generator 'copi'" --generate copi --out x
refused 'two tasks would be called copy' --generate copy --generate copy --out x
refused 'at most half of --context' --from corpus --context 128 --answer 100 --out x
[ ! -e x ] || fail "a refused suite was begun"

cp "$2/study.yaml" "$2/lengths.yaml" .
for study in study lengths; do
    "$attnlab" sweep $study.yaml train.tokens=4096 eval.every_tokens=4096 eval.tokens=2k sweep.seeds=2 --db s.db -j 2 2>err ||
        fail "sweep $study: $? $(tail -3 err)"
done
[ "$(sqlite3 s.db "SELECT count(*) FROM run WHERE status = 'done'")" = 16 ] || fail "the studies do not share their runs"
[ "$(sqlite3 s.db "SELECT count(DISTINCT n_params) FROM config")" = 1 ] || fail "the arms differ in parameters"
[ "$(sqlite3 s.db "SELECT count(*) FROM task_eval")" = $((16 * 6)) ] || fail "not every task is recorded"
[ "$(sqlite3 s.db "SELECT sum(n_skipped) FROM task_eval")" = 0 ] || fail "items are skipped"
for study in context lengths; do
    "$attnlab" compare $study --db s.db -o csv >out 2>err || fail "compare $study: $? $(cat err)"
    grep -q ',name,' out || fail "compare $study: no row of the task name: $(head -3 out)"
done
finish
