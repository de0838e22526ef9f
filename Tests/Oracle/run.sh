#!/bin/bash
# The independent verifier against a built parth:   run.sh BINARY
# ORACLE_FULL=1 runs the slow tests of the verifier itself too, and commits to the preprocessed stacks (two to three minutes more).
set -eu

if [ $# -ne 1 ] || [ ! -x "$1" ]; then
    echo "usage: run.sh BINARY (of parth)" >&2
    exit 64
fi
binary=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/demo" "$work/real"

step() {
    local name=$1
    shift
    if ! timeout 600 "$@" >"$work/out" 2>"$work/log"; then
        tail -n 60 "$work/out" "$work/log" >&2
        echo "oracle: FAILED: $name: $*" >&2
        exit 1
    fi
}

started=$SECONDS
step "verifier data" "$binary" circuits --json --preprocessed "$work/real/preprocessed"
tail -n 1 "$work/out" >"$work/real/circuits.json"
step "demo" "$binary" demo --users 3 --workers 2 --data "$work/demo"
step "demo's files" cp "$work"/demo/*.endcap "$work/demo/block-1.proof" "$work/real"
step "combines" python3 capture.py "$binary" "$work/real"
step "verify.py" python3 verify.py --verifier-data "$work/real/circuits.json" --preprocessed "$work/real/preprocessed" "$work"/real/*.endcap "$work"/real/*.proof
export PARTH_ORACLE_DIR=$work/real PARTH_BINARY=$binary
step "test_real.py" python3 test_real.py
real=$(grep -h -e '^artifacts:' -e ' accepted, ' "$work/out" | paste -s -d ';' | sed 's/;/; /')
step "test_oracle.py" python3 -m unittest test_oracle
own=$(grep -h '^Ran ' "$work/log")
skipped=$(grep -h '^OK' "$work/log")
echo "oracle: OK: $real; test_oracle: $own $skipped; $((SECONDS - started)) s in all"
