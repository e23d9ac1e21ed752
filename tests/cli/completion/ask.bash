# ask.bash SCRIPT: print what bash offers for each line of standard input, behind a line "= LINE".
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
compopt() { :; } # outside of a completion the real one complains
source "$1"
while IFS= read -r COMP_LINE; do
    COMP_POINT=${#COMP_LINE}
    COMPREPLY=()
    _pbt
    printf '= %s\n' "$COMP_LINE"
    printf '%s\n' "${COMPREPLY[@]}"
done
