# Completion of osiris for bash: source this file, or keep it as
# ~/.local/share/bash-completion/completions/osiris
_osiris() {
    local line="${COMP_LINE:0:COMP_POINT}" how word strip=""
    local -a typed offers
    read -ra typed <<<"$line"
    [[ "$line" == *[[:space:]] ]] && typed+=("")
    local current="${typed[${#typed[@]} - 1]}"
    mapfile -t offers < <("${typed[0]}" __complete "${typed[@]:1}" 2>/dev/null)
    how="${offers[0]}"
    # bash replaces only what follows the last of its word breaks
    local broken="${COMP_WORDS[COMP_CWORD]}"
    [[ "$broken" == [@=:] ]] && broken=""
    strip="${current%"$broken"}"
    strip="${strip%@}" # but an @ belongs to the word
    COMPREPLY=()
    for word in "${offers[@]:1}"; do
        COMPREPLY+=("${word#"$strip"}")
    done
    [[ "$how" == files ]] && compopt -o filenames
    [[ ${#COMPREPLY[@]} -eq 1 && "${COMPREPLY[0]}" == */ ]] && compopt -o nospace
    return 0
}
complete -F _osiris osiris
