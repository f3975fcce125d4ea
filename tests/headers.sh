#!/bin/sh
# headers.sh COMPILER... - every header compiles on its own, as the first include of a file.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0
# The SIMD headers need a target, so only their sources compile them.
for header in $(find cli core variants trainer experiments analysis -name '*.h' ! -path '*/simd/*'); do
    printf '#include "%s"\n#include "%s"\n' "$header" "$header" |
        "$@" -std=c11 -D_POSIX_C_SOURCE=200809L -Wall -Wextra -Werror -I. \
            $(pkg-config --cflags openblas gsl) -fsyntax-only -x c - || {
        echo "$header: does not compile alone"
        failed=1
    }
done
exit $failed
