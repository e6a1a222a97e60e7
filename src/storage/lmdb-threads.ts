/**
 * Calling lmdb in a thread that may be terminated.
 *
 * Its compiled code aborts the process when it is called in a thread that Node has told to stop and that V8 has not
 * stopped yet. On a busy machine that lasts for a while.
 */
import * as lmdb from 'lmdb'
import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'

const { nativeAddon } = lmdb as unknown as { readonly nativeAddon: { readonly Env: { readonly prototype: object } } }
const { unlock } = createRequire(import.meta.url)('fs-native-extensions') as { readonly unlock: (file: number) => void }

const noFile = -1
const never = new Int32Array(new SharedArrayBuffer(4))

/** To be called right before compiled code of lmdb; does not return in a thread that has been told to stop. */
export function noticeTermination(): void {
  if (isMainThread) return
  while (isToldToStop()) Atomics.wait(never, 0, 0, 1)
  // The exception has taken some µs, in which the thread may have been told. V8 stops it here.
  Atomics.wait(never, 0, 0, 0)
}

/** Compiled code cannot throw in such a thread, which is how it shows. */
function isToldToStop(): boolean {
  try {
    unlock(noFile)
    return true
  } catch {
    return false
  }
}

/**
 * To be called right before a file is opened. That takes long, and lmdb calls its compiled code again right after it;
 * but it sets this property first.
 */
export function noticeTerminationOfOpening(): void {
  Object.defineProperty(nativeAddon.Env.prototype, 'path', {
    configurable: true,
    set(value: unknown) {
      Object.defineProperty(this, 'path', { value, writable: true, enumerable: true, configurable: true })
      noticeTermination()
    },
  })
  noticeTermination()
}
