/**
 * Where a source begins, and what says the times of its records.
 */
import { checkedFunction, checkWhole, onlyField } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import { shown } from '../core/shown.ts'
import type { SourceReset, TimestampExtractor } from '../plan/node.ts'
import { refusePromise } from './answers.ts'

/** @throws MillraceError `bad_option` */
export function checkReset(reset: SourceReset): SourceReset {
  if (reset === 'earliest' || reset === 'latest') return reset
  const [name, value] = onlyField(reset) ?? []
  if (name === 'ago') return Object.freeze({ ago: checkWhole('the duration of reset', value as number, 0) })
  if (name === 'time') return Object.freeze({ time: checkWhole('the time of reset', value as number, 0) })
  throw new MillraceError(
    'bad_option',
    `reset is ${shown(reset)}; expected "earliest", "latest", { ago: ms } or { time: ms }`,
  )
}

/**
 * What says the times of a source's records, and checks what a function of the user's says; undefined: the log does.
 *
 * @throws MillraceError `bad_option` when it is not a function
 */
export function extracting<K, V>(
  verb: string,
  given: ((record: StreamRecord<K, V>) => number) | undefined,
): TimestampExtractor | undefined {
  if (given === undefined) return undefined
  const timestampOf = checkedFunction('timestamp', given)
  return (record) => {
    const answer: unknown = timestampOf(record as StreamRecord<K, V>)
    if (Number.isSafeInteger(answer) && (answer as number) >= 0) return answer as number
    refusePromise(`the function timestamp of ${verb}`, answer)
    throw new MillraceError(
      'bad_timestamp',
      `the function timestamp of ${verb} returned ${shown(answer)}; a time is a whole number of ms from 0`,
    )
  }
}
