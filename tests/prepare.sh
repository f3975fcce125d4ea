#!/bin/sh
# prepare.sh ATTNLAB - text from wherever it comes gives the same corpus, held-out text that is typeset
# differently is noticed, and what is wrong is found before time is spent.
. "$(dirname "$0")/common.sh"

prepare() { # what it says on stderr goes to `err`
    "$attnlab" prepare "$@" >out 2>err || fail "prepare $*: $? ($(cat err))"
}

identity() { # DIR
    sed -n 's/^  "sha256": "\(.*\)",/\1/p' "$1/manifest.json"
}

same() { # DIR DIR
    [ "$(identity "$1")" = "$(identity "$2")" ] || fail "$1 and $2 are different corpora"
}

mkdir texts
for i in 1 2 3 4; do text $i 3000 >texts/$i.txt; done
text 5 1500 >held.txt
prepare texts/1.txt texts/2.txt texts/3.txt texts/4.txt --holdout held.txt --vocab-size 300 --out files

# The same documents in other ways.
prepare texts --holdout held.txt --vocab-size 300 --out folder
same files folder
ls texts/*.txt | prepare --files-from - --holdout held.txt --vocab-size 300 --out list
same files list
(cat texts/1.txt && for i in 2 3 4; do printf '<|end|>' && cat texts/$i.txt; done) |
    prepare - --separator '<|end|>' --holdout held.txt --vocab-size 300 --out input
same files input
(cat texts/1.txt && for i in 2 3 4; do printf '\\\n' && cat texts/$i.txt; done) |
    prepare - --separator '\
' --holdout held.txt --vocab-size 300 --out backslash # not one of \n, \t and \\
same files backslash
json() { # FILE - as a line of JSON; the texts have nothing else to escape
    printf '{"id": 7, "text": "%s\\n"}\n' "$(sed ':a; N; $!ba; s/\n/\\n/g' "$1")"
}
for i in 1 2 3 4; do json texts/$i.txt; done >all.jsonl
json held.txt >held.jsonl
for file in texts/4.txt held.txt; do [ "$(tail -c 1 $file)" = "" ] || echo >>$file; done
prepare texts --holdout held.txt --vocab-size 300 --out ended
prepare all.jsonl --jsonl-field text --holdout held.jsonl --vocab-size 300 --out json
for i in 1 2 3; do [ "$(tail -c 1 texts/$i.txt)" = "" ] || echo >>texts/$i.txt; done
prepare texts --holdout held.txt --vocab-size 300 --out ended --force
same ended json

# Blocks: stated in the manifest.
prepare texts --holdout blocks:size=4k:every=5:gap=0.5k --vocab-size 300 --out blocks
grep -q '"holdout": "blocks:every=5:size=4000:gap=500"' blocks/manifest.json || fail "blocks: not in the manifest"
! grep -q '^!' err || fail "blocks of the same texts are called strange: $(cat err)"

# Held-out text with two spaces after each word.
sed 's/ /  /g' held.txt >wide.txt
prepare texts --holdout wide.txt --vocab-size 300 --out wide
grep -q '^! The held-out text is unlike the training text' err || fail "other typesetting: not noticed ($(cat err))"
grep -q '^! The piece " " is ' err || fail "the piece is not named ($(cat err))"
prepare texts --holdout wide.txt --normalize-space --vocab-size 300 --out normal
! grep -q '^!' err || fail "normalized text is called strange: $(cat err)"
grep -q '"normalized_space": true' normal/manifest.json || fail "normalization: not in the manifest"

# A folder that can't be made is found before the tokenizer is trained.
"$attnlab" prepare texts --vocab-size 300 --out held.txt/corpus >out 2>err
[ $? -eq 1 ] || fail "a folder below a file: status $?"
! grep -q training err || fail "a folder below a file: noticed late"

finish
