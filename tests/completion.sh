#!/bin/bash
# completion.sh ATTNLAB - what is generated from the table of commands: bash completes commands,
# options, choices, keys and studies; the man page names every command and option; zsh can read its
# script where it is installed.
. "$(dirname "$0")/common.sh"

"$attnlab" help --completion bash >attnlab.bash || fail "help --completion bash: $?"
bash -n attnlab.bash || fail "the completion is not bash"
mkdir bin && ln -s "$(realpath "$attnlab")" bin/attnlab && PATH=$PWD/bin:$PATH
. ./attnlab.bash

# complete_words WORD... - COMPREPLY for these words, the last of which is being typed; words are
# split at "=" as bash does.
complete_words() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    _attnlab
}
# expect 'CANDIDATE...' WORD...
expect() {
    local want=$1
    shift
    complete_words "$@"
    [ "${COMPREPLY[*]}" = "$want" ] || fail "$*: completes to '${COMPREPLY[*]}', not '$want'"
}
# offers CANDIDATE WORD...
offers() {
    local want=$1
    shift
    complete_words "$@"
    case " ${COMPREPLY[*]} " in *" $want "*) ;; *) fail "$*: no '$want' in '${COMPREPLY[*]}'" ;; esac
}

expect compare attnlab comp
expect 'status' attnlab stat
offers --version attnlab --
expect --interactions attnlab compare --inter
offers -d attnlab compare -
expect 'json jsonl' attnlab compare --output js
expect 'json jsonl' attnlab compare heads -o js
expect 'json jsonl' attnlab compare --output = js
expect 'base all' attnlab compare --pairs = ''
expect 'base all' attnlab compare --pairs =
expect 'bash zsh' attnlab help --completion ''
expect compare attnlab help comp
expect 'worse' attnlab compare --fail-if wo
expect '' attnlab compare --alpha ''
expect "train decode prefill" attnlab bench ''
touch small.yaml
expect small.yaml attnlab train sm
expect 'train.lr=' attnlab train small.yaml train.lr
expect 'train.lr=' attnlab sweep -j 2 small.yaml train.tokens = 1M train.lr
expect 'false' attnlab train small.yaml model.tie_embeddings = f
expect 'linear llama3' attnlab train small.yaml model.rope_scaling = l
expect 'heat' attnlab plot heads --kind hea
expect 'leaderboard' attnlab query leader

# Studies and runs come from the database, wherever --db stands.
small_corpus
"$attnlab" train small.yaml --quiet --db own.db train.tokens=512 || fail "train: $?"
sqlite3 own.db "INSERT INTO sweep(name, created_ms, design, axes_json, baseline_json)
    VALUES('heads', 0, 'grid', '{}', '{}')" || fail "no study"
expect heads attnlab compare --db own.db hea
expect heads attnlab --db own.db compare hea
expect heads attnlab compare -d own.db hea
expect heads attnlab compare --db = own.db hea
expect '' attnlab compare --db other.db hea
uid=$(sqlite3 own.db 'SELECT run_uid FROM run')
expect "$uid" attnlab replay --db own.db "${uid:0:6}"

# Every command and option that the help shows is in the man page and in the completion.
"$attnlab" help --man >attnlab.1 || fail "help --man: $?"
"$attnlab" help --completion zsh >_attnlab || fail "help --completion zsh: $?"
sed 's/\\-/-/g; s/\\f[BIR]//g' attnlab.1 >plain
for command in $("$attnlab" help | sed -n 's/^  \([a-z-]*\)  .*/\1/p'); do
    grep -q "^.SS \"attnlab $command\"" attnlab.1 || fail "$command is not in the man page"
    offers "$command" attnlab "$command" # import is the start of import-runs, too
    grep -q "^    $command)" _attnlab || fail "$command is not in zsh's completion"
    sed -n "/^.SS \"attnlab $command\"/,/^.S[SH] /p" plain | sed 1d >section
    for option in $("$attnlab" "$command" --help | sed -n 's/^  .* \(--[a-z-]*\).*/\1/p' | sort -u); do
        offers "$option" attnlab "$command" "$option"
        [ "$option" = --help ] || grep -q -e "$option" section || fail "$command $option is not in the man page"
        grep -q -e "$option" _attnlab || fail "$command $option is not in zsh's completion"
    done
done
if command -v mandoc >/dev/null; then
    # The page has no date: it is that of the program.
    mandoc -Tlint -W warning attnlab.1 | grep -v 'missing date' >lint
    [ ! -s lint ] || fail "mandoc: $(cat lint)"
fi
if command -v man >/dev/null; then
    MANROFFSEQ='' MANWIDTH=80 man --warnings -l attnlab.1 >page 2>warnings || fail "man: $?"
    [ ! -s warnings ] || fail "man: $(cat warnings)"
    grep -q 'ATTNLAB(1)' page || fail "man shows no page"
fi
if command -v zsh >/dev/null; then
    zsh -n _attnlab || fail "the completion is not zsh"
fi
finish
