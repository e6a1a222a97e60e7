/**
 * `millrace __complete -- LINE`: what may come next, for the scripts of `millrace completion`. No help lists it.
 */
import { namesOf } from '../completion/known-names.ts'
import { type AskNames, nextWords } from '../completion/next-words.ts'
import { insertedByBash, readTypedLine } from '../completion/typed-line.ts'
import { isHeldUp } from '../held-up.ts'
import { argument, asText, value } from '../options.ts'
import { declareVerb, type Verb, type VerbContext } from '../verb.ts'

/** How long a Tab waits for a commit that is under way. */
const patienceMs = 300

export const verb: Verb = declareVerb({
  arguments: { line: argument('the command line up to the cursor') },
  options: { breaks: value('--breaks <characters>', 'quote for bash, which begins a word at each of these', asText) },
  examples: [
    { does: 'What verbs of topics there are', line: `millrace __complete -- 'millrace topic '` },
    { does: 'What topics there are', line: `millrace __complete -- 'millrace topic describe '` },
  ],
  async run({ line, breaks }, context) {
    const typed = readTypedLine(line, breaks)
    const { kind, words } = await nextWords(typed, context.verbs, namesFrom(context))
    context.out.add(`${kind}\n`)
    for (const { word, about } of words) {
      // A shell writes to its terminal what it offers, and takes a line for a word.
      if (/\p{Cc}/u.test(word)) continue
      const inserted =
        breaks === undefined ? `${word}${about === '' ? '' : `\t${about}`}` : insertedByBash(word, typed.current)
      if (inserted !== undefined) context.out.add(`${inserted}\n`)
    }
  },
})

/** A log that cannot be read has no names: a complaint would end up in the middle of what is typed. */
function namesFrom({ dir: usualDir, env, clock, openLog }: VerbContext): AskNames {
  return async (kind, { dir: given, application }) => {
    const dir = given?.replace(/^~(?=\/|$)/, env['HOME'] ?? '~') ?? usualDir
    try {
      if (await isHeldUp(dir, clock, patienceMs)) return []
      return await namesOf(await openLog('read', dir), kind, application)
    } catch {
      return []
    }
  }
}
