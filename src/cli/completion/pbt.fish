# fish completion for pbt: `pbt __complete` says what may come.
function __pbt_complete
    set -l current (commandline -ct)
    set -l words (commandline -opc)
    set -l lines ($words[1] __complete $words[2..-1] $current 2>/dev/null)
    set -l kind (string split ' ' -- $lines[1])
    set -l before (string match -r -- '^--[^=]*=' $current)
    set -l value (string replace -r -- '^--[^=]*=' '' $current)
    set -e lines[1]
    switch "$kind[1]"
        case folders
            set lines (__fish_complete_directories $value)
        case files
            set -e kind[1]
            set lines (__fish_complete_path $value)
            if set -q kind[1]
                set -l endings (string join '|' -- $kind)
                set lines (string match -r -- ".*(?:\.(?:$endings)|/)(?:\t.*)?\$" $lines)
            end
    end
    for line in $lines
        echo "$before$line"
    end
end

complete -c pbt -f -a '(__pbt_complete)'
