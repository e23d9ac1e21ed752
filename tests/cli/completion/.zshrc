# Asked by an interactive zsh whose ZDOTDIR is this folder: print what zsh offers for each line of
# the file $ASK_LINES into $ASK_ANSWERS, behind a line "= LINE", and end. $ASK_FOLDER holds _pbt.
fpath=($ASK_FOLDER $fpath)
autoload -Uz compinit
compinit -D -u
LISTMAX=100000

# Candidates are what compadd would add; calls that only filter are left alone.
compadd() {
    local -a found
    if [[ " ${(j: :)@[1,(i)--]} " == *" -"[OAD]" "* ]]; then
        builtin compadd "$@"
        return
    fi
    builtin compadd -A found "$@"
    print -rl -- $found >>$ASK_ANSWERS
    builtin compadd "$@"
}

zle -C candidates list-choices _main_complete
ask() {
    local line
    for line in "${(@f)$(<$ASK_LINES)}"; do
        BUFFER=$line
        CURSOR=$#BUFFER
        print -r -- "= $line" >>$ASK_ANSWERS
        zle candidates
    done
    BUFFER=exit
    zle accept-line
}
zle -N zle-line-init ask
