/**
 * Names of topics, stores, operators and applications: Kafka's rule, checked at every entrance.
 */
import { MillraceError } from './errors.ts'

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
      `${JSON.stringify(name)} cannot be ${what}: use 1 to 249 letters, digits, ".", "_" or "-", and not "." or ".."`,
    )
  }
  return name
}

/** Checks the fields of an options object against what is known, so that a mistyped option is never ignored. */
export function checkOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new MillraceError('bad_option', `${what} takes its options as an object, not ${String(options)}`)
  }
  for (const field of Object.keys(options)) {
    if (!known.includes(field)) {
      throw new MillraceError('bad_option', `${what} has no option "${field}"; it takes ${known.join(', ')}`)
    }
  }
}

/** The function itself, once it is known to be one. */
export function checkedFunction<F>(what: string, fn: F): F {
  if (typeof fn !== 'function') throw new MillraceError('bad_option', `${what} takes a function, not ${String(fn)}`)
  return fn
}

/** Checks a whole number within bounds. */
export function checkWhole(what: string, value: number, least: number, most: number = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    const bounds = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`
    throw new MillraceError('bad_option', `${what} is ${String(value)}; expected a whole number ${bounds}`)
  }
  return value
}
