# Completion of conveyor's commands and options for bash. In ~/.bashrc:
#   source <(conveyor completion bash)
_conveyor() {
    local IFS=$'\n'
    COMPREPLY=($(conveyor completion candidates "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -F _conveyor conveyor  # default: files, where there is no candidate
