# ask.fish SCRIPT: print what fish offers for each line of standard input, behind a line "= LINE".
source $argv[1]
while read --local line
    echo "= $line"
    complete -C "$line" | string replace -r '\t.*' ''
end
exit 0
