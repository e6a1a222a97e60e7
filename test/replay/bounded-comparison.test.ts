// What a comparison holds at a time does not grow with what there is to compare: pages of stores, and tables of keys within the limit.
import { int64, type Log, string, topic } from 'millrace'
import { afterEach, expect, test, vi } from 'vitest'
import { NewestTable } from '../../src/log/outputs/newest-table.ts'
import { compareVersions } from '../../src/replay/compare.ts'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { topologyOf } from '../support/topology.ts'
import { words } from '../support/topics.ts'

const memoryBytes = 262_144
/** An entry, its key and both of its values. */
const entryMax = 200
const pageRowsMax = 1_024

afterEach(() => {
  vi.restoreAllMocks()
})

const countsOf = (id: string) => topic(`counts-${id}`, { key: string(), value: int64(), partitions: 1 })

async function run(log: Log, id: string): Promise<void> {
  const counting = topologyOf((builder) => builder.stream(words).groupByKey().count().toStream().to(countsOf(id)))
  const app = await start(log, counting, { applicationId: id })
  await app.caughtUp()
  await app.close()
}

test.each([1_000, 6_000])('with %i keys', async (keys) => {
  const { log, embedded } = openTestLog()
  const records = Array.from({ length: keys }, (_, at) => ({ key: `key ${at}`, value: '', timestamp: at }))
  await log.producer().sendMany(words, records)
  for (const id of ['a', 'b']) await run(log, id)

  const range = vi.spyOn(embedded.state, 'range')
  const put = vi.spyOn(NewestTable.prototype, 'put')
  const compare = vi.spyOn(NewestTable.prototype, 'compare')
  const [here, live] = ['b', 'a'].map((id) => ({ topic: embedded.topics.describe(countsOf(id).name) }))
  if (here === undefined || live === undefined) throw new Error('there are two sides')
  const outputs = [{ name: 'counts', here, live, topic: live.topic }]
  const report = await compareVersions(embedded, { here: 'b', live: 'a', outputs }, { memoryBytes })

  expect([...report.stores, ...report.topics].map(({ equal }) => equal)).toEqual([keys, keys])
  const pages = range.mock.results.map(({ value }) => (value as readonly unknown[]).length)
  expect(Math.max(...pages)).toBeGreaterThan(0)
  expect(Math.max(...pages)).toBeLessThanOrEqual(pageRowsMax)
  // A table only grows, and is given up for a smaller one when it has become too large.
  const bytes = [...new Set(put.mock.contexts as readonly NewestTable[])].map(({ usedBytes }) => usedBytes)
  expect(Math.max(...bytes)).toBeGreaterThan(0)
  expect(2 * Math.max(...bytes)).toBeLessThanOrEqual(memoryBytes + 2 * entryMax)
  expect(new Set(compare.mock.contexts).size > 1).toBe(keys * entryMax > memoryBytes)
})
