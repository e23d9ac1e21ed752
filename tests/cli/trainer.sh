# A trainer of one weight, which grows with every step, fastest where the rate is 0.1.
# usage: trainer.sh RATE LOAD SAVE START END
set -e
weight=0
if [ -n "$2" ]; then
    weight=$(cat "$2")
fi
echo "training from $4 to $5 with rate $1"
sleep "$DELAY"
awk -v weight="$weight" -v rate="$1" -v steps="$(($5 - $4))" 'BEGIN {
    distance = log(rate / 0.1)
    printf "%.17g\n", weight + steps * exp(-distance * distance)
}' >"$3"
echo "{\"score\": $(cat "$3")}"
