# Completion of osiris for fish: keep this file as ~/.config/fish/completions/osiris.fish
function __osiris_complete
    set -l typed (commandline --tokenize --cut-at-cursor --current-process)
    set -l current (commandline --cut-at-cursor --current-token)
    $typed[1] __complete $typed[2..-1] "$current" 2>/dev/null | tail -n +2
end
complete --command osiris --no-files --arguments '(__osiris_complete)'
