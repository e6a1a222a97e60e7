// The functions that a case may name. README.md is their specification; each is the line that the oracle has in Java.
import type { Windowed } from 'millrace'
import { CaseError, json } from './fields.ts'

export type Value = string | number | null
export type Key = Value | Windowed<string>

/** Keys of windowed tables; their serde must know the size of the windows, or that they are sessions. */
export interface WindowedType {
  readonly windowMs: number | 'session'
}

/** What a key or a value is. `null`: nothing but null. */
export type DataType = 'string' | 'long' | 'null' | WindowedType

export type KeyValueFunction<R> = (key: Key, value: Value) => R
export type Flat = (value: Value) => readonly Value[]
export type Fold = (key: Key, aggregate: Value, value: Value) => Value
/** `lookedUp`: the key of the row of a global table. */
export type Join = (key: Key, left: Value, right: Value, lookedUp: Key) => Value

/** One name of the vocabulary. */
interface Entry<F> {
  readonly argument: 'none' | 'text' | 'number'
  /** What it makes: a type, or that of its key or value. */
  readonly gives: 'string' | 'long' | 'null' | 'boolean' | 'key' | 'value'
  readonly make: (argument: string) => F
}

export type Table<F> = Readonly<Record<string, Entry<F>>>

export function plain<F>(gives: Entry<F>['gives'], fn: F): Entry<F> {
  return { argument: 'none', gives, make: () => fn }
}

export function ofText<F>(gives: Entry<F>['gives'], make: (text: string) => F): Entry<F> {
  return { argument: 'text', gives, make }
}

export function ofNumber<F>(gives: Entry<F>['gives'], make: (n: number) => F): Entry<F> {
  return { argument: 'number', gives, make: (argument) => make(Number(argument)) }
}

export function num(value: unknown): number {
  if (typeof value === 'number') return value
  throw new CaseError(`a function got ${json(value)}, but takes a long`)
}

export function str(value: unknown): string {
  if (typeof value === 'string') return value
  throw new CaseError(`a function got ${json(value)}, but takes a string`)
}

function win(key: Key): Windowed<string> {
  if (typeof key === 'object' && key !== null) return key
  throw new CaseError(`a function got the key ${json(key)}, but takes a windowed key`)
}

/** A key that becomes part of a value is a string or a long. */
function simple(key: Key): Value {
  if (typeof key === 'object' && key !== null) throw new CaseError('a function took a windowed key for a value')
  return key
}

export const show = (value: Key): string => String(simple(value))

/** Negative numbers have a negative remainder, and zero has no sign. */
const remainder = (value: Value, n: number): number => (num(value) % n) + 0

const prefix = (value: Value): string | null => {
  const at = value === null ? -1 : str(value).indexOf(':')
  return at < 0 ? null : str(value).slice(0, at)
}

const suffix = (value: Value): string | null => {
  const at = value === null ? -1 : str(value).indexOf(':')
  return at < 0 ? null : str(value).slice(at + 1)
}

const first = (value: Key): string | null => (value === null || value === '' ? null : str(value).charAt(0))

const parts = (list: Value): string[] =>
  list === null
    ? []
    : str(list)
        .split(',')
        .filter((part) => part !== '')

const append = (list: Value, value: Value): string => (str(list) === '' ? show(value) : `${str(list)},${show(value)}`)

const remove = (list: Value, value: Value): string => {
  const rest = parts(list)
  const at = rest.indexOf(show(value))
  if (at >= 0) rest.splice(at, 1)
  return rest.join(',')
}

const nullAt = (sum: number, n: number): number | null => (sum >= n ? null : sum)
const positive = (n: number): number | null => (n > 0 ? n : null)

export const values: Table<KeyValueFunction<Value>> = {
  identity: plain('value', (_, value) => value),
  upper: plain('string', (_, value) => (value === null ? null : str(value).toUpperCase())),
  concat: ofText('string', (s) => (_, value) => (value === null ? null : `${value}${s}`)),
  addN: ofNumber('long', (n) => (_, value) => (value === null ? null : num(value) + n)),
  modN: ofNumber('long', (n) => (_, value) => (value === null ? null : remainder(value, n))),
  length: plain('long', (_, value) => (value === null ? null : str(value).length)),
  show: plain('string', (_, value) => show(value)),
  keyConcat: plain('string', (key, value) => `${show(key)}/${show(value)}`),
  keyToValue: plain('key', simple),
  constNull: plain('null', () => null),
  constant: ofText('string', (s) => () => s),
  one: plain('long', () => 1),
  valueSuffix: plain('string', (_, value) => suffix(value)),
  failOn: ofText('value', (s) => (_, value) => {
    if (show(value) === s) throw new Error(`the value is ${s}`)
    return value
  }),
  nullIfEven: plain('long', (_, value) => (value === null || num(value) % 2 === 0 ? null : value)),
}

export const predicates: Table<KeyValueFunction<boolean>> = {
  always: plain('boolean', () => true),
  never: plain('boolean', () => false),
  isEven: plain('boolean', (_, value) => value !== null && num(value) % 2 === 0),
  greaterThan: ofNumber('boolean', (n) => (_, value) => value !== null && num(value) > n),
  startsWith: ofText('boolean', (s) => (_, value) => value !== null && str(value).startsWith(s)),
  longerThan: ofNumber('boolean', (n) => (_, value) => value !== null && str(value).length > n),
  keyIs: ofText('boolean', (s) => (key) => key !== null && show(key) === s),
  isNull: plain('boolean', (_, value) => value === null),
  notNull: plain('boolean', (_, value) => value !== null),
}

