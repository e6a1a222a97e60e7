// A topic that was compacted, as searches see it: what is left is found, and the holes between cost next to nothing.
import fc from 'fast-check'
import { type Log, nullable, string, topic, type Topic } from 'millrace'
import type { Dashboard } from 'millrace/dashboard'
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import type { RecordsView } from '../../src/dashboard/views.ts'
import { collect } from '../support/collect.ts'
import { ask, get, openDashboard } from '../support/dashboards.ts'
import { openTestLog } from '../support/open.ts'

type Table = Topic<string, string | null>

async function createTable(log: Log, name: string, partitions: number): Promise<Table> {
  await log.admin.createTopic({ name, partitions, config: { cleanupPolicy: 'compact' } })
  return topic(name, { key: string(), value: nullable(string()), partitions })
}

interface Walk {
  readonly places: readonly string[]
  readonly pages: number
}

/** All records that a search finds, as `partition/offset`, in its direction. */
async function walk(opened: Dashboard, name: string, first: string, limit: number, newer: boolean): Promise<Walk> {
  const direction = newer ? 'newer' : 'older'
  const filter = new URLSearchParams(first)
  filter.delete('offset')
  filter.delete('time')
  const places: string[] = []
  let pages = 0
  for (let query: string | null = first; query !== null; pages++) {
    const page: RecordsView = await get(opened, `/api/topics/${name}/records?limit=${limit}&${query}`)
    const found = page.records.map(({ partition, offset }) => `${partition}/${offset}`)
    places.push(...(newer ? found.toReversed() : found))
    const place: string | null = page[direction]
    query = place === null ? null : `${filter.toString()}&${direction}=${place}`
  }
  return { places, pages }
}

describe('holes', () => {
  test('that compaction leaves, however large, are passed over in a few reads', async () => {
    const { log } = openTestLog()
    const table = await createTable(log, 'table', 1)
    const producer = log.producer()
    const many = (key: string, count: number) => Array.from({ length: count }, () => ({ key, value: 'x' }))
    for (const key of ['a', 'b', 'c']) await producer.sendMany(table, many(key, 20_000))
    await log.admin.runMaintenance()
    const left = (await collect(log.read(table))).map(({ offset }) => `0/${offset}`)
    expect(left).toEqual(['0/19999', '0/39999', '0/59999'])
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    const reads = vi.spyOn(log, 'read')
    const all = await walk(opened, 'table', '', 10, false)
    expect(all).toEqual({ places: left.toReversed(), pages: 1 })
    const again = await walk(opened, 'table', 'offset=0', 10, true)
    expect(again).toEqual({ places: left, pages: 1 })
    // Step by step it would be 120 for each direction, and a thousand times as many with holes of a thousand times the size.
    expect(reads.mock.calls.length).toBeLessThan(100)
  })
})

describe('records that are left', () => {
  const keys = ['a', 'b', 'c', 'd'] as const
  const batches = fc.array(
    fc.array(
      fc.record({
        key: fc.constantFrom(...keys),
        value: fc.option(fc.constantFrom('one', 'two', 'three')),
        timestamp: fc.nat({ max: 20 }),
        partition: fc.nat({ max: 1 }),
      }),
      { minLength: 1, maxLength: 30 },
    ),
    { minLength: 1, maxLength: 6 },
  )

  test('are found in both directions, by place, key, text and time, as one who reads it all finds them', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { clock: new ManualClock(0) })
    let number = 0
    const property = fc.asyncProperty(
      batches,
      fc.integer({ min: 1, max: 7 }),
      fc.nat({ max: 60 }),
      async (sent, limit, offset) => {
        const name = `table-${number++}`
        const table = await createTable(log, name, 2)
        for (const batch of sent) await log.producer().sendMany(table, batch)
        await log.admin.runMaintenance()
        const left = await collect(log.read(table))
        const placesOf = (fits: (record: (typeof left)[number]) => boolean): string[] =>
          left.filter(fits).map((record) => `${record.partition}/${record.offset}`)
        const time = offset % 21
        const firstAt = [0, 1].map(
          (partition) =>
            left.find((record) => record.partition === partition && record.timestamp >= time)?.offset ?? Infinity,
        )
        const searches: readonly (readonly [string, string[]])[] = [
          ['', placesOf(() => true)],
          ['key=b', placesOf(({ key }) => key === 'b')],
          ['text=tw', placesOf(({ value }) => value?.includes('tw') ?? false)],
          ['partition=1', placesOf(({ partition }) => partition === 1)],
        ]
        for (const [query, expected] of searches) {
          for (const newer of [false, true]) {
            const { places } = await walk(opened, name, newer ? `${query}&offset=0` : query, limit, newer)
            expect([query, newer, places.toSorted()]).toEqual([query, newer, expected.toSorted()])
            // In each partition they come in its order.
            for (const partition of ['0/', '1/']) {
              const inOrder = expected.filter((place) => place.startsWith(partition))
              const found = places.filter((place) => place.startsWith(partition))
              expect(found).toEqual(newer ? inOrder : inOrder.toReversed())
            }
          }
        }
        const fromPlace = await walk(opened, name, `offset=${offset}`, limit, true)
        expect(fromPlace.places.toSorted()).toEqual(placesOf((record) => record.offset >= offset).toSorted())
        const fromTime = await walk(opened, name, `time=${time}`, limit, true)
        expect(fromTime.places.toSorted()).toEqual(
          placesOf((record) => record.offset >= (firstAt[record.partition] ?? 0)).toSorted(),
        )
        // One that is gone is said to be, also where others follow it.
        const isThere = left.some((record) => record.partition === 0 && record.offset === offset)
        const { status } = await ask(opened, `/api/topics/${name}/records/0/${offset}`)
        expect(status === 200).toBe(isThere)
      },
    )
    await fc.assert(property, { numRuns: 8 })
  })
})
