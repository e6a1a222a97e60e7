/**
 * Opening lmdb in a thread that may be terminated.
 *
 * Its compiled code aborts the process when it is called in a thread that has been told to stop and has not noticed yet.
 * JavaScript notices where a function begins. Opening a file takes long, and lmdb calls its compiled code again right after it.
 */
import * as lmdb from 'lmdb'

const { nativeAddon } = lmdb as unknown as { readonly nativeAddon: { readonly Env: { readonly prototype: object } } }

/** What lmdb does first after it has opened a file is to set this property: it becomes a function that begins. */
export function noticeTermination(): void {
  Object.defineProperty(nativeAddon.Env.prototype, 'path', {
    configurable: true,
    set(value: unknown) {
      Object.defineProperty(this, 'path', { value, writable: true, enumerable: true, configurable: true })
    },
  })
}
