# bash completion for pbt, 4.3 or newer: `pbt __complete` says what may come. bash splits words at
# `=` and `:` and replaces the last piece; here they are split at blanks, as the program does, and
# what bash keeps is cut from the candidates.
_pbt()
{
    local line=${COMP_LINE:0:COMP_POINT} current kept= word ending
    local -a words lines kind
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    current=${words[-1]}
    mapfile -t lines < <("${words[0]}" __complete "${words[@]:1}" 2>/dev/null)
    read -ra kind <<<"${lines[0]}"
    [[ $current == --*=* ]] && current=${current#*=}
    [[ $COMP_WORDBREAKS == *:* ]] && kept=${current%"${current##*:}"}
    COMPREPLY=()
    case ${kind[0]} in
    files | folders)
        compopt -o filenames
        mapfile -t COMPREPLY < <(
            [[ ${kind[*]} == files ]] && compgen -f -- "$current" || compgen -d -- "$current"
            for ending in "${kind[@]:1}"; do compgen -f -X "!*.$ending" -- "$current"; done
        )
        ;;
    keys) compopt -o nospace ;;
    esac
    for word in "${lines[@]:1}"; do
        word=${word%%$'\t'*}
        [[ $word == "$current"* ]] && COMPREPLY+=("$word")
    done
    COMPREPLY=("${COMPREPLY[@]#"$kept"}")
}

complete -F _pbt pbt
