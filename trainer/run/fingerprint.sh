#!/bin/sh
# code.sh VERSION COMPILER FLAGS FILE... - writes the tables of code.h.
# A file in variants/ is a part of its own, but for what all variants share; the others make up the
# parts `core` and `trainer`.  A part's hash is that of the sorted names and hashes of its files.
set -eu
version=$1 compiler=$2 flags=$3
shift 3

part_of() {
    case $1 in
    */variants/attn.*) echo core ;;
    */variants/*) echo "variants/${1##*/}" ;;
    */core/*) echo core ;;
    *) echo trainer ;;
    esac
}

lines=$(for file in "$@"; do
    echo "$(part_of "$file") ${file##*/} $(sha256sum <"$file" | cut -c1-64)"
done | LC_ALL=C sort)

cd "$(dirname "$0")"
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