export const keys: Table<KeyValueFunction<Key>> = {
  sameKey: plain('key', (key) => key),
  valueAsKey: plain('value', (_, value) => value),
  valuePrefix: plain('string', (_, value) => prefix(value)),
  firstChar: plain('string', (_, value) => first(value)),
  keyFirstChar: plain('string', (key) => first(key)),
  modKey: ofNumber('string', (n) => (_, value) => (value === null ? null : `m${remainder(value, n)}`)),
  constKey: ofText('string', (s) => () => s),
  constNull: plain('null', () => null),
  windowedKeyToString: plain('string', (key) => `${win(key).key}@${win(key).window.start}-${win(key).window.end}`),
  windowKey: plain('string', (key) => win(key).key),
  windowStart: plain('string', (key) => `w${win(key).window.start}`),
}

export const flats: Table<Flat> = {
  splitChars: plain('string', (value) => (value === null ? [] : str(value).split(''))),
  splitComma: plain('string', parts),
  twice: plain('value', (value) => [value, value]),
  none: plain('value', () => []),
}

export const folds: Table<Fold> = {
  count: plain('long', (_, sum) => num(sum) + 1),
  countDown: plain('long', (_, sum) => num(sum) - 1),
  countDownNull: plain('long', (_, sum) => positive(num(sum) - 1)),
  sum: plain('long', (_, sum, value) => num(sum) + num(value)),
  subtract: plain('long', (_, sum, value) => num(sum) - num(value)),
  subtractNull: plain('long', (_, sum, value) => positive(num(sum) - num(value))),
  sumLength: plain('long', (_, sum, value) => num(sum) + str(value).length),
  maxOf: plain('long', (_, max, value) => Math.max(num(max), num(value))),
  minOf: plain('long', (_, min, value) => Math.min(num(min), num(value))),
  sumNullAt: ofNumber('long', (n) => (_, sum, value) => nullAt(num(sum) + num(value), n)),
  countNullAt: ofNumber('long', (n) => (_, sum) => nullAt(num(sum) + 1, n)),
  listAppend: plain('string', (_, list, value) => append(list, value)),
  listAppendKeyed: plain('string', (key, list, value) => append(list, show(key) + show(value))),
  listAppendNullAt: ofNumber('string', (n) => (_, list, value) => {
    const longer = append(list, value)
    return parts(longer).length >= n ? null : longer
  }),
  listRemove: plain('string', (_, list, value) => remove(list, value)),
  listRemoveNull: plain('string', (_, list, value) => {
    const rest = remove(list, value)
    return rest === '' ? null : rest
  }),
  mergeLists: plain('string', (_, list, other) =>
    str(list) === '' ? str(other) : str(other) === '' ? list : `${str(list)},${str(other)}`,
  ),
  last: plain('value', (_, _aggregate, value) => value),
  first: plain('value', (_, aggregate) => aggregate),
}

const joinConcat = (_: Key, left: Value, right: Value): string => `${show(left)}+${show(right)}`

export const joins: Table<Join> = {
  joinConcat: plain('string', joinConcat),
  joinKeyed: plain('string', (key, left, right) => `${show(key)}:${joinConcat(key, left, right)}`),
  joinBothKeys: plain(
    'string',
    (key, left, right, lookedUp) => `${show(key)}/${show(lookedUp)}:${joinConcat(key, left, right)}`,
  ),
  joinSum: plain('long', (_, left, right) => num(left ?? 0) + num(right ?? 0)),
  joinLeft: plain('key', (_, left) => left),
  joinRight: plain('value', (_, _left, right) => right),
  joinNullIfEqual: plain('string', (key, left, right) => (left === right ? null : joinConcat(key, left, right))),
}

/** A function of the vocabulary, and the type of what it makes. */
export interface Named<F> {
  readonly fn: F
  readonly typeOf: (key: DataType, value: DataType) => DataType
}

/** The function that a case calls `name` or `name(argument)`. */
export function find<F>(kind: string, table: Table<F>, call: string): Named<F> {
  const [, name = '', argument] = /^(\w+)(?:\((.*)\))?$/.exec(call) ?? []
  const entry = Object.hasOwn(table, name) ? table[name] : undefined
  if (entry === undefined) throw new CaseError(`unknown ${kind} function ${json(call)}`)
  const fits =
    entry.argument === 'none'
      ? argument === undefined
      : argument !== undefined && (entry.argument === 'text' || /^-?\d+$/.test(argument))
  if (!fits) {
    const wanted = { none: 'no argument', text: 'an argument', number: 'a number' }[entry.argument]
    throw new CaseError(`${kind} function ${json(call)}: ${name} takes ${wanted}`)
  }
  const { gives } = entry
  return {
    fn: entry.make(argument ?? ''),
    typeOf: (key, value) => {
      if (gives === 'boolean') throw new CaseError(`${call} is a predicate`)
      return gives === 'key' ? key : gives === 'value' ? value : gives
    },
  }
}
