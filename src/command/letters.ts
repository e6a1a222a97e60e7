/**
 * Dead letters as they are typed and shown.
 */
import type { DeadLetter, LetterFilter, LetterPlace } from '../log/admin/letters-face.ts'
import { UsageError } from './exit-codes.ts'
import { type Option, type Reader, value, values } from './options.ts'
import { moment } from './read-values.ts'
import type { LetterForms } from '../inspect/letter-forms.ts'
import type { Form } from '../inspect/record-form.ts'

const text: Reader<string> = (given) => given

/** `PARTITION:OFFSET`, as `dlq list` shows it. */
export const letterPlace: Reader<LetterPlace> = (given) => {
  const [, partition, offset] = /^(\d{1,9}):(\d{1,15})$/.exec(given) ?? []
  if (partition !== undefined) return { partition: Number(partition), offset: Number(offset) }
  throw new UsageError('Expected PARTITION:OFFSET, as "millrace dlq list" shows it.')
}

/** Which letters are meant. */
export const filterOptions: {
  readonly reason: Option<readonly string[]>
  readonly operator: Option<readonly string[]>
  readonly topic: Option<string | undefined>
  readonly from: Option<number | undefined>
  readonly to: Option<number | undefined>
} = {
  reason: values('--reason <code>', 'only letters with this reason', text),
  operator: values('--operator <id>', 'only letters of this operator', text),
  topic: value('--topic <name>', 'only records that were read from this topic', text),
  from: value('--from <time>', 'only records of this event time or later', moment),
  to: value('--to <time>', 'only records before this event time', moment),
}

/** Where the letters lie. */
export const letterTopic: Option<string | undefined> = value(
  '--dead-letters <topic>',
  'the topic that they lie in (default: where the application writes them)',
  text,
)

export interface GivenFilter {
  readonly reason: readonly string[]
  readonly operator: readonly string[]
  readonly topic: string | undefined
  readonly from: number | undefined
  readonly to: number | undefined
}

export function filterOf({ reason, operator, topic, from, to }: GivenFilter): LetterFilter {
  return {
    reason: reason.length === 0 ? undefined : reason,
    operator: operator.length === 0 ? undefined : operator,
    topic,
    from,
    to,
  }
}

export function isFilterEmpty({ reason, operator, topic, from, to }: GivenFilter): boolean {
  return reason.length === 0 && operator.length === 0 && topic === undefined && from === undefined && to === undefined
}

/** `clicks[0] 17`; null for a job. */
export function shownSource({ source }: DeadLetter): string | null {
  return source === null ? null : `${source.topic}[${source.partition}] ${source.offset}`
}

/** A letter for `--json`: its record as its serdes read it. */
export function letterJson(letter: DeadLetter, forms: LetterForms): object {
  const shown = (bytes: Uint8Array | null, form: Form): unknown =>
    bytes === null ? null : JSON.parse(form.json(bytes))
  return { ...letter, key: shown(letter.key, forms.key), value: shown(letter.value, forms.value) }
}
