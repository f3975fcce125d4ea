#!/bin/sh
# new_variant.sh ATTNLAB SOURCES - a variant of your own begins as a copy that keeps all promises, and what
# cannot be begun is refused with nothing changed; variants --verbose and describe tell its cost.
sources=$(realpath "$2")
. "$(dirname "$0")/common.sh"

expect() { # STATUS WORDS COMMAND...
    status=$1 words=$2
    shift 2
    "$@" >out 2>&1
    got=$?
    [ $got -eq "$status" ] || fail "$*: status $got, not $status: $(cat out)"
    grep -q -e "$words" out || fail "$*: no '$words' in: $(cat out)"
}

expect 2 'run this in the top folder' "$attnlab" new-variant mine
mkdir tree
cp -r "$sources/variants" tree
cd tree || exit 1

# Refusals change nothing.
cp -r variants before
expect 2 "there is a variant 'mha' already" "$attnlab" new-variant mha
expect 2 'exists: choose another name' "$attnlab" new-variant template
expect 2 'exists: choose another name' "$attnlab" new-variant attn
expect 2 'attn_layer means something' "$attnlab" new-variant layer
for name in 2nd a-b 'a b' Mine ../up ''; do
    expect 2 'cannot be a name' "$attnlab" new-variant "$name"
done
expect 2 'no variants/nothing.c to copy' "$attnlab" new-variant mine --from nothing
expect 2 'no variants/../cli/main.c to copy' "$attnlab" new-variant mine --from ../cli/main
expect 2 'defines no attn_variant' "$attnlab" new-variant mine --from attn
diff -r before variants || fail "a refusal changed files"

# A copy differs in its names and nothing else; of several variants in a file one is left.
expect 0 'conformance mine' "$attnlab" new-variant mine
sed 's/^\/\* template.c/\/* mine.c/; s/attn_template/attn_mine/; s/"template"/"mine"/' variants/template.c |
    diff - variants/mine.c || fail "mine.c"
expect 2 'exists' "$attnlab" new-variant mine
expect 0 'a copy of grouped.c' "$attnlab" new-variant mine2 --from grouped
[ "$(grep -c '^const attn_variant' variants/mine2.c)" = 1 ] || fail "mine2.c has more than one variant"
grep -q '^const attn_variant attn_mine2 = {' variants/mine2.c || fail "mine2.c has no attn_mine2"
grep -q -E '"(mha|mqa|gqa|window)"' variants/mine2.c && fail "mine2.c has an old name"
diff before/meson.build variants/meson.build >lines
[ "$(grep -c '^[<>]' lines)" = 2 ] && grep -q "'mine': \['mine'\]," lines && grep -q "'mine2': \['mine2'\]," lines ||
    fail "meson.build: $(cat lines)"

# What a variant costs.
cd "$dir" || exit 1
expect 0 '2 G E floats a token: 512 bytes a token, 512 KiB at 1024 tokens' "$attnlab" variants --verbose
expect 0 'H E floats in all: 1 KiB at any length' "$attnlab" variants --verbose
expect 0 '256 KiB at 1024 tokens and more' "$attnlab" variants --verbose
expect 0 '262144: q_proj (256, 256), k_proj' "$attnlab" variants --verbose
expect 0 '"kv_bytes_layer": 1024, "kv_bytes_per_token": null' "$attnlab" variants --verbose -o json
expect 0 'refused.*the head width 3 is not even' "$attnlab" variants --verbose --dim 12 --heads 4
expect 2 '5 does not divide --dim 12' "$attnlab" variants --verbose --dim 12 --heads 5
small_corpus
expect 0 'kv_bytes_any_length *256 *bytes' "$attnlab" describe small.yaml model.attention=template
grep -q kv_bytes_per_token out && fail "describe: a constant state has no bytes a token"
expect 0 'kv_bytes_per_token *512 *bytes' "$attnlab" describe small.yaml
finish
