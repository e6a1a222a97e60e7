/**
 * What may be deleted while it is looked at.
 */
import { MillraceError } from '../core/errors.ts'

/** Undefined for what is no longer there. */
export async function ifThere<T>(looking: Promise<T>): Promise<T | undefined> {
  try {
    return await looking
  } catch (error) {
    if (error instanceof MillraceError && isOfAName(error.code)) return undefined
    throw error
  }
}

/** A format that is not known is there, and says so. */
function isOfAName(code: string): boolean {
  return code.endsWith('_unknown') && code !== 'format_unknown'
}
