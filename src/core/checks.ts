/**
 * What callers hand in, checked at every entrance, for programs without types too: names by Kafka's rule, options by what is
 * known, values by their kind. Each check returns what it was given.
 */
import { MillraceError } from './errors.ts'
import { nearestName } from './near-names.ts'
import { shown } from './shown.ts'

const legal = /^[a-zA-Z0-9._-]{1,249}$/

/**
 * Checks a name: 1 to 249 letters, digits, `.`, `_` or `-`, and neither `.` nor `..`.
 *
 * @param what what the name is for, as it should stand in the message
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

/** Checks the fields of an options object against what is known, so that a mistyped option is never ignored. */
export function checkOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new MillraceError('bad_option', `${what} takes its options as an object, not ${shown(options)}`)
  }
  for (const field of Object.keys(options)) {
    if (known.includes(field)) continue
    const near = nearestName(field, known)
    const hint = near === undefined ? '' : `. Did you mean "${near}"?`
    throw new MillraceError('bad_option', `${what} has no option "${field}"; it takes ${known.join(', ')}${hint}`)
  }
}

/** The function itself, once it is known to be one. */
export function checkedFunction<F>(what: string, fn: F): F {
  if (typeof fn !== 'function') throw new MillraceError('bad_option', `${what} takes a function, not ${shown(fn)}`)
  return fn
}

export function checkBoolean(what: string, value: boolean): boolean {
  if (typeof value === 'boolean') return value
  throw new MillraceError('bad_option', `${what} is ${shown(value)}; expected true or false`)
}

export function checkList<T>(what: string, list: readonly T[]): readonly T[] {
  const given: unknown = list
  if (Array.isArray(given)) return list
  throw new MillraceError('bad_option', `${what} is ${shown(given)}; expected a list`)
}

export function checkSignal(what: string, signal: AbortSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal
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
