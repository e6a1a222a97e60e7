/**
 * What `--help` says, and docs/command.md with it: both are made here, from what the verbs declare.
 */
import { styled } from './colours.ts'
import type { Verb, VerbEntry } from './verb.ts'

/** How help is laid out. */
export interface HelpForm {
  /** How wide it may be. */
  readonly columns: number
  readonly isColoured: boolean
}

/** Where there is no terminal, help is as wide as a page. */
export const pageColumns = 100

/** The help of one verb. */
export async function helpOfVerb(entry: VerbEntry, verb: Verb, form: HelpForm): Promise<string> {
  const { commandOf } = await import('./parse.ts')
  const examples = verb.examples.map(({ does, line }) => `  # ${does}\n  ${line}`).join('\n\n')
  const help = commandOf(entry, verb)
    .configureHelp({ helpWidth: Math.min(form.columns, pageColumns), minWidthToWrap: 20, styleTitle: titles(form) })
    .configureOutput({ getOutHasColors: () => form.isColoured })
    .addHelpText('after', `\n${titles(form)('Examples:')}\n${examples}`)
  let text = ''
  help.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}

/** The verbs there are, or those of one noun. */
export function helpOfAll(verbs: readonly VerbEntry[], noun: string | undefined, form: HelpForm): string {
  const shown = noun === undefined ? verbs : verbs.filter(({ name }) => name.split(' ', 1)[0] === noun)
  const width = Math.max(...shown.map(({ name }) => name.length))
  const title = titles(form)
  let commands = ''
  let above: VerbEntry | undefined
  for (const one of shown) {
    // A noun has its verbs together; commands of one word stand together too.
    if (above !== undefined && nounOf(above) !== nounOf(one)) commands += '\n'
    commands += `  ${one.name.padEnd(width)}  ${one.summary}\n`
    above = one
  }
  const tagline =
    noun === undefined ? 'One command for topics, records, groups, applications and their stores.\n\n' : ''
  return (
    `${title('Usage:')} millrace ${noun ?? '<command>'} ${noun === undefined ? '' : '<command> '}[options]\n\n` +
    `${tagline}${title('Commands:')}\n${commands}\n` +
    `Everything works on --dir, MILLRACE_DIR or ./data, also while applications have it open. Exit codes: 0 done,\n` +
    `1 failed, 2 a command line that makes no sense, 3 nothing found.\n\n` +
    `${title('Examples:')}\n${examplesOfAll}` +
    `\nmillrace ${noun ?? 'COMMAND'} ${noun === undefined ? '' : 'COMMAND '}--help says more, with examples.\n`
  )
}

/** Undefined for a command of one word. */
function nounOf({ name }: VerbEntry): string | undefined {
  return name.includes(' ') ? name.split(' ', 1)[0] : undefined
}

const examplesOfAll = `  cat access.log | millrace produce raw
  millrace consume raw -o end --json | jq .value
`

function titles({ isColoured }: HelpForm): (title: string) => string {
  return (title) => styled('bold', title, isColoured)
}
