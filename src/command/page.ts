/**
 * docs/command.md, from the same source as `--help`.
 */
import { helpOfAll, helpOfVerb, pageColumns } from './help.ts'
import type { VerbEntry } from './verb.ts'
import { verbs as allVerbs } from './verbs.ts'

const form = { columns: pageColumns, isColoured: false }

const intro = `# The command

\`npx millrace …\` looks into a directory and changes what is in it, from outside, also while applications have it
open. Commands that look open the log to be read: they hold no lock, and no snapshot for longer than a page of rows
takes.

- **Output.** Data goes to standard output and everything else to standard error. Tables are for people; with
  \`--json\` each row is a JSON object on a line of its own. \`NO_COLOR\` is respected. On a terminal, control
  characters of records are escaped.
- **Exit codes.** 0 done, 1 failed, 2 a command line that makes no sense, 3 nothing found; 130 after Ctrl-C.
- **Pipes.** When the reader of the output goes away, the command ends quietly. A slow reader slows it down.
- **What destroys** shows what it would do and asks first. \`--yes\` answers; without it, and without a terminal to ask
  on, nothing is done.

This page is written by \`npm run command:page\` from what the commands say about themselves.
`

/** The whole page. */
export async function commandPage(verbs: readonly VerbEntry[] = allVerbs): Promise<string> {
  const parts = [intro, block('millrace', helpOfAll(verbs, undefined, form))]
  for (const entry of verbs) {
    const { verb } = await entry.load()
    parts.push(block(`millrace ${entry.name}`, await helpOfVerb(entry, verb, form)))
  }
  return parts.join('\n')
}

function block(title: string, help: string): string {
  return `## ${title}\n\n\`\`\`text\n${help.trimEnd()}\n\`\`\`\n`
}
