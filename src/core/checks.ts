/**
 * Checks what callers pass to the public API, also from programs without types: names against Kafka's rule, options
 * against the known ones, values against their kind. Each check returns what it was given.
 */
import { MillraceError, messageOf } from './errors.ts'
import { nearestName } from './near-names.ts'
import { shown } from './shown.ts'

const legal = /^[a-zA-Z0-9._-]{1,249}$/

/**
 * Checks a name: 1 to 249 letters, digits, `.`, `_` or `-`, and neither `.` nor `..`.
 *
 * @param what what the name is for, as the message should say it
 * @throws MillraceError `bad_option`
 */
export function checkName(what: string, name: string): string {
  if (typeof name !== 'string' || !legal.test(name) || name === '.' || name === '..') {
    throw new MillraceError(
      'bad_option',
      `${shown(name)} cannot be ${what}: use 1 to 249 letters, digits, ".", "_" or "-", and not "." or ".."`,
    )
  }
  return name
}

/**
 * Checks the fields of an options object against the known ones, so that a mistyped option is never ignored. Returns a
 * plain copy: each getter is called once, here, so the value that was checked is the value that is used.
 */
export function checkOptions<T extends object>(what: string, options: T, known: readonly string[]): T {
  if (!isPlain(options)) {
    throw new MillraceError(
      'bad_option',
      `${what} takes its options as an object, not ${shown(options)}; it takes ${known.join(', ')}`,
    )
  }
  for (const field of fieldsOf(what, options)) {
    if (known.includes(field)) continue
    const near = nearestName(field, known)
    const hint = near === undefined ? '' : `. Did you mean "${near}"?`
    throw new MillraceError('bad_option', `${what} has no option ${shown(field)}; it takes ${known.join(', ')}${hint}`)
  }
  const copy: Record<string, unknown> = {}
  for (const field of known) {
    const value = readField(what, options, field)
    if (value !== undefined) copy[field] = value
  }
  return copy as T
}

/** The names and values of an object whose fields the caller has made up; each getter is called once, here. */
export function checkedEntries(what: string, object: object): readonly (readonly [name: string, value: unknown])[] {
  if (!isPlain(object)) throw new MillraceError('bad_option', `${what} are ${shown(object)}; expected an object`)
  return fieldsOf(what, object).map((field) => [field, readField(what, object, field)])
}

/** Whether it is an object and not a list; a revoked proxy is neither. */
function isPlain(value: unknown): value is object {
  try {
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

/** Whether it is a list; a revoked proxy is none. */
export function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value)
  } catch {
    return false
  }
}

function fieldsOf(what: string, options: object): string[] {
  try {
    return Object.keys(options)
  } catch (cause) {
    throw new MillraceError('bad_option', `${what} cannot read the fields of its options: ${messageOf(cause)}`, {
      cause,
    })
  }
}

/**
 * Reads a field of what a caller passed; its getter may throw.
 *
 * @throws MillraceError `bad_option` with what it threw as its cause
 */
export function readField(what: string, from: object, field: string): unknown {
  try {
    return (from as Readonly<Record<string, unknown>>)[field]
  } catch (cause) {
    throw new MillraceError('bad_option', `${what} cannot read its option "${field}": ${messageOf(cause)}`, { cause })
  }
}

/** The name and the value of the only field of an object; undefined for everything else. */
export function onlyField(value: unknown): readonly [name: string, value: unknown] | undefined {
  try {
    const fields = typeof value === 'object' && value !== null ? Object.entries(value) : []
    return fields.length === 1 ? fields[0] : undefined
  } catch {
    return undefined
  }
}

/** Whether it is an instance of a class; a proxy whose traps throw is not. */
export function isInstance<T extends object>(value: unknown, type: { readonly prototype: T }): value is T {
  try {
    return Object.prototype.isPrototypeOf.call(type.prototype, value as object)
  } catch {
    return false
  }
}

/** Returns the function, once it is known to be one. */
export function checkedFunction<F>(what: string, fn: F): F {
  if (typeof fn !== 'function') throw new MillraceError('bad_option', `${what} takes a function, not ${shown(fn)}`)
  return fn
}

export function checkBoolean(what: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value
  throw new MillraceError('bad_option', `${what} is ${shown(value)}; expected true or false`)
}

/** Checks that it is one of these words or numbers. */
export function checkChoice<T>(what: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  const names = choices.map((choice) => shown(choice))
  const known = [names.slice(0, -1).join(', '), ...names.slice(-1)].join(' or ')
  throw new MillraceError('bad_option', `${what} is ${shown(value)}; expected ${known}`)
}

/** A sparse list may claim 2^32 entries; copying that many would take for ever. */
const listLengthMax = 1_000_000

/** Checks a list, and returns a copy. */
export function checkList<T>(what: string, list: readonly T[]): readonly T[] {
  let copy: readonly T[] | undefined
  try {
    copy = Array.isArray(list) && list.length <= listLengthMax ? Array.from(list as readonly T[]) : undefined
  } catch (cause) {
    throw new MillraceError('bad_option', `${what} cannot be read: ${messageOf(cause)}`, { cause })
  }
  if (copy !== undefined) return copy
  throw new MillraceError('bad_option', `${what} is ${shown(list)}; expected a list`)
}

export function checkSignal(what: string, signal: AbortSignal): AbortSignal {
  try {
    if (signal instanceof AbortSignal && typeof signal.aborted === 'boolean') return signal
  } catch {
    // A proxy around one: it cannot be listened to.
  }
  throw new MillraceError('bad_option', `${what} is ${shown(signal)}; expected an AbortSignal`)
}

/** No system takes a path of more bytes. */
const pathBytesMax = 4_095

/** Checks the path of a directory. */
export function checkPath(what: string, path: string): string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw new MillraceError('bad_option', `${what} takes the path of a directory, not ${shown(path)}`)
  }
  const bytes = Buffer.byteLength(path)
  if (bytes <= pathBytesMax) return path
  throw new MillraceError(
    'bad_option',
    `${what} takes a path of up to ${pathBytesMax} bytes, not the ${bytes} of ${shown(path)}`,
  )
}

/** Checks a whole number within bounds. */
export function checkWhole(what: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    throw new MillraceError('bad_option', `${what} is ${shown(value)}; expected a whole number ${bounds}`)
  }
  return value
}
