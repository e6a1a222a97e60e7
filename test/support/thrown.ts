// The error of something that must fail, so that a test can look at its code, its fields and its message.
import { MillraceError } from 'millrace'

function asMillraceError(thrown: unknown): MillraceError {
  if (thrown instanceof MillraceError) return thrown
  throw new Error('it failed with an error without a code', { cause: thrown })
}

/** What `attempt` throws; an attempt that succeeds fails the test. */
export function errorOf(attempt: () => unknown): MillraceError {
  try {
    attempt()
  } catch (error) {
    return asMillraceError(error)
  }
  throw new Error('nothing was thrown')
}

/** What a promise rejects with; one that resolves fails the test. */
export async function rejectionOf(promise: Promise<unknown>): Promise<MillraceError> {
  try {
    await promise
  } catch (error) {
    return asMillraceError(error)
  }
  throw new Error('nothing was rejected')
}
