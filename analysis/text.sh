#!/bin/sh
# text.sh NAME FILE - a file as a C array of characters called NAME, ended by 0.
echo "extern const char $1[];"
echo "const char $1[] = {"
od -An -v -tx1 "$2" | sed 's/ \(..\)/0x\1,/g'
echo '0 };'
