/** The shells that completion is there for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

/**
 * What each shell has to run once. The scripts ask `mailroom completion words` for what may come
 * next, so that they need not be made anew with every version.
 */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of mailroom in bash. In ~/.bashrc: eval "$(mailroom completion bash)"
_mailroom() {
  local word
  local -a given=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  given=("\${given[@]//[\\\\\\"\\']/}")
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    COMPREPLY+=("$(printf '%q' "$word")")
  done < <("$1" completion words -- "\${given[@]}" 2>/dev/null)
}
complete -o default -F _mailroom mailroom
`,
  zsh: `#compdef mailroom
# Completion of mailroom in zsh. In ~/.zshrc, after compinit: eval "$(mailroom completion zsh)"
_mailroom() {
  local word about
  local -a candidates
  while IFS=$'\\t' read -r word about; do
    candidates+=("\${word//:/\\\\:}\${about:+:$about}")
  done < <("\${words[1]}" completion words -- "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  if (( $#candidates )); then
    _describe mailroom candidates
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _mailroom ]]; then
  _mailroom "$@"
else
  compdef _mailroom mailroom
fi
`,
  fish: `# Completion of mailroom in fish. In ~/.config/fish/config.fish: mailroom completion fish | source
function __mailroom_candidates
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l candidates ($words[1] completion words -- $words[2..] "$current" 2>/dev/null)
    if set -q candidates[1]
        printf '%s\\n' $candidates
    else
        __fish_complete_path "$current"
    end
end
complete -c mailroom -f -a '(__mailroom_candidates)'
`,
}
