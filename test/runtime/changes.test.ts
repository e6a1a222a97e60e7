// A store of a running application can be watched: the rows of each commit in one array, the newest of each key.
import {
  int64,
  keyValueStore,
  ManualClock,
  type Resync,
  sessionStore,
  SessionWindows,
  string,
  type StoreChange,
  topic,
} from 'millrace'
import type { Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { ChangeFeed } from '../../src/runtime/change-feed.ts'
import { start, turns, until } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { countStore } from '../support/plans.ts'
import { errorOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
const counts = keyValueStore('counts', { key: string(), value: int64() })
const visits = sessionStore('visits', { key: string(), value: int64() })
const topology = topologyOf((builder) => {
  const grouped = builder.stream(wide).groupByKey()
  grouped.count({ store: counts, name: 'counts' })
  grouped.windowedBy(SessionWindows.of({ gap: 5 })).count({ store: visits, name: 'visits' })
})

/** What a watcher is told, in words; a row as `key=value@time`. */
function told(changes$: Observable<readonly StoreChange<unknown, unknown>[] | Resync>): string[] {
  const heard: string[] = []
  changes$.subscribe({
    next: (changes) => {
      if ('resync' in changes) return void heard.push('resync')
      const rows = changes.map(({ key, value, timestamp }) => {
        const { key: inner, window } = Object(key) as { key?: string; window?: { start: number; end: number } }
        const name = window === undefined ? String(key) : `${inner}[${window.start},${window.end}]`
        return `${name}=${String(value)}@${timestamp}`
      })
      heard.push(rows.toSorted().join(' '))
    },
    complete: () => heard.push('complete'),
    error: (error: Error) => heard.push(`error ${error.message}`),
  })
  return heard
}

const manual = { clock: new ManualClock(), commit: { everyMs: 1_000_000 } }

describe('a watcher', () => {
  test('is told the newest row of each key of a commit, in one array over all partitions', async () => {
    const { log } = openTestLog()
    const app = await start(log, topology, manual)
    const heard = told(app.store(counts).changes$)
    const send = (...keys: string[]): Promise<unknown> =>
      log.producer().sendMany(
        wide,
        keys.map((key, timestamp) => ({ key, value: '', timestamp })),
      )
    await send('a', 'b', 'c', 'a')
    await app.caughtUp()
    await until(() => heard.length === 1)
    await send('b')
    await app.caughtUp()
    await app.close()
    await until(() => heard.includes('complete'))
    expect(heard).toEqual(['a=2@3 b=1@1 c=1@2', 'b=2@1', 'complete'])
  })

  test('is told of sessions that are gone too, and nothing once it has left', async () => {
    const { log } = openTestLog()
    const app = await start(log, topology, manual)
    const heard = told(app.store(visits).changes$)
    const left: unknown[] = []
    app
      .store(visits)
      .changes$.subscribe((changes) => left.push(changes))
      .unsubscribe()
    for (const timestamp of [10, 14]) {
      await log.producer().send(wide, { key: 'a', value: '', timestamp })
      await app.caughtUp()
    }
    await until(() => heard.length === 2)
    expect(heard).toEqual(['a[10,10]=1@10', 'a[10,10]=null@-1 a[10,14]=2@14'])
    expect(left).toEqual([])
  })

  test('gets the content first where it asks for it, also an empty one', async () => {
    const { log } = openTestLog()
    const app = await start(log, topology, manual)
    const fromTheStart = told(app.store(counts, { initial: true }).changes$)
    await log.producer().send(wide, { key: 'a', value: '', timestamp: 1 })
    await app.caughtUp()
    const later = told(app.store(counts, { initial: true }).changes$)
    await log.producer().send(wide, { key: 'b', value: '', timestamp: 2 })
    await app.caughtUp()
    await until(() => later.length === 2)
    expect(fromTheStart).toEqual(['', 'a=1@1', 'b=1@2'])
    expect(later).toEqual(['a=1@1', 'b=1@2'])
    expect(errorOf(() => app.store(counts, { initial: 1 as never }))).toMatchObject({ code: 'bad_option' })
  })

  test('hears of the failure, and one that comes later too', async () => {
    const { log } = openTestLog()
    const failing = topologyOf((builder) =>
      builder
        .stream(wide)
        .mapValues(({ value }) => {
          if (value === 'bad') throw new Error('a bad one')
          return value
        })
        .groupByKey()
        .count({ store: counts }),
    )
    const app = await start(log, failing)
    const heard = told(app.store(counts).changes$)
    await log.producer().send(wide, { key: 'a', value: 'bad', timestamp: 1 })
    await expect(app.stopped).rejects.toThrow('a bad one')
    const late = told(app.store(counts).changes$)
    await until(() => late.length === 1)
    expect([heard, late]).toEqual([[expect.stringMatching(/^error .*a bad one/)], heard])
  })
})

test('a watcher that falls behind gets a word about it instead of a gap', async () => {
  const feed = new ChangeFeed()
  const spec = countStore('counts')
  const heard = told(feed.watch(spec, undefined))
  const rowsOf = (count: number, name: string): StoreChange<unknown, unknown>[] =>
    Array.from({ length: count }, () => ({ key: name, value: 1, timestamp: 1 as never }))
  feed.committed(() => rowsOf(60_000, 'a'))
  feed.committed(() => rowsOf(60_000, 'b'))
  feed.committed(() => rowsOf(1, 'c'))
  await until(() => heard.length === 2)
  await turns(3)
  expect(heard).toEqual(['resync', 'c=1@1'])
})

test('rows that do not decode fail the watchers, not the commit', async () => {
  const feed = new ChangeFeed()
  const heard = told(feed.watch(countStore('counts'), undefined))
  feed.committed(() => {
    throw new Error('not decoded')
  })
  await until(() => heard.length === 1)
  expect(heard).toEqual(['error not decoded'])
})

test('nobody asks for the rows of a commit that nobody watches', () => {
  const feed = new ChangeFeed()
  const none = (): never => {
    throw new Error('it was asked')
  }
  feed.committed(none)
  feed.watch(countStore('counts'), undefined).subscribe().unsubscribe()
  feed.committed(none)
})
