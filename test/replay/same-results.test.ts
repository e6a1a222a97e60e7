// A replay gives what a plain run of the same topology over the same input gives, to the byte, whatever interrupts it.
import fc from 'fast-check'
import { type Application, int64, keyValueStore, ManualClock, string, TimeWindows, topic, windowStore } from 'millrace'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog, type OpenedLog } from '../support/open.ts'
import { beside, startReplay } from '../support/replays.ts'
import { bytesOf } from '../support/topic-bytes.ts'
import { topologyOf } from '../support/topology.ts'

const left = topic('left', { key: string(), value: string(), partitions: 2 })
const right = topic('right', { key: string(), value: string(), partitions: 3 })
const merged = topic('merged', { key: string(), value: string(), partitions: 2 })
const totals = topic('totals', { key: string(), value: int64() })
const counts = keyValueStore('counts', { key: string(), value: int64() })
const perWindow = windowStore('per-window', { key: string(), value: int64() })

const topology = topologyOf((builder) => {
  const all = builder.stream(left).merge(builder.stream(right))
  all.to(merged)
  const byValue = all.groupBy(({ value }) => value, { key: string(), value: string() })
  byValue.count({ store: counts }).toStream().to(totals)
  byValue.windowedBy(TimeWindows.of({ size: 10, grace: 5 })).count({ store: perWindow, name: 'by-window' })
})

const keys = ['a', 'b', 'c', 'd', 'e']
const record = fc.record({
  key: fc.constantFrom(...keys),
  value: fc.constantFrom('x', 'y', 'z'),
  timestamp: fc.nat(100),
})
const input = fc.array(fc.tuple(fc.boolean(), fc.array(record, { maxLength: 8 })), { maxLength: 12 })

function results({ embedded }: OpenedLog, nameOf: (topic: string) => string): object {
  return { merged: bytesOf(embedded, nameOf('merged')), totals: bytesOf(embedded, nameOf('totals')) }
}

test('over the whole input, closed and paused on the way, committing as it likes', async () => {
  await fc.assert(
    fc.asyncProperty(input, fc.array(fc.constantFrom('close', 'pause'), { maxLength: 3 }), async (sends, acts) => {
      const opened = openTestLog(undefined, { clock: new ManualClock(1_000) })
      const { log } = opened
      for (const [isLeft, records] of sends) await log.producer().sendMany(isLeft ? left : right, records)
      const commit = { everyRecords: 3 }
      let v2 = await startReplay(log, topology, { commit })
      for (const act of acts) {
        await v2.pause()
        if (act === 'close') {
          await v2.close()
          v2 = await startReplay(log, topology, { commit })
        }
        await v2.resume()
      }
      await v2.caughtUp()
      const plain = await start(log, topology, { applicationId: 'plain' })
      await plain.caughtUp()
      expect(results(opened, beside)).toEqual(results(opened, (name) => name))
      const rows = (from: Pick<Application, 'store'>): unknown => [
        [...from.store(counts).range()],
        [...from.store(perWindow).range()],
      ]
      expect(rows(v2)).toEqual(rows(plain))
      const again = await startReplay(log, topology, { version: 'v3', to: { time: 101 } })
      await again.caughtUp()
      expect(results(opened, (name) => beside(name, 'v3'))).toEqual(results(opened, beside))
      await Promise.all([v2, plain, again].map((one) => one.close()))
    }),
    { numRuns: 12 },
  )
})
