#!/bin/sh
# notebook.sh ATTNLAB NOTEBOOK - a notebook runs from its first cell to its last.  Skipped (77) if
# Jupyter, pandas or matplotlib is not installed.
set -eu
python=/usr/bin/python3
[ -x "$python" ] && "$python" -c 'import ipykernel, matplotlib, nbconvert, pandas' 2>/dev/null || exit 77
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
ATTNLAB=$(realpath "$1") TMPDIR=$folder IPYTHONDIR=$folder/ipython \
    "$python" -m nbconvert --to html --execute --ExecutePreprocessor.timeout=300 \
    --output-dir "${3:-$folder/out}" "$2"
