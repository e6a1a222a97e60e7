// A comparison that may take minutes ends early by its signal, wherever it is.
import type { CompareOptions } from 'millrace'
import { expect, test } from 'vitest'
import { say, twoVersions } from '../support/counting-versions.ts'
import { rejectionOf } from '../support/thrown.ts'

const why = new Error('no one waits for it any longer')

test('before it begins, and where the signal is none', async () => {
  const { v2 } = await twoVersions('a', 'b')
  await expect(v2.compare({ signal: AbortSignal.abort(why) })).rejects.toBe(why)
  const none = {} as AbortSignal
  expect(await rejectionOf(v2.compare({ signal: none }))).toMatchObject({ code: 'bad_option' })
})

test('while it waits until both versions are at the same place', async () => {
  const { log, old, v2 } = await twoVersions('a')
  await v2.pause()
  await say(log, 'a')
  await old.caughtUp()
  const stop = new AbortController()
  const comparing = v2.compare({
    signal: stop.signal,
    onProgress: () => setImmediate(() => stop.abort(why)), // it is waiting by then
  })
  await expect(comparing).rejects.toBe(why)
})

test.each(['store', 'topic'] as const)('in the middle of a %s', async (part) => {
  const { v2 } = await twoVersions('a', 'b')
  const stop = new AbortController()
  const onProgress: CompareOptions['onProgress'] = (progress) => {
    if (progress.part === part) stop.abort(why)
  }
  await expect(v2.compare({ signal: stop.signal, onProgress })).rejects.toBe(why)
  expect((await v2.compare()).isEqual).toBe(false) // the version goes on, and so does the next comparison
})
