#!/bin/sh
# fingerprint.sh OUTPUT DEPFILE ROOT VERSION COMPILER FLAGS PLACE... - writes the tables of
# fingerprint.h, as C, to OUTPUT.
#
# A PLACE is a file or a folder below ROOT.  Of a folder every source, header and build file
# counts, so there is no list of files to keep.  An attention variant, a RoPE scaling and an optimizer
# are each a part of their own, and the lists of them, and of the recipes, are left out: another
# entry changes no run that doesn't use it.  Everything else, what variants share included, belongs to
# the part `core` or `trainer`, and the compiler's flags to `core`.  The hash of a part is that of the
# sorted names and hashes of its files, and the hash of a file that of its tokens (code_hash.py):
# comments and layout change no run.
#
# DEPFILE names every file for ninja, and every folder too, whose time changes with a new file.
set -eu
output=$1 depfile=$2 root=$3 version=$4 compiler=$5 flags=$6
shift 6
hash=$(realpath "$(dirname "$0")")/code_hash.py
exec >"$output" 3>"$depfile"
cd "$root"

entries='variants|core/compute/ropes|trainer/model/optimizers|trainer/config/recipes'
files=$(find "$@" -type f \( -name '*.[ch]' -o -name '*.cc' -o -name meson.build \) |
    grep -v -E "^($entries)/meson.build$" | LC_ALL=C sort)
folders=$(find "$@" -type d)
for place in $files $folders; do echo "$root/$place"; done |
    sed 's/ /\\ /g' | tr '\n' ' ' | sed "s|^|$output: |" >&3

lines=$({
    python3 "$hash" $files
    printf '%s' "$flags" | sha256sum | sed 's/-$/flags/'
} | awk -v entries="^($entries)/.*[.]c$" '{
    part = $2 ~ /^trainer\// ? "trainer" : "core"
    if ($2 ~ entries && $2 !~ /^variants\/(attn|softmax)[.]c$/) part = $2
    print part, $2, $1
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
