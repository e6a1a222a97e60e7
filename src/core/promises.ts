/**
 * Functions that a program passes in must answer synchronously: the turn or the send that calls one is over before a
 * promise settles. This file recognises a promise that comes instead of an answer, and disposes of it.
 */
import { types } from 'node:util'

/**
 * Whether `await` would wait for it. Data may have a field `then`; when that is a function, it is a promise, of any
 * kind.
 */
export function isPromise(value: unknown): boolean {
  if (typeof value === 'object' ? value === null : typeof value !== 'function') return false
  return typeof (value as { readonly then?: unknown }).then === 'function'
}

/**
 * Abandons a refused answer, and the promises among its fields or elements: nothing waits for them now, so a rejection
 * must not end the process. A thenable that is not a promise is left alone, because calling its `then` may start its
 * work.
 */
export function disown(answer: unknown): void {
  if (types.isPromise(answer)) answer.catch(() => undefined)
  else if (typeof answer === 'object' && answer !== null) {
    for (const part of partsOf(answer)) if (types.isPromise(part)) part.catch(() => undefined)
  }
}

function partsOf(answer: object): readonly unknown[] {
  try {
    return Object.values(answer)
  } catch {
    return [] // a getter of its own threw, or a trap of a proxy: the answer is refused anyway
  }
}

/** Goes on with a value: at once, or when its promise resolves. */
export function andThen<T, R>(value: T | Promise<T>, goOn: (value: T) => R): R | Promise<R> {
  return value instanceof Promise ? value.then(goOn) : goOn(value)
}
