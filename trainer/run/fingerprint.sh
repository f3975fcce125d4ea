#!/bin/sh
# fingerprint.sh ROOT DEPFILE TARGET VERSION COMPILER FLAGS PLACE... - writes the tables of
# fingerprint.h as C to stdout.
#
# A PLACE is a file or a folder below ROOT; of a folder every source, header, template and build
# file counts, so that no list of files can be out of date.  A variant's own file is a part of its
# own; everything else is the part `core` or `trainer`, and the flags of the compiler belong to
# `core`.  A part's hash is that of the sorted names and hashes of its files.
#
# DEPFILE tells ninja about every file, and about every folder, whose time changes with a new file.
set -eu
root=$1 depfile=$2 target=$3 version=$4 compiler=$5 flags=$6
shift 6
cd "$root"

files=$(find "$@" -type f \( -name '*.[ch]' -o -name '*.cc' -o -name '*.in' -o -name meson.build \) |
    LC_ALL=C sort)
folders=$(find "$@" -type d)
{
    printf '%s:' "$target"
    for place in $files $folders; do printf ' %s/%s' "$root" "$place"; done
    echo
} >"$depfile"

lines=$({
    sha256sum $files
    printf '%s' "$flags" | sha256sum | sed 's/-$/core compiler flags/'
} | awk '{
    path = $2
    part = path ~ /^trainer\// ? "trainer" : "core"
    if (path ~ /^variants\/.*\.c$/ && path != "variants/attn.c") part = path
    print part, $2 (NF > 2 ? " " $3 " " $4 : ""), $1
}' | LC_ALL=C sort)

commit=$(git rev-parse HEAD 2>/dev/null || true)
dirty=false
[ -z "$commit" ] || [ -z "$(git status --porcelain 2>/dev/null)" ] || dirty=true

echo '#include "trainer/run/fingerprint.h"'
echo 'const fingerprint_part fingerprint_parts[] = {'
for part in $(echo "$lines" | cut -d' ' -f1 | uniq); do
    sum=$(echo "$lines" | grep "^$part " | sha256sum | cut -c1-64)
    echo "    { \"$part\", \"$sum\" },"
done
echo '    { 0 },'
echo '};'
echo "const char fingerprint_version[] = \"$version\";"
echo "const char fingerprint_compiler[] = \"$compiler\";"
echo "const char fingerprint_flags[] = \"$flags\";"
echo "const char fingerprint_commit[] = \"$commit\";"
echo "const bool fingerprint_dirty = $dirty;"
