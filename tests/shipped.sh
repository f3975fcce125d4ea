#!/bin/sh
# shipped.sh ATTNLAB STUDY.yaml - a shipped study from nothing to verdicts on made-up text, at its own
# sizes and arms but with few tokens and two seeds: no arm is refused, none fails, and every contrast
# gets its row, its frontier and its report.
. "$(dirname "$0")/common.sh"
study=$2
name=$(awk '$1 == "name:" { print $2 }' "$study")

# words SEED N - words of one to three syllables out of 1,200, some words far more often than others.
words() {
    awk -v s="$1" -v n="$2" 'BEGIN {
        consonant = "bcdfghjklmnprstvwz"; vowel = "aeiou"; last = "nrstlmdk"
        for (i = 0; i < n; i++) {
            word = ""
            for (k = 0; k < 1 + i % 3; k++) {
                s = (s * 1103515245 + 12345) % 2147483648
                r = int(s / 65536) % 1200; r = int(r * r / 1200)
                word = word substr(consonant, 1 + r % 18, 1) substr(vowel, 1 + r % 5, 1) substr(last, 1 + int(r / 90) % 8, 1)
            }
            printf "%s%s", word, i % 12 == 11 ? ".\n" : " "
        }
    }'
}
words 1 60000 >train.txt
words 2 3000 >held.txt
"$attnlab" prepare train.txt --holdout held.txt --vocab-size 2048 --out corpus >/dev/null 2>err || fail "prepare: $? $(cat err)"

shrink="data.corpus=corpus train.tokens=6k train.batch_tokens=2048 eval.tokens=1024 eval.every_tokens=6k sweep.seeds=2"
# shellcheck disable=SC2086
"$attnlab" sweep "$study" $shrink --db s.db -j 2 2>err || { fail "sweep: $? $(tail -3 err)"; finish; }
arms=$(sqlite3 s.db "SELECT count(*) FROM arm WHERE dropped = 0")
[ "$(sqlite3 s.db "SELECT count(*) FROM run WHERE status = 'done'")" -eq $((2 * arms)) ] || fail "not every run is done"
"$attnlab" compare "$name" --db s.db -o csv >out 2>err || fail "compare: $? $(cat err)"
contrasts=$(sqlite3 s.db "SELECT count(*) FROM arm WHERE dropped = 0 AND base_arm_id IS NOT NULL")
[ "$(sqlite3 s.db "SELECT count(*) FROM comparison_row")" -eq "$contrasts" ] || fail "compare: not $contrasts contrasts"
"$attnlab" frontier "$name" --db s.db -o csv >out 2>err || fail "frontier: $? $(cat err)"
[ "$(wc -l <out)" -eq $((arms + 1)) ] || fail "frontier: not $arms arms: $(cat out)"
"$attnlab" report "$name" --db s.db --out s.html >/dev/null 2>err || fail "report: $? $(cat err)"
finish
