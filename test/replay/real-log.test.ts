// Replays of the demo on a real access log, where one is present beside the project: an upgrade that changes nothing makes the same
// bytes and no difference, and one that leaves out a page differs in that page alone.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  int64,
  type Log,
  string,
  StreamsBuilder,
  TimeWindows,
  topic,
  type Topology,
  windowed,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { readLines } from '../support/access-log.ts'
import { openTestLog } from '../support/open.ts'
import { beside, startReplay } from '../support/replays.ts'
import { bytesOf } from '../support/topic-bytes.ts'

const path = fileURLToPath(new URL('../../../shared/data/apache-access.log', import.meta.url))
const hits = topic('hits', { key: string(), value: string(), partitions: 4 })
const size = 3_600_000
const perHour = topic('per-hour', { key: windowed(string(), { size }), value: int64(), partitions: 2 })
const counts = windowStore('counts', { key: string(), value: int64() })

/** Clicks of each page in each hour, late ones included, but for one page. */
function counting(without?: string): Topology {
  const builder = new StreamsBuilder()
  const clicks = builder.stream(hits).filter(({ value }) => value !== without)
  const byPage = clicks.groupBy(({ value }) => value, { key: string() })
  const inHours = byPage.windowedBy(TimeWindows.of({ size, grace: 30 * 24 * size }))
  inHours.count({ store: counts }).toStream().to(perHour)
  return builder.build()
}

describe.runIf(existsSync(path))('a real access log', () => {
  const lines = existsSync(path) ? readLines(readFileSync(path)) : []
  const clicks = lines.flatMap(({ client, time, page }) =>
    page === undefined ? [] : [{ key: client, value: page, timestamp: time }],
  )

  /** Half of it is there before, the rest comes while both run. */
  async function replayed(log: Log, topology: Topology) {
    const half = Math.floor(clicks.length / 2)
    await log.producer().sendMany(hits, clicks.slice(0, half))
    const live = await start(log, counting())
    const v2 = await startReplay(log, topology)
    const comparing = v2.compare({ samples: 1 })
    await log.producer().sendMany(hits, clicks.slice(half))
    const early = await comparing
    await live.caughtUp()
    await v2.caughtUp()
    return { v2, early }
  }

  test('gives no difference, and the same bytes, where nothing has changed', async () => {
    const { log, embedded } = openTestLog()
    const { v2, early } = await replayed(log, counting())
    expect(early.isEqual).toBe(true)
    const report = await v2.compare()
    expect(report).toMatchObject({ isEqual: true, stores: [{ name: 'counts', different: 0 }] })
    expect(bytesOf(embedded, beside('per-hour'))).toEqual(bytesOf(embedded, 'per-hour'))
    const ends = await log.admin.endOffsets(hits)
    const again = await startReplay(log, counting(), { version: 'v3', to: { offsets: { hits: ends } } })
    await again.caughtUp()
    expect(bytesOf(embedded, beside('per-hour', 'v3'))).toEqual(bytesOf(embedded, beside('per-hour')))
  })

  test('gives the hours of the page that was left out, and nothing else', async () => {
    const { log } = openTestLog()
    const [page = ''] = mostWanted(clicks.map(({ value }) => value))
    const { v2 } = await replayed(log, counting(page))
    const hours = (of: (value: string) => boolean): number =>
      new Set(clicks.filter(({ value }) => of(value)).map((one) => `${one.value} ${Math.floor(one.timestamp / size)}`))
        .size
    const expected = { equal: hours((value) => value !== page), onlyLive: hours((value) => value === page) }
    const report = await v2.compare({ samples: 1 })
    const numbers = { ...expected, onlyHere: 0, different: 0 }
    expect(report).toMatchObject({ isEqual: false, stores: [numbers], topics: [numbers] })
    expect(report.stores[0]?.samples[0]).toMatchObject({ key: page, here: null })
  })
})

/** The pages, the one that was asked for most often first. */
function mostWanted(pages: readonly string[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const page of pages) counts.set(page, (counts.get(page) ?? 0) + 1)
  return [...counts].toSorted(([, a], [, b]) => b - a).map(([page]) => page)
}
