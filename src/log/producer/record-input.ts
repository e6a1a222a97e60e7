/**
 * What a program without types may give a producer: looked at when it is called, so that the error says what is wrong.
 */
import { isInstance } from '../../core/checks.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { nearestName } from '../../core/near-names.ts'
import type { RecordInput } from '../../core/record.ts'

const recordFields: readonly (keyof RecordInput<unknown, unknown>)[] = [
  'key',
  'value',
  'timestamp',
  'headers',
  'partition',
]

/**
 * The records, read to their end.
 *
 * @throws MillraceError `bad_option` when they are not a list, `bad_record` when the iterable throws
 */
export function recordsOf<K, V>(records: Iterable<RecordInput<K, V>>): readonly RecordInput<K, V>[] {
  if (isInstance(records, Array)) return records as readonly RecordInput<K, V>[]
  if (isIterable(records)) {
    try {
      return [...records]
    } catch (cause) {
      if (isInstance(cause, MillraceError)) throw cause
      throw new MillraceError('bad_record', `the records cannot be read to their end: ${messageOf(cause)}`, { cause })
    }
  }
  throw new MillraceError('bad_option', `sendMany takes an iterable of records, such as a list, not ${shown(records)}`)
}

function isIterable(records: unknown): boolean {
  try {
    return typeof records === 'object' && records !== null && Symbol.iterator in records
  } catch {
    return false
  }
}

/** The error for a record whose fields throw when they are read. */
export function recordError(error: unknown): unknown {
  if (isInstance(error, MillraceError)) return error
  return new MillraceError('bad_record', `the record cannot be read: ${messageOf(error)}`, { cause: error })
}

/** @throws MillraceError `bad_record` */
export function checkRecord(record: RecordInput<unknown, unknown>): void {
  if (typeof record === 'object' && record !== null) return
  throw new MillraceError('bad_record', `a record is { key, value }, not ${shown(record)}`)
}

/**
 * Looks for fields that are meant to be others. Any further ones may be there: a record that was read can be sent on.
 *
 * @throws MillraceError `bad_record`
 */
export function checkFields(record: RecordInput<unknown, unknown>): void {
  checkRecord(record)
  for (const field in record) {
    switch (field) {
      case 'key':
      case 'value':
      case 'timestamp':
      case 'headers':
      case 'partition':
        break
      default:
        checkSpelling(record, field)
    }
  }
}

function checkSpelling(record: object, field: string): void {
  const missing = recordFields.filter((known) => !(known in record))
  const meant = nearestName(field, missing)
  if (meant === undefined) return
  throw new MillraceError('bad_record', `a record has no field ${shown(field)}; did you mean "${meant}"?`)
}
