/**
 * `millrace completion SHELL`: what a shell needs to complete command lines of millrace.
 */
import { scripts, shells } from '../completion/scripts.ts'
import { argument } from '../options.ts'
import { oneOf } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about:
    'Completes commands, their options, and names of topics, groups, applications and stores, from the directory ' +
    'that --dir or MILLRACE_DIR names. For bash, put eval "$(millrace completion bash)" into ~/.bashrc. For zsh, ' +
    'put source <(millrace completion zsh) into ~/.zshrc, after compinit. For fish, run millrace completion fish ' +
    '> ~/.config/fish/completions/millrace.fish. The script begins with the same instructions, and with what to ' +
    'do if only npx finds millrace.',
  arguments: { shell: argument(`${shells.slice(0, -1).join(', ')} or ${shells.at(-1)}`, oneOf(...shells)) },
  json: 'no difference: a script is not JSON',
  examples: [
    { does: 'The script for bash, which says how to install it', line: 'millrace completion bash' },
    { does: 'How to install it in fish', line: 'millrace completion fish | head -n 7' },
  ],
  async run({ shell }, { out }) {
    out.add(scripts[shell])
  },
})
