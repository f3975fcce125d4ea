#!/bin/sh
# schema.sh SCHEMA.SQL - the file as a C array of characters, ended by 0.
echo 'extern const char db_schema_text[];'
echo 'const char db_schema_text[] = {'
od -An -v -tx1 "$1" | sed 's/ \(..\)/0x\1,/g'
echo '0 };'
