#compdef osiris
# Completion of osiris for zsh: keep this file as _osiris in a folder of $fpath, or source it after compinit.
_osiris() {
    local -a offers folders others
    offers=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    offers=("${(@)offers[2,-1]}")
    folders=("${(@M)offers:#*/}")
    others=("${(@)offers:#*/}")
    ((${#folders})) && compadd -S '' -- "${(@)folders}"
    ((${#others})) && compadd -- "${(@)others}"
}
if [ "${funcstack[1]}" = "_osiris" ]; then
    _osiris "$@"
else
    compdef _osiris osiris
fi
