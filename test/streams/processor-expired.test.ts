// What a processor puts into a store of its own too late for it is not kept, and never silently.
import { sessionStore, string, versionedStore, windowStore } from 'millrace'
import { expect, test } from 'vitest'
import { drive, input } from '../support/topology.ts'

test('what a processor puts into a store that has no place for what is that old is counted', () => {
  const serdes = { key: string(), value: string() }
  const stores = [
    windowStore('windows', { ...serdes, size: 10, retentionMs: 100 }),
    sessionStore('sessions', { ...serdes, retentionMs: 100 }),
    versionedStore('versions', { ...serdes, historyMs: 100 }),
  ] as const
  const [windows, sessions, versions] = stores
  const driver = drive(
    (builder) =>
      builder.stream(input).process<string, string>(
        (context) => {
          const [perWindow, perSession, perVersion] = [
            context.store(windows),
            context.store(sessions),
            context.store(versions),
          ]
          return {
            process({ key, value, timestamp }) {
              perWindow.put(key, value, timestamp)
              perSession.put(key, { start: 0, end: timestamp }, value)
              perVersion.put(key, value, timestamp)
              perWindow.put(key, null, 0) // a delete of what is gone loses nothing
            },
          }
        },
        { stores, name: 'keeper' },
      ),
    { onError: 'skip' },
  )
  for (const timestamp of [50, 500, 400]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  // The history is inclusive.
  expect(driver.metrics().dropped).toEqual({ keeper: { expired: 2 } })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 399 })
  expect(driver.metrics().dropped).toEqual({ keeper: { expired: 5 } })
  driver.store(windows).put('a', 'x', 0)
  expect(driver.metrics().dropped).toEqual({ keeper: { expired: 6 } })
})
