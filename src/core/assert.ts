/**
 * What millrace takes for granted, checked where it is relied on. A defect of ours stops with a message where it first
 * shows, before it becomes a wrong result.
 */
import { MillraceError } from './errors.ts'

/**
 * @param claim what must be so, as a sentence
 * @throws MillraceError `defect`
 */
export function assert(holds: boolean, claim: string): asserts holds {
  if (!holds) throw defect(claim)
}

/**
 * A value that must be there.
 *
 * @throws MillraceError `defect`
 */
export function present<T>(value: T | undefined, claim: string): T {
  if (value === undefined) throw defect(claim)
  return value
}

function defect(claim: string): MillraceError {
  return new MillraceError(
    'defect',
    `this should hold, and does not: ${claim}. It is a defect of millrace: please report it, with this message and the stack`,
  )
}
