#!/bin/sh
# tools_test.sh - tools/test, on a project of three small tests: a failure is shown with its output and
# gives status 1, the last line has the counts, and tests that could not be run at all are no success.
set -u
top=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
mkdir tools
cp "$top/tools/test" tools/
printf '#!/bin/sh\n[ -f build/build.ninja ] || meson setup build >/dev/null\n' >tools/setup
chmod +x tools/setup
echo "option('tests', type: 'feature')" >meson_options.txt
failures=0

# project STATUS - the third test, called last, ends with this status.
project() {
    cat >meson.build <<END
project('small', 'c')
shell = find_program('sh')
test('passes', shell, args: ['-c', 'exit 0'], suite: 'unit')
test('is skipped', shell, args: ['-c', 'exit 77'], suite: 'conformance')
test('last', shell, args: ['-c', 'echo reason; exit $1'], suite: 'unit')
test('too long', shell, args: ['-c', 'exit 1'], suite: 'long')
END
}

# expect STATUS LAST TEXT - what tools/test has to end with, and to have printed.
expect() {
    # shellcheck disable=SC2065 # a program
    tools/test >out 2>&1
    status=$?
    [ $status -eq "$1" ] && [ "$(tail -n 1 out)" = "$2" ] && grep -q "$3" out && return
    echo "FAILED: expected status $1, '$3' and '$2'; status $status and:"
    cat out
    failures=1
}

project 0
expect 0 "4 passed, 0 failed, 2 skipped" "small:unit / passes  *OK"
project 1
expect 1 "2 passed, 2 failed, 2 skipped" "^reason"
echo "nonsense(" >>meson.build
expect 1 "0 passed, 2 failed, 0 skipped" "test: under sanitizers"
exit $failures
