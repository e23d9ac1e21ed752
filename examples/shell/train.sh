#!/bin/sh
# One segment: descend Rosenbrock's valley f = (1 - x)^2 + 100 (y - x^2)^2 with momentum.
# usage: train.sh RATE MOMENTUM LOAD SAVE FROM UNTIL
set -eu
rate=$1 momentum=$2 load=$3 save=$4 from=$5 until=$6

# A checkpoint is one line: where it is, and how fast it moves. LOAD is empty at the very beginning.
x=-1.2 y=1 vx=0 vy=0
if test -n "$load"; then
    read -r x y vx vy <"$load"
fi

# The last line of output is the report. JSON knows no infinities, so a score that is one is named.
awk -v x="$x" -v y="$y" -v vx="$vx" -v vy="$vy" -v rate="$rate" -v momentum="$momentum" \
    -v steps="$((until - from))" -v save="$save" '
BEGIN {
    for (step = 0; step < steps && x * x + y * y < 1e6; step++) {
        vx = momentum * vx - rate * (-2 * (1 - x) - 400 * x * (y - x * x))
        vy = momentum * vy - rate * 200 * (y - x * x)
        x += vx
        y += vy
    }
    printf "%.17g %.17g %.17g %.17g\n", x, y, vx, vy >save
    if (close(save) != 0) {
        exit 1 # a disk that is full
    }
    if (x * x + y * y < 1e6) {
        printf "{\"f\": %.17g}\n", (1 - x) ^ 2 + 100 * (y - x * x) ^ 2
    } else {
        print "{\"f\": Infinity}"
    }
}'
