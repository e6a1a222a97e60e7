// Whatever operators an application gets, loses and renames while it runs and is cut short: each has counted what came
// since it was added, and nothing is left of those that went.
import fc from 'fast-check'
import { type Application, int64, keyValueStore, type KeyValueStore, string, type Topology } from 'millrace'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { input, topologyOf } from '../support/topology.ts'

const names = ['a', 'b', 'c', 'd'] as const

const storeOf = (name: string): KeyValueStore<string, number> => keyValueStore(name, { key: string(), value: int64() })

function counting(counters: Iterable<string>): Topology {
  return topologyOf((builder) => {
    const grouped = builder.stream(input).groupByKey()
    for (const name of counters) grouped.count({ name, store: storeOf(name) })
  })
}

const step = fc.record({
  /** How many records come before the change. */
  records: fc.integer({ min: 0, max: 3 }),
  /** Whether the instance before it has worked them off. */
  isCaughtUp: fc.boolean(),
  /** Whether it is closed, or cut off by the next. */
  isClosed: fc.boolean(),
  change: fc.constantFrom('add', 'drop', 'rename', 'nothing'),
  which: fc.nat(),
})

test('each operator has counted what came since it was added', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 7 }), async (steps) => {
      const { log, environment } = openTestLog()
      const producer = log.producer()
      /** What each has to have counted. */
      const counters = new Map<string, number>()
      const dropped = new Set<string>()
      let app: Application = await start(log, counting([]))
      for (const { records, isCaughtUp, isClosed, change, which } of steps) {
        const batch = Array.from({ length: records }, () => ({ key: 'k', value: 'v' }))
        await producer.sendMany(input, batch)
        for (const [name, count] of counters) counters.set(name, count + records)
        // An operator that is added begins where the instance before it stopped.
        if (isCaughtUp || change === 'add') await app.caughtUp()
        if (isClosed) await app.close()
        const present = [...counters.keys()]
        const free = names.filter((name) => !counters.has(name))
        const one = present[which % Math.max(1, present.length)]
        const other = free[which % Math.max(1, free.length)]
        let rename: Record<string, string> = {}
        if (change === 'add' && other !== undefined) counters.set(other, 0)
        else if (change === 'drop' && one !== undefined) {
          counters.delete(one)
          dropped.add(one)
        } else if (change === 'rename' && one !== undefined && other !== undefined) {
          counters.set(other, counters.get(one) ?? 0)
          counters.delete(one)
          rename = { [one]: other }
        }
        const drop = [...dropped].filter((name) => !(name in rename))
        const topology = counting(counters.keys())
        if (isClosed) await (await start(log, topology, { drop, rename })).close()
        app = await start(log, topology, { drop, rename })
      }
      await app.caughtUp()
      for (const [name, count] of counters) expect(app.store(storeOf(name)).get('k') ?? 0).toBe(count)
      await app.close()
      await log.admin.runMaintenance()
      environment.refresh()
      const stores = environment.range('stores', Buffer.of(0), Buffer.alloc(64, 255), 99)
      const heads = environment
        .keys('state', Buffer.of(0), Buffer.alloc(64, 255), 999)
        .filter(({ length }) => length === 4)
      expect([stores.length, heads.length]).toEqual([counters.size, counters.size])
      expect((await log.admin.verify()).problems).toEqual([])
      await log.close()
    }),
    { numRuns: 12 },
  )
})
