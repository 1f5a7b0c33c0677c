#compdef conveyor
# Completion of conveyor's commands and options for zsh. In ~/.zshrc, after compinit:
#   source <(conveyor completion zsh)
_conveyor() {
    local -a lines described
    local line
    lines=("${(@f)$(conveyor completion candidates "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    for line in $lines; do
        described+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}")
    done
    (( $#described )) && _describe -t commands 'conveyor' described || _files
}
compdef _conveyor conveyor
