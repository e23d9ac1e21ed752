# A trainer in a shell script: a function of its checkpoint, its rate, its seed and its steps.
# usage: slow.sh RATE LOAD SAVE START END SEED
set -e
at=$6
if [ -n "$2" ]; then
    at=$(cat "$2/at")
fi
mkdir "$3"
sleep 0.02
awk -v at="$at" -v rate="$1" -v steps="$(($5 - $4))" 'BEGIN {
    at = at > 1000 ? 1 + at % 1000 / 1000 : at
    for (; steps > 0; steps--) {
        at -= rate * (at - 0.5)
    }
    printf "%.17g\n", at
}' >"$3/at"
echo "{\"score\": -$(cat "$3/at")}"
