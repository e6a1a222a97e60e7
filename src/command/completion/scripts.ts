/**
 * What each shell runs at Tab: it asks the command for the words that may come next, and knows nothing of verbs.
 *
 * The answer has the kind of words on its first line, and then a word a line. zsh and fish get a tab and what the word
 * is after it, and quote what they insert; bash gets words that are quoted for where they go.
 */

export const shells = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof shells)[number]

const bash = `# Completion of the millrace command for bash.
#
# In this shell:        eval "$(millrace completion bash)"
# In every new shell:   add that line to ~/.bashrc
#
# Where only npx finds millrace, define it first, and in ~/.bashrc above that line:
#   millrace() { npx --no-install millrace "$@"; }

_millrace() {
  local IFS=$' \\t\\n' kind='' word line=\${COMP_LINE-}
  line=\${line:0:\${COMP_POINT:-0}}
  [[ -n $line ]] || line="\${COMP_WORDS[*]:0:COMP_CWORD+1}" # called without a line, by a function around it
  COMPREPLY=()
  while IFS= read -r word; do
    if [[ -z $kind ]]; then kind=$word; else COMPREPLY+=("$word"); fi
  done < <("$1" __complete --breaks "\${COMP_WORDBREAKS-}" -- "$line" 2>/dev/null </dev/null)
  case $kind in
    open) compopt -o nospace ;;
    files) compopt -o default ;;
    directories) compopt -o dirnames ;;
  esac 2>/dev/null
}

complete -F _millrace millrace
`

const zsh = `#compdef millrace
# Completion of the millrace command for zsh.
#
# In this shell:        source <(millrace completion zsh)
# In every new shell:   add that line to ~/.zshrc, after compinit
#                       or: millrace completion zsh > "\${fpath[1]}/_millrace"
#
# Where only npx finds millrace, define it first:
#   millrace() { npx --no-install millrace "$@" }

_millrace() {
  local line typed="\${(j: :)words[1,CURRENT-1]} $IPREFIX$QIPREFIX$PREFIX"
  local -a answer found shown
  answer=("\${(@f)$("\${(Q)words[1]}" __complete -- "$typed" 2>/dev/null </dev/null)}")
  for line in "\${(@)answer[2,-1]}"; do
    found+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  -- }")
  done
  case $answer[1] in
    words) compadd -l -d shown -a found ;;
    open) compadd -S '' -l -d shown -a found ;;
    files) compset -P '--*='; _files ;;
    directories) compset -P '--*='; _files -/ ;;
  esac
}

if [[ $funcstack[1] = _millrace ]]; then _millrace "$@"; else compdef _millrace millrace; fi
`

const fish = `# Completion of the millrace command for fish.
#
# In this shell:        millrace completion fish | source
# In every new shell:   millrace completion fish > ~/.config/fish/completions/millrace.fish
#
# Where only npx finds millrace, define it first:
#   function millrace; npx --no-install millrace $argv; end

function __millrace_complete
    set -l command (commandline -opc)[1]
    set -l answer ($command __complete -- (commandline -cp | string collect) 2>/dev/null </dev/null)
    switch "$answer[1]"
        case files
            __fish_complete_path (commandline -ct)
        case directories
            __fish_complete_directories (commandline -ct)
        case words open
            for line in $answer[2..-1]
                echo $line
            end
    end
end

complete -c millrace -f -a '(__millrace_complete)'
`

export const scripts: Readonly<Record<Shell, string>> = { bash, zsh, fish }
