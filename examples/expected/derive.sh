#!/bin/sh
# Writes the expected answer of every example program, computed by SQL over the same data, outside any sandbox.
# usage: examples/expected/derive.sh [PATH-TO-SHOP]
set -eu
shop=${1:-shop}
cd "$(dirname "$0")"
for sql in *.sql session/*.sql; do
    "$shop" --query "$(cat "$sql")" > "${sql%.sql}.txt"
done
