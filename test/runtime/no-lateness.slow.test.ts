// No record becomes late by the engine's own disorder: partitions that are in time order each, regrouped by another key into
// windows without grace, lose nothing, whatever the commit size and wherever the application is restarted.
//
// LATENESS_RECORDS=2000000 npx vitest run --config test/vitest.config.ts test/runtime/no-lateness.slow.test.ts
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Application,
  int64,
  type Log,
  minutes,
  openLog,
  type Producer,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowed,
  windowStore,
} from 'millrace'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { partitionOf } from '../../src/core/partitioner.ts'
import { turns } from '../support/applications.ts'

const records = Number(process.env['LATENESS_RECORDS'] ?? 200_000)
const timeout = 300_000 + records / 10

const partitions = 4
const beginMs = 1_700_000_000_000
const pages = Array.from({ length: 50 }, (_, page) => `page-${page}`)
const visits = topic('visits', { key: string(), value: string(), partitions })
/** Visitors by the partition that they go to. */
const visitors = Array.from({ length: partitions }, (_, partition) =>
  Array.from({ length: 200 }, (__, visitor) => `visitor-${visitor}`).filter((visitor) => {
    const key = Buffer.from(visitor)
    return partitionOf(key, 0, key.length, partitions) === partition
  }),
)

interface Visit {
  readonly key: string
  readonly value: string
  readonly timestamp: number
}

/** The records of one partition: in time order, with ties, bursts and pauses of their own, all over the same hours. */
function* visitsOf(partition: number): Generator<Visit> {
  let seed = partition + 1
  const random = (limit: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
    return (seed >>> 8) % limit
  }
  const own = visitors[partition] as readonly string[]
  let timestamp = beginMs
  for (let count = records / partitions; count > 0; count--) {
    if (random(1_000) === 0) timestamp += random(90_000)
    else timestamp += random(partition + 2) * 20
    yield {
      key: own[random(own.length)] as string,
      value: pages[(random(pages.length) * random(pages.length)) % pages.length] as string,
      timestamp,
    }
  }
}

/** How often each page was visited in each minute: counted without the engine. */
function countedByHand(): Map<string, number> {
  const counts = new Map<string, number>()
  for (let partition = 0; partition < partitions; partition++) {
    for (const { value, timestamp } of visitsOf(partition)) {
      const row = `${value} ${timestamp - (timestamp % minutes(1))}`
      counts.set(row, (counts.get(row) ?? 0) + 1)
    }
  }
  return counts
}

const perMinute = windowStore('per-minute', { key: string(), value: int64() })

function countPerMinute(applicationId: string): Topology {
  const counts = topic(`${applicationId}-counts`, {
    key: windowed(string(), { size: minutes(1) }),
    value: int64(),
    partitions,
  })
  const builder = new StreamsBuilder()
  builder
    .stream(visits)
    .groupBy(({ value }) => value, { key: string() })
    .windowedBy(TimeWindows.of({ size: minutes(1) }))
    // Kept for longer than the input lasts, to be compared.
    .count({ store: perMinute, retentionMs: minutes(100_000) })
    .toStream()
    .to(counts)
  return builder.build()
}

/** Nothing is late, and every row is what was counted by hand. */
function expectNothingLate(app: Application, byHand: ReadonlyMap<string, number>): void {
  const { consumed, dropped } = app.metrics()
  expect(consumed).toEqual({ visits: records })
  expect(dropped).toEqual({})
  const found = new Map<string, number>()
  for (const { key, value } of app.store(perMinute).range()) found.set(`${key.key} ${key.window.start}`, value)
  expect(found.size).toBe(byHand.size)
  expect([...byHand].filter(([row, count]) => found.get(row) !== count)).toEqual([])
}

async function sendInParts(producer: Producer, all: Iterable<Visit>): Promise<void> {
  let part: Visit[] = []
  for (const visit of all) {
    part.push(visit)
    if (part.length < 20_000) continue
    await producer.sendMany(visits, part)
    part = []
  }
  await producer.sendMany(visits, part)
}

describe(`${records} records in ${partitions} partitions, regrouped into minutes without grace`, () => {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-lateness-'))
  const byHand = countedByHand()
  let log: Log

  beforeAll(async () => {
    log = await openLog(dir)
    // One partition after the other, so that nothing but the engine brings them together.
    for (let partition = 0; partition < partitions; partition++) await sendInParts(log.producer(), visitsOf(partition))
  }, timeout)
  afterAll(async () => {
    await log.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const start = (applicationId: string, everyRecords?: number): Promise<Application> =>
    startStreams(countPerMinute(applicationId), {
      log,
      applicationId,
      commit: everyRecords === undefined ? {} : { everyMs: 600_000, everyRecords },
    })

  /** Works until some part of the input is done. */
  const workUntil = async (app: Application, part: number): Promise<void> => {
    while ((app.metrics().consumed['visits'] ?? 0) < part * records) await turns(1)
  }

  test.each([1_000, 20_000, 10_000_000])(
    'none is late with a commit every %i records',
    { timeout },
    async (everyRecords) => {
      const app = await start(`every-${everyRecords}`, everyRecords)
      await app.caughtUp()
      expectNothingLate(app, byHand)
      await app.close()
    },
  )

  test('none is late when the application is restarted in the middle', { timeout }, async () => {
    for (const part of [0.2, 0.5, 0.51]) {
      const app = await start('restarted', 1_500)
      await workUntil(app, part)
      await app.close()
    }
    const app = await start('restarted')
    await app.caughtUp()
    expectNothingLate(app, byHand)
    await app.close()
  })

  test('none is late when a newer instance takes over in the middle', { timeout }, async () => {
    const older = await start('taken-over', 1_500)
    await workUntil(older, 0.4)
    const newer = await start('taken-over')
    await expect(older.stopped).rejects.toMatchObject({ code: 'fenced' })
    await newer.caughtUp()
    expectNothingLate(newer, byHand)
    await newer.close()
  })

  test('none is late while whole prefixes are imported beside it', { timeout }, async () => {
    const liveDir = mkdtempSync(join(tmpdir(), 'millrace-lateness-'))
    const live = await openLog(liveDir)
    const importer = await openLog(liveDir)
    const app = await startStreams(countPerMinute('live'), {
      log: live,
      applicationId: 'live',
      commit: { everyRecords: 500 },
    })
    const inTimeOrder = Array.from({ length: partitions }, (_, partition) => [...visitsOf(partition)])
      .flat()
      .toSorted((a, b) => a.timestamp - b.timestamp)
    const producer = importer.producer()
    for (let from = 0; from < records; from += 1_000) {
      await producer.sendMany(visits, inTimeOrder.slice(from, from + 1_000))
      await turns(1)
    }
    await app.caughtUp()
    expectNothingLate(app, byHand)
    await app.close()
    await importer.close()
    await live.close()
    rmSync(liveDir, { recursive: true, force: true })
  })
})
