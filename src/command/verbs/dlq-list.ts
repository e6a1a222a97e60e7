/**
 * `millrace dlq list APP`: the dead letters of an application.
 */
import type { DeadLetter } from '../../log/admin/letters-face.ts'
import { NothingFound } from '../exit-codes.ts'
import { json } from '../../inspect/json.ts'
import { letterForms } from '../../inspect/letter-forms.ts'
import { shownLetterPlace } from '../../inspect/redrive-words.ts'
import { filterOf, filterOptions, letterJson, letterTopic, shownSource } from '../letters.ts'
import { argument, flag, valueOr } from '../options.ts'
import { whole } from '../read-values.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'The newest first, unless --oldest is given. The place of a letter names it for the other commands.',
  arguments: { application: argument('its id') },
  options: {
    ...filterOptions,
    max: valueOr('-n, --max <count>', 'at most this many letters', whole(1), '20'),
    oldest: flag('--oldest', 'the oldest first'),
    deadLetters: letterTopic,
  },
  examples: [
    { does: 'What went wrong last', line: 'millrace dlq list invoices --utc' },
    {
      does: 'How often, by reason',
      line: `millrace dlq list invoices -n 1000 --json | jq -s 'group_by(.reason) | map({(.[0].reason): length}) | add'`,
    },
  ],
  async run({ application, max, oldest, deadLetters, ...filter }, { openLog, out, say, time }) {
    const log = await openLog()
    const letters = log.admin.deadLetters(application, { topic: deadLetters })
    const order = oldest ? 'oldest' : 'newest'
    const found: DeadLetter[] = []
    for await (const letter of letters.list({ ...filterOf(filter), order, limit: max + 1 })) found.push(letter)
    const isMore = found.length > max
    const rows = found.slice(0, max)
    if (rows.length === 0) throw new NothingFound(`${application} has no such dead letters`)
    if (out.isJson) {
      const formsOf = await letterForms(log)
      for (const letter of rows) out.add(`${json(letterJson(letter, formsOf(letter)))}\n`)
      return out.flush()
    }
    await out.rows(rows, [
      { head: 'LETTER', of: shownLetterPlace },
      { head: 'REASON', of: ({ reason }) => reason },
      { head: 'OPERATOR', of: ({ operator }) => operator },
      { head: 'RECORD', of: shownSource },
      { head: 'TIME', of: ({ timestamp }) => time(timestamp) },
      { head: 'MESSAGE', of: ({ message }) => message },
    ])
    if (isMore) say(`there are more than ${max}: -n shows more of them`)
  },
})
