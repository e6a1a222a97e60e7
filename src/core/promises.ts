/**
 * Functions that a program passes in answer at once: the turn, or the send, that calls one is over before a promise settles.
 * Here is how a promise in place of an answer is recognised, and what becomes of it.
 */
import { types } from 'node:util'

/** Whether `await` would wait for it. Data may have a field `then`; what is called there is a promise, whoever made it. */
export function isPromise(value: unknown): boolean {
  if (typeof value === 'object' ? value === null : typeof value !== 'function') return false
  return typeof (value as { readonly then?: unknown }).then === 'function'
}

/**
 * Lets a refused answer go its way, with the promises that are its fields or its elements: nobody waits for them any more, so
 * a rejection must not end the process. What only looks like a promise is left alone, because its `then` may start its work.
 */
export function disown(answer: unknown): void {
  if (types.isPromise(answer)) answer.catch(() => undefined)
  else if (typeof answer === 'object' && answer !== null) {
    for (const part of Object.values(answer)) if (types.isPromise(part)) part.catch(() => undefined)
  }
}
