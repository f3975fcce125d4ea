#!/bin/sh
# fingerprint.sh SOURCES BUILD - the fingerprint covers what decides the bits of a run, and no more.
#
#   coverage   every file that the compiler read for an object of those folders (ninja's dependency
#              log) is one that the fingerprint hashes, and ninja knows all of them
#   parts      in a copy of the sources, a change of each kind changes the right parts
#   layout     comments, blanks and line breaks change none
set -u
sources=$(realpath "$1") build=$(realpath "$2")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# Coverage.
cd "$build" || exit 1
ninja -t deps >"$dir/all"
awk '/^[^ ]/ { of = $1 } /^ / { print of, $1 }' "$dir/all" >"$dir/deps"
awk '$1 == "trainer/run/fingerprint_table.c:" { print $2 }' "$dir/deps" | xargs realpath | sort >"$dir/hashed"
[ "$(wc -l <"$dir/hashed")" -gt 80 ] || fail "only $(wc -l <"$dir/hashed") files are hashed"
awk '$1 ~ /^(core\/compute|variants|trainer\/(config|corpus|model))\/.*\.o:$/ ||
     $1 ~ /^core\/base\/.*safetensors\.c\.o:$/ { print $2 }' "$dir/deps" | xargs realpath |
    grep "^$sources/" | grep -v "^$build/" | sort -u >"$dir/read"
[ "$(wc -l <"$dir/read")" -gt 80 ] || fail "only $(wc -l <"$dir/read") files are read"
comm -23 "$dir/read" "$dir/hashed" >"$dir/missed"
[ ! -s "$dir/missed" ] || fail "not hashed: $(cat "$dir/missed")"

# Parts.
mkdir "$dir/copy"
cd "$sources" && cp -r core variants trainer cli "$dir/copy"
cd "$dir" || exit 1
places=$(sed -n "/^fingerprint_places/,/]/p" "$sources/trainer/run/meson.build" | grep -o "'[^']*'" | tr -d "'")

parts() { # FLAGS
    "$sources/trainer/run/fingerprint.sh" table.c table.d "$dir/copy" 0 cc "$1" $places
    grep '^    { "' table.c
}

# What a change to FILE does: the names of the parts that differ.
changed() { # FILE
    cp "copy/$1" saved
    case $1 in
    *meson.build) echo 'changed = 1' ;;
    *) echo 'enum { changed };' ;;
    esac >>"copy/$1"
    parts -O3 | diff before - | sed -n 's/^> *{ "\([^"]*\)".*/\1/p' | tr '\n' ' ' | sed 's/ $//'
    mv saved "copy/$1"
}

check() { # PARTS FILE
    [ "$(changed "$2")" = "$1" ] || fail "$2: changes '$(changed "$2")', not '$1'"
}

parts -O3 >before
[ "$(parts -O3)" = "$(cat before)" ] || fail "not the same twice"
sed -i 's/PASS_SLICE = [0-9]*/PASS_SLICE = 7/' copy/trainer/model/pass.h
parts -O3 | diff before - | grep -q '^> *{ "trainer"' || fail "PASS_SLICE changes nothing"
parts -O3 >before
check trainer trainer/model/pass.c
check trainer/model/optimizers/adamw.c trainer/model/optimizers/adamw.c
check core/compute/ropes/yarn.c core/compute/ropes/yarn.c
check trainer trainer/model/tasks/lm.c
check trainer trainer/config/config_table.c
check trainer trainer/corpus/corpus.c
check trainer trainer/run/train.c
check core variants/attn.h
check core variants/softmax.c
check core core/compute/tensor.h
check core core/compute/meson.build
check core core/compute/simd/vec.h
check core core/base/safetensors.c
check variants/grouped.c variants/grouped.c
check '' variants/meson.build
check '' core/compute/ropes/meson.build
check '' trainer/model/optimizers/meson.build
check '' cli/main.c
check '' core/db/db.c
check '' trainer/run/progress.c
parts '-O2' | diff before - | grep -q '^> *{ "core"' || fail "other flags change nothing"
touch copy/core/compute/new.h
parts -O3 | diff before - | grep -q '^> *{ "core"' || fail "a new header changes nothing"
grep -q 'copy/core/compute ' table.d || fail "ninja does not watch the folders"

parts -O3 >before

# Layout: file, what sed does to it, and whether the part changes.
while read -r kind file script; do
    cp "copy/$file" saved
    sed "$script" saved >"copy/$file"
    cmp -s saved "copy/$file" && fail "$file: '$script' does nothing"
    parts -O3 >after
    case $kind in
    same) cmp -s before after || fail "$file: '$script' changes a part" ;;
    other) cmp -s before after && fail "$file: '$script' changes no part" ;;
    esac
    mv saved "copy/$file"
done <<'END'
same core/compute/rng.c 1i/* a comment */
same core/compute/rng.c $a// a comment with "a quote
same core/compute/rng.c s/^    /\t\t/
same core/compute/rng.c s/, /,/g
same core/compute/rng.c s/;$/ ;\n/
same core/compute/rng.c s/^}$/\\\n}/
same core/compute/meson.build s/$/ # a comment/
other core/compute/rng.c s/;$/;;/
other core/compute/rng.c s/+ /- /
other core/compute/rng.c s/^#include </#include "/
other core/base/error.c s/"\([a-z]\)/" \1/
other core/compute/tensor.h s/^#define/#undef/
other core/compute/simd/vec.h s/^#endif/ #else\n#endif/
other core/compute/meson.build s/\.c/.d/
END
echo '#define CALL(x) 1' >copy/core/compute/new.h
parts -O3 >before
echo '#define CALL (x) 1' >copy/core/compute/new.h
parts -O3 | cmp -s before - && fail "a macro loses its parameters"

[ $failures -eq 0 ] || echo "$failures failed"
exit $((failures > 0))
