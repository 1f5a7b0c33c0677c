# Completion of conveyor's commands and options for fish. In ~/.config/fish/config.fish:
#   conveyor completion fish | source
function __conveyor_candidates
    set -l words (commandline -opc) (commandline -ct)
    conveyor completion candidates $words[2..] 2>/dev/null
end
complete -c conveyor -n 'test -n "$(__conveyor_candidates)"' -f
complete -c conveyor -a '(__conveyor_candidates)'
