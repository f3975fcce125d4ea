#!/bin/sh
# docs.sh - the documentation is true to the source: docs/database.md is what the schema makes it, and
# every file that a page links to, or names in backquotes by a path from the top, exists.  A path with
# NAME, a star or braces stands for several and is not checked.
set -u
cd "$(dirname "$0")/.." || exit 1
failed=0

tools/schema_page --check || failed=1

for page in *.md docs/*.md experiments/*.md experiments/*/*.md; do
    links=$(grep -o ']([^)#]*)' "$page" | sed 's/^](//; s/)$//' | grep -v '^http' | sed "s|^|$(dirname "$page")/|")
    # shellcheck disable=SC2016 # backquotes of Markdown
    paths=$(grep -oE '`[A-Za-z0-9_./-]+`' "$page" | tr -d '`' |
        grep -E '^(analysis|cli|core|docs|experiments|notebooks|tests|tools|trainer|variants)/' | grep -v NAME)
    for file in $links $paths; do
        [ -e "$file" ] || {
            echo "$page: there is no $file"
            failed=1
        }
    done
done
exit $failed
