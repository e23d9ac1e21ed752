#!/bin/sh
# argparse (in Python's standard library): a negative number with an exponent, as an argument of its
# own, is taken for an option; without an exponent it is taken for a value.
#
# Seen with Python 3.6.15 to 3.13.0 (nine versions): `--bias -0.00001` is read, `--bias -1e-05` ends
# with status 2 and "error: argument --bias: expected one argument"; `--bias=-1e-05` is read.
#
# Why it matters here: numbers are filled into commands in their shortest exact form, which has an
# exponent where they are small. A study with `"--bias", "{bias}"` works until a value gets small,
# and then its segments fail. `pbt check` warns, and the documentation writes `--bias={bias}`.
#
# Fails where that is no longer so. PYTHON names another Python.
set -u
python=${PYTHON:-python3}
program='
import argparse, sys
parser = argparse.ArgumentParser()
parser.add_argument("--bias", type=float)
print(parser.parse_args().bias)
'
"$python" --version
failed=0
expect() {
    wanted=$1
    shift
    found=$("$python" -c "$program" "$@" 2>&1 | tail -1)
    echo "$*: $found"
    case $found in
    *"$wanted") ;;
    *) echo "  expected: $wanted"; failed=1 ;;
    esac
}
expect '-1e-05' --bias -0.00001
expect 'expected one argument' --bias -1e-05
expect '-1e-05' --bias=-1e-05
exit $failed
