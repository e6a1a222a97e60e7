/**
 * `millrace dlq show APP LETTER`: one dead letter with its record.
 */
import { letterForms } from '../../inspect/letter-forms.ts'
import { shownLetterPlace } from '../../inspect/redrive-words.ts'
import { letterJson, letterPlace, letterTopic, shownSource } from '../letters.ts'
import { textOf } from '../../inspect/stored-rows.ts'
import { argument } from '../options.ts'
import { declareVerb, type Verb } from '../verb.ts'

export const verb: Verb = declareVerb({
  about: 'Key and value are shown by the serdes that their topic names; bytes that these cannot read, as text or hex.',
  arguments: { application: argument('its id'), letter: argument('PARTITION:OFFSET', letterPlace) },
  options: { deadLetters: letterTopic },
  json: 'all of it as one JSON object',
  examples: [
    { does: 'A letter', line: 'millrace dlq show invoices 0:0 --utc' },
    { does: 'Its record alone', line: 'millrace dlq show invoices 0:0 --json | jq -c "{key, value}"' },
  ],
  async run({ application, letter: place, deadLetters }, { openLog, out, time }) {
    const log = await openLog()
    const letter = await log.admin.deadLetters(application, { topic: deadLetters }).show(place)
    const forms = (await letterForms(log))(letter)
    const { reason, message, operator, kind, timestamp, key, value, headers } = letter
    await out.facts(letterJson(letter, forms), [
      ['letter', `${shownLetterPlace(letter)} in ${letter.topic}`],
      ['reason', reason],
      ['message', message ?? '-'],
      ['operator', operator ?? '-'],
      ['record', shownSource(letter) ?? `none: a ${kind} failed`],
      ['time', time(timestamp)],
      ['key', key === null ? 'null' : forms.key.text(key)],
      ['value', value === null ? 'null' : forms.value.text(value)],
      ...headers.map(
        ({ key: name, value: bytes }) => ['header', `${name}=${bytes === null ? 'null' : textOf(bytes)}`] as const,
      ),
    ])
  },
})
