/**
 * Calling lmdb in a thread that may be terminated.
 *
 * Its compiled code aborts the process when it is called in a thread that has been told to stop and has not noticed yet.
 * JavaScript notices where a function begins, but the optimizer leaves most beginnings out. It does not leave out where a
 * generator goes on.
 */
import * as lmdb from 'lmdb'
import { isMainThread } from 'node:worker_threads'

const { nativeAddon } = lmdb as unknown as { readonly nativeAddon: { readonly Env: { readonly prototype: object } } }

const pauses = pausing()

function* pausing(): Generator<void> {
  for (;;) yield
}

/** To be called right before compiled code of lmdb; does not return in a thread that has been told to stop. */
export function noticeTermination(): void {
  if (!isMainThread) pauses.next()
}

/** Opening a file takes long, and lmdb calls its compiled code again right after it; but it sets this property first. */
export function noticeTerminationOfOpening(): void {
  Object.defineProperty(nativeAddon.Env.prototype, 'path', {
    configurable: true,
    set(value: unknown) {
      noticeTermination()
      Object.defineProperty(this, 'path', { value, writable: true, enumerable: true, configurable: true })
    },
  })
}
