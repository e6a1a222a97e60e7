/**
 * What `produce` makes of a line: a record, by the forms of the topic's keys and values.
 */
import { isWellFormed } from '../core/text.ts'
import type { HeaderInput } from '../core/headers.ts'
import { nearestName } from '../core/near-names.ts'
import type { RecordInput } from '../core/record.ts'
import { shown } from '../core/shown.ts'
import { type Form, formOf } from '../inspect/record-form.ts'
import { UnfitText } from '../inspect/unfit-text.ts'
import type { Forms } from './record-line.ts'

export type RawInput = RecordInput<Uint8Array | null, Uint8Array | null>

/** How lines become records. */
export interface LineRules {
  readonly forms: Forms
  /** The key of every record that has none in its line. */
  readonly key: Uint8Array | null
  /** What stands between key and value; undefined where a line is a value. */
  readonly separator: Buffer | undefined
  /** Whether an empty value is a tombstone. */
  readonly isEmptyNull: boolean
  readonly headers: readonly HeaderInput[]
  readonly timestamp: number | undefined
  readonly partition: number | undefined
}

/** @throws UnfitText */
export function recordOfLine(line: Uint8Array, rules: LineRules): RawInput {
  const { separator, forms, headers, timestamp, partition, isEmptyNull } = rules
  let key = rules.key
  let text = line
  if (separator !== undefined) {
    const at = Buffer.from(line.buffer, line.byteOffset, line.length).indexOf(separator)
    if (at < 0) throw new UnfitText(`has no ${shown(separator.toString())} between key and value`)
    key = fitting('the key', forms.key, line.subarray(0, at))
    text = line.subarray(at + separator.length)
  }
  const value = isEmptyNull && text.length === 0 ? null : fitting('the value', forms.value, text)
  return { key, value, headers, timestamp, partition }
}

/** @throws UnfitText */
export function fitting(what: string, form: Form, text: Uint8Array): Uint8Array | null {
  try {
    return form.fromText(text)
  } catch (error) {
    throw error instanceof UnfitText ? new UnfitText(`${what} ${error.message}`) : error
  }
}

const json = formOf('json')
const taken = ['key', 'value', 'timestamp', 'headers']
/** Where a record was read, as `consume --json` prints it: it goes where its key says. */
const ignored = ['topic', 'partition', 'offset']

/**
 * A line of `produce --json`.
 *
 * @throws UnfitText
 */
export function recordOfJson(line: Uint8Array, rules: LineRules): RawInput {
  const record = JSON.parse(textOf(line)) as unknown
  if (typeof record !== 'object' || record === null || Array.isArray(record)) {
    throw new UnfitText(`is ${shown(record)}; expected an object with key and value`)
  }
  for (const name of Object.keys(record)) {
    if (taken.includes(name) || ignored.includes(name)) continue
    const near = nearestName(name, taken)
    throw new UnfitText(`has a field ${shown(name)}${near === undefined ? '' : `; did you mean "${near}"?`}`)
  }
  if (!('value' in record)) throw new UnfitText('has no value; null makes a tombstone')
  const timestamp = 'timestamp' in record ? record.timestamp : undefined
  if (timestamp !== undefined && (!Number.isSafeInteger(timestamp) || (timestamp as number) < 0)) {
    throw new UnfitText(`has timestamp ${shown(timestamp)}; expected ms since the epoch`)
  }
  return {
    key: 'key' in record ? fromJson('the key', rules.forms.key, record.key) : rules.key,
    value: fromJson('the value', rules.forms.value, record.value),
    headers: 'headers' in record ? [...headersOf(record.headers), ...rules.headers] : rules.headers,
    timestamp: (timestamp as number | undefined) ?? rules.timestamp,
    partition: rules.partition,
  }
}

function fromJson(what: string, form: Form, value: unknown): Uint8Array | null {
  try {
    return form.fromJson(value)
  } catch (error) {
    throw error instanceof UnfitText ? new UnfitText(`${what}: ${error.message}`) : error
  }
}

function textOf(line: Uint8Array): string {
  json.fromText(line) // says what is wrong with it
  return Buffer.from(line.buffer, line.byteOffset, line.length).toString()
}

/** A list of `{ key, value }`, as they are printed, or an object of names and texts. */
function headersOf(given: unknown): readonly HeaderInput[] {
  if (typeof given !== 'object' || given === null) throw new UnfitText(`has headers ${shown(given)}; expected a list`)
  const list: readonly unknown[] = Array.isArray(given)
    ? given
    : Object.entries(given).map(([key, value]: readonly [string, unknown]) => ({ key, value }))
  return list.map((header) => {
    const { key, value } = (header ?? {}) as { readonly key?: unknown; readonly value?: unknown }
    if (typeof key !== 'string' || !isWellFormed(key))
      throw new UnfitText(`has a header ${shown(header)} without a key`)
    return { key, value: fromJson(`the header ${shown(key)}`, formOf(undefined), value ?? null) }
  })
}
