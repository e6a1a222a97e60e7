/**
 * `millrace dlq edit APP LETTER`: sends the record of a dead letter again with another key, value, time or headers.
 */
import { UsageError } from '../exit-codes.ts'
import { letterForms } from '../../inspect/letter-forms.ts'
import { letterPlace, letterTopic } from '../letters.ts'
import { argument, flag, value, values } from '../options.ts'
import { moment, pair } from '../read-values.ts'
import type { Form } from '../../inspect/record-form.ts'
import { UnfitText } from '../../inspect/unfit-text.ts'
import { printReport } from '../redrive-report.ts'
import { declareVerb, type Verb } from '../verb.ts'

const text = (given: string): string => given

export const verb: Verb = declareVerb({
  about:
    'Shows what would be sent; --execute sends it. The letter itself stays as it is, and counts as sent. Key and value ' +
    'are written by the serdes that their topic names; what is not given stays.',
  arguments: { application: argument('its id'), letter: argument('PARTITION:OFFSET', letterPlace) },
  options: {
    key: value('--key <key>', 'another key', text),
    value: value('--value <value>', 'another value', text),
    tombstone: flag('--tombstone', 'null for a value: it deletes the key'),
    timestamp: value('--timestamp <time>', 'another event time', moment),
    header: values('-H, --header <name=value>', 'other headers, in place of all that it had', pair),
    deadLetters: letterTopic,
    execute: flag('--execute', 'do it'),
  },
  json: 'the report as one JSON object',
  examples: [
    { does: 'Another value', line: `millrace dlq edit invoices 0:0 --value 700 --utc` },
    {
      does: 'Sent',
      line: `millrace dlq edit invoices 0:0 --value 700 --execute --json | jq .sent`,
    },
  ],
  async run({ application, letter: place, deadLetters, execute, ...given }, context) {
    const log = await context.openLog(execute ? 'write' : 'read')
    const dead = log.admin.deadLetters(application, { topic: deadLetters })
    const letter = await dead.show(place)
    const forms = (await letterForms(log))(letter)
    if (given.tombstone && given.value !== undefined) throw new UsageError('--value goes without --tombstone')
    const change = {
      ...(given.key === undefined ? {} : { key: written('key', given.key, forms.key) }),
      ...(given.value === undefined ? {} : { value: written('value', given.value, forms.value) }),
      ...(given.tombstone ? { value: null } : {}),
      ...(given.timestamp === undefined ? {} : { timestamp: given.timestamp }),
      ...(given.header.length === 0
        ? {}
        : { headers: given.header.map(([key, content]) => ({ key, value: content })) }),
    }
    if (Object.keys(change).length === 0)
      throw new UsageError('say what changes: --key, --value, --timestamp or --header')
    return printReport(await dead.redrive([dead.edit(letter, change)], { dryRun: !execute }), context)
  },
})

function written(what: string, given: string, form: Form): Uint8Array | null {
  try {
    return form.fromText(Buffer.from(given))
  } catch (error) {
    throw error instanceof UnfitText ? new UsageError(`the ${what} ${error.message}`) : error
  }
}
