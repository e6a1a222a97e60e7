// What scrapers get: each figure under its name, as a parser that is not ours reads it, within bounds, and over restarts.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { int64, keyValueStore, type Log, type Offset, string, TimeWindows, topic } from 'millrace'
import { metricsText } from 'millrace/metrics'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { ManualClock } from '../../src/core/clock.ts'
import { Durations } from '../../src/core/durations.ts'
import type { InstanceFigures } from '../../src/core/figures.ts'
import { families } from '../../src/dashboard/metrics/families.ts'
import { Limit, limitedKinds, ofAKindMax } from '../../src/dashboard/metrics/limit.ts'
import { textOf } from '../../src/dashboard/metrics/prometheus.ts'
import { Series } from '../../src/dashboard/metrics/series.ts'
import { Slices } from '../../src/dashboard/slices.ts'
import { start, until } from '../support/applications.ts'
import { ask, openDashboard } from '../support/dashboards.ts'
import { keyOf, type ReadMetrics, readMetrics } from '../support/exposition.ts'
import { ManyPositions } from '../support/many-positions.ts'
import { openTestLog } from '../support/open.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { rejectionOf } from '../support/thrown.ts'
import { topologyOf } from '../support/topology.ts'

const words = topic('words', { key: string(), value: string(), partitions: 2 })
const loud = topic('loud', { key: string(), value: string() })
const totals = keyValueStore('totals', { key: string(), value: int64() })

/** Copies and counts, drops what is late, and fails at what is empty. */
const counting = topologyOf((builder) => {
  const stream = builder.stream(words)
  stream.mapValues(shout, { name: 'shout' }).to(loud)
  const grouped = stream.groupByKey()
  grouped.count({ store: totals })
  grouped.windowedBy(TimeWindows.of({ size: 1_000, grace: 0 })).count({ name: 'per-second' })
})

function shout({ value }: { readonly value: string }): string {
  if (value === '') throw new Error('nothing to shout')
  return value.toUpperCase()
}

async function send(log: Log, key: string, values: readonly (readonly [value: string, timestamp: number])[]) {
  const records = values.map(([value, timestamp]) => ({ key, value, timestamp, partition: key === 'a' ? 0 : 1 }))
  await log.producer().sendMany(words, records)
}

async function scrape(log: Log, options: Parameters<typeof metricsText>[1] = {}): Promise<ReadMetrics> {
  return readMetrics((await metricsText(log, options)).text).series
}

function countersOf(series: ReadMetrics): readonly (readonly [string, number])[] {
  return [...series].filter(([key]) => /^\w+_total\b/.test(key))
}

const of = { application: 'counts', version: 'v1' }

describe('a scrape', () => {
  test('tells what is committed: of applications, groups, topics and the file', async () => {
    const clock = new ManualClock(100_000)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 'a', [
      ['one', 5_000],
      ['', 6_000],
      ['late', 1_000],
    ])
    await send(log, 'b', [['two', 9_000]])
    const app = await start(log, counting, { applicationId: 'counts', onError: 'skip' })
    await app.caughtUp()
    await app.close()
    await send(log, 'b', [
      ['three', 10_000],
      ['four', 11_000],
    ])
    const consumer = log.consumer({ group: 'billing', topics: [words] })
    for await (const record of consumer) {
      await consumer.commit(record)
      break
    }
    const series = await scrape(log, { clock })
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      series.get(keyOf(name, labels))
    const at1 = { ...of, topic: 'words', partition: '1' }
    expect(value('millrace_application_state', { ...of, state: 'stopped' })).toBe(1)
    expect(value('millrace_application_state', { ...of, state: 'running' })).toBe(0)
    expect(value('millrace_application_live', of)).toBe(1)
    expect(value('millrace_application_last_commit_timestamp_seconds', of)).toBe(100)
    expect(value('millrace_application_event_timestamp_seconds', of)).toBe(9)
    expect(value('millrace_consumed_records_total', { ...of, topic: 'words' })).toBe(4)
    expect(value('millrace_produced_records_total', { ...of, topic: 'loud' })).toBe(3)
    expect(value('millrace_dropped_records_total', { ...of, operator: 'per-second', reason: 'late' })).toBe(1)
    expect(value('millrace_failed_records_total', { ...of, operator: 'shout', code: 'user_function_threw' })).toBe(1)
    expect(value('millrace_position_offset', at1)).toBe(1)
    expect(value('millrace_lag_records', at1)).toBe(2)
    expect(value('millrace_lag_seconds', at1)).toBe(90)
    expect(value('millrace_lag_records', { ...at1, partition: '0' })).toBe(0)
    expect(value('millrace_stream_timestamp_seconds', { ...of, operator: 'per-second', partition: '1' })).toBe(9)
    expect(value('millrace_store_rows', { ...of, store: 'totals' })).toBe(2)
    expect(value('millrace_group_members', { group: 'billing' })).toBe(1)
    expect(value('millrace_group_state', { group: 'billing', state: 'stable' })).toBe(1)
    const lags = ['0', '1'].map(
      (partition) => value('millrace_group_lag_records', { group: 'billing', topic: 'words', partition }) ?? 0,
    )
    expect(lags.reduce((sum, lag) => sum + lag, 0)).toBe(2)
    expect(value('millrace_topic_records', { topic: 'words' })).toBe(6)
    expect(value('millrace_topic_end_offset', { topic: 'words', partition: '1' })).toBe(3)
    expect(value('millrace_topic_start_offset', { topic: 'words', partition: '1' })).toBe(0)
    expect(value('millrace_topic_last_append_timestamp_seconds', { topic: 'words' })).toBe(100)
    expect(value('millrace_log_file_bytes')).toBeGreaterThan(value('millrace_log_used_bytes') ?? Number.NaN)
    expect(value('millrace_log_processes')).toBe(1)
    for (const kind of limitedKinds) expect(value('millrace_scrape_left_out', { kind })).toBe(0)
    await consumer.close()
  })

  test('tells what a running instance says of itself, and no more when it has closed', async () => {
    const { log } = openTestLog()
    await send(log, 'a', [['one', 5_000]])
    const app = await start(log, counting, { applicationId: 'counts' })
    await app.caughtUp()
    await until(async () => (await log.admin.describeApplication('counts')).figures !== null)
    const { text } = await metricsText(log)
    const { series, histograms } = readMetrics(text)
    for (const name of ['turn_duration_seconds', 'commit_duration_seconds', 'append_to_commit_seconds']) {
      const family = `millrace_${name}`
      expect(histograms).toContain(family)
      const buckets = [...series].filter(([key]) => key.startsWith(`${family}_bucket{`)).map(([, count]) => count)
      expect(buckets).toHaveLength(19)
      expect(buckets).toEqual(buckets.toSorted((a, b) => a - b))
      expect(buckets.at(-1)).toBe(series.get(keyOf(`${family}_count`, of)))
      expect(series.get(keyOf(`${family}_bucket`, { ...of, le: '1.0' }))).toBeDefined()
    }
    expect(series.get(keyOf('millrace_operator_records_total', { ...of, operator: 'shout' }))).toBe(1)
    expect(series.get(keyOf('millrace_store_cache_misses_total', { ...of, store: 'totals' }))).toBe(1)
    expect(series.get(keyOf('millrace_busy_ratio', of))).toBeLessThanOrEqual(1)
    await app.close()
    expect([...(await scrape(log)).keys()].filter((key) => key.includes('duration'))).toEqual([])
  })

  test('tells durations in seconds, each as it was counted', async () => {
    const clock = new ManualClock(100_000)
    const { log } = openTestLog(undefined, { clock })
    const app = await start(log, counting, { applicationId: 'counts' })
    await app.close()
    const durations = new Durations()
    for (const ms of [0.05, 3, 70, 100_000]) durations.record(ms, 0)
    const measured = durations.figures(0)
    const figures: InstanceFigures = {
      atMs: 99_500,
      rates: { oneMinute: 1, fiveMinutes: 2 },
      turn: measured,
      commit: measured,
      appendToCommit: new Durations().figures(0),
      busy: 0.25,
      operators: { shout: { records: 7, busy: 0.125 } },
      stores: { totals: { cacheHits: 5, cacheMisses: 3, cachedBytes: 1_024 } },
      calls: { asking: { open: 2, oldestMs: 1_500 } },
    }
    const found = await log.admin.describeApplication('counts')
    const place = { topic: 'words', partition: 0, offset: 0 as Offset }
    const standstill = { kind: 'hangs', ...place, forMs: 90_000, calls: {} } as const
    const still = { ...of, kind: 'hangs' }
    expect((await scrape(log)).get(keyOf('millrace_application_standstill_seconds', still))).toBe(0)
    vi.spyOn(log.admin, 'describeApplication').mockResolvedValue({ ...found, state: 'running', figures, standstill })
    const series = await scrape(log)
    const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
      series.get(keyOf(`millrace_${name}`, { ...of, ...labels }))
    const upTo = ['0.0001', '0.002', '0.005', '0.1', '50.0', '+Inf'].map((le) =>
      value('commit_duration_seconds_bucket', { le }),
    )
    expect(upTo).toEqual([1, 1, 2, 3, 3, 4])
    expect([value('commit_duration_seconds_sum'), value('commit_duration_seconds_count')]).toEqual([
      (0.05 + 3 + 70 + 100_000) / 1_000,
      4,
    ])
    expect(value('append_to_commit_seconds_count')).toBe(0)
    expect(value('application_standstill_seconds', { kind: 'hangs' })).toBe(90)
    expect(value('application_standstill_seconds', { kind: 'waitsForCalls' })).toBe(0)
    expect([value('figures_timestamp_seconds'), value('busy_ratio')]).toEqual([99.5, 0.25])
    expect(value('operator_records_total', { operator: 'shout' })).toBe(7)
    expect(value('operator_busy_ratio', { operator: 'shout' })).toBe(0.125)
    expect(value('store_cache_hits_total', { store: 'totals' })).toBe(5)
    expect(value('store_cached_bytes', { store: 'totals' })).toBe(1_024)
    expect(value('open_calls', { operator: 'asking' })).toBe(2)
    expect(value('oldest_call_seconds', { operator: 'asking' })).toBe(1.5)
    vi.spyOn(log.admin, 'describeApplication').mockResolvedValue({ ...found, state: 'stopped', figures })
    expect((await scrape(log)).has(keyOf('millrace_busy_ratio', of)), 'of one that was killed').toBe(false)
  })

  test('counts on over restarts: no counter ever falls', async () => {
    const dir = temporaryDirectory()
    let before: ReadMetrics = new Map()
    for (let life = 0; life < 3; life++) {
      const { log } = openTestLog(dir)
      const atStart = await scrape(log)
      for (const [key, count] of countersOf(before)) expect([key, atStart.get(key)]).toEqual([key, count])
      await send(log, 'a', [
        ['one', 5_000],
        ['', 6_000],
        ['late', 1_000],
      ])
      const app = await start(log, counting, { applicationId: 'counts', onError: 'skip' })
      await app.caughtUp()
      await app.close()
      const after = await scrape(log)
      expect(after.get(keyOf('millrace_consumed_records_total', { ...of, topic: 'words' }))).toBe(3 * (life + 1))
      for (const [key, count] of countersOf(before)) expect(after.get(key)).toBeGreaterThan(count)
      before = after
      await log.close()
    }
    expect(countersOf(before).length).toBeGreaterThanOrEqual(4)
  })

  test('at the same time as another shares its look at the log', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(words)
    const looks = vi.spyOn(log.admin, 'logSizes')
    const texts = await Promise.all(Array.from({ length: 10 }, () => metricsText(log)))
    expect(looks).toHaveBeenCalledTimes(1)
    expect(new Set(texts.map(({ text }) => text)).size).toBe(1)
    await metricsText(log)
    expect(looks).toHaveBeenCalledTimes(2)
  })

  test('that fails leaves nothing to those that come after it', async () => {
    const { log } = openTestLog()
    const broken = vi.spyOn(log.admin, 'stats').mockRejectedValueOnce(new Error('the disk is gone'))
    await expect(metricsText(log)).rejects.toThrow('the disk is gone')
    broken.mockRestore()
    expect((await metricsText(log)).text).toContain('millrace_log_file_bytes')
  })

  test('counts stores at most twice a minute, and tells what it counted', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    await send(log, 'a', [['one', 0]])
    const app = await start(log, counting, { applicationId: 'counts' })
    await app.caughtUp()
    const rows = async (): Promise<number | undefined> =>
      (await scrape(log, { clock })).get(keyOf('millrace_store_rows', { ...of, store: 'totals' }))
    expect(await rows()).toBe(1)
    await send(log, 'b', [['one', 0]])
    await app.caughtUp()
    expect(await rows()).toBe(1)
    clock.advance(30_000)
    expect(await rows()).toBe(2)
  })

  test('misses nothing but what is deleted while it looks', async () => {
    const { log } = openTestLog()
    for (const name of ['one', 'two', 'three']) await log.admin.createTopic({ name })
    const sizes = log.admin.logSizes.bind(log.admin)
    const looks = vi.spyOn(log.admin, 'logSizes').mockImplementationOnce(async (names) => {
      await log.admin.deleteTopic('two')
      return sizes(names)
    })
    const series = await scrape(log)
    looks.mockRestore()
    const told = ['one', 'two', 'three'].map((name) => series.get(keyOf('millrace_topic_records', { topic: name })))
    expect(told).toEqual([0, undefined, 0])
  })

  test('refuses names that nothing has, and options that it does not know', async () => {
    const { log } = openTestLog()
    const wrong = [{ topics: ['a b'] }, { groups: 'all' }, { accept: 7 }, { topic: ['a'] }, { clock: {} }]
    for (const options of wrong) {
      expect(await rejectionOf(metricsText(log, options as object))).toMatchObject({ code: 'bad_option' })
    }
  })
})

describe('of what there is too many of', () => {
  test('a part has series, what is left out is counted, and it comes when it is asked for by name', async () => {
    const { log } = openTestLog()
    const partitions = { 'a-small': 2, 'b-large': 1_024, 'c-large': 1_024, 'd-small': 3 }
    for (const [name, count] of Object.entries(partitions)) await log.admin.createTopic({ name, partitions: count })
    const endsIn = (series: ReadMetrics): readonly number[] =>
      Object.keys(partitions).map((name) => {
        const keys = Array.from({ length: 1_024 }, (_, at) => ({ topic: name, partition: String(at) }))
        return keys.filter((labels) => series.has(keyOf('millrace_topic_end_offset', labels))).length
      })
    const leftOut = (series: ReadMetrics): number | undefined =>
      series.get(keyOf('millrace_scrape_left_out', { kind: 'topic_partitions' }))
    const all = await scrape(log)
    expect([endsIn(all), leftOut(all)]).toEqual([[2, 1_024, 0, 3], 1_024])
    for (const one of await Promise.all([scrape(log), scrape(log)])) {
      expect([endsIn(one), leftOut(one)], 'of two at the same time').toEqual([endsIn(all), leftOut(all)])
    }
    expect(all.get(keyOf('millrace_topic_records', { topic: 'c-large' }))).toBe(0)
    const named = await scrape(log, { topics: ['c-large', 'there-is-no-such-topic'] })
    expect([endsIn(named), leftOut(named)]).toEqual([[0, 0, 1_024, 0], 0])
  })

  test('a reader of too many partitions has its lag by topic and in all', async () => {
    const clock = new ManualClock(100_000)
    const { log } = await ManyPositions.of(2_100, 7, { clock })
    const series = await scrape(log, { clock })
    const readers = [
      ['application', { application: 'app', version: 'v1' }, { kind: 'positions' }],
      ['group', { group: 'group' }, { kind: 'group_positions' }],
    ] as const
    for (const [kind, of, leftOut] of readers) {
      const value = (name: string, labels: Record<string, string> = {}): number | undefined =>
        series.get(keyOf(`millrace_${kind}_${name}`, { ...of, ...labels }))
      expect(series.get(keyOf('millrace_scrape_left_out', leftOut))).toBeGreaterThanOrEqual(2_100)
      expect([value('total_lag_records'), value('total_lag_seconds')]).toEqual([7, 100])
      expect(value('topic_lag_records', { topic: 'wide-0' })).toBe(7)
      expect(value('topic_lag_seconds', { topic: 'wide-0' })).toBe(100)
      expect(value('topic_lag_records', { topic: 'wide-2' })).toBe(0)
    }
    expect([...series.keys()].filter((key) => /^millrace_(group_)?lag_/.test(key))).toEqual([])
  })

  test('no kind gets more than its part, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(...limitedKinds), fc.nat(3 * ofAKindMax))), (asked) => {
        const limit = new Limit()
        const admitted = asked.filter(([kind, count]) => limit.admits(kind, count))
        for (const wanted of limitedKinds) {
          const sumOf = (some: typeof asked): number =>
            some.reduce((sum, [kind, count]) => sum + (kind === wanted ? count : 0), 0)
          expect(sumOf(admitted)).toBeLessThanOrEqual(ofAKindMax)
          expect(sumOf(admitted) + limit.leftOut(wanted)).toBe(sumOf(asked))
        }
      }),
    )
  })

  test('one that takes too long ends, and counts what it did not come to', async () => {
    const clock = new ManualClock(0)
    const { log } = openTestLog(undefined, { clock })
    await log.admin.createTopic(words)
    const stats = log.admin.stats.bind(log.admin)
    vi.spyOn(log.admin, 'stats').mockImplementationOnce(async () => {
      clock.advance(60_000)
      return stats()
    })
    const series = await scrape(log, { clock })
    expect(series.get(keyOf('millrace_scrape_left_out', { kind: 'topics' }))).toBe(1)
    expect((await scrape(log, { clock })).get(keyOf('millrace_scrape_left_out', { kind: 'topics' }))).toBe(0)
  })
})

describe('the text', () => {
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.string({
      unit: fc.constantFrom(
        '"',
        '\\',
        '\n',
        'n',
        '\r',
        '\t',
        ' ',
        '{',
        '}',
        ',',
        '=',
        '#',
        '\u202e',
        '\u0000',
        'ä',
        '🙂',
      ),
      minLength: 1,
    }),
  )

  test.each([false, true])(
    'brings any label through a parser that is not ours (OpenMetrics: %s)',
    async (isOpenMetrics) => {
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(fc.tuple(anyText, anyText), {
            minLength: 1,
            maxLength: 5,
            selector: ([a, b]) => JSON.stringify([a, b]),
          }),
          fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
          async (labels, value) => {
            const series = new Series()
            for (const [operator, reason] of labels) {
              series.add('millrace_dropped_records_total', { operator, reason }, value)
            }
            const { text } = await textOf(series, isOpenMetrics, new Slices(new ManualClock(), 1))
            const read = readMetrics(text).series
            expect(read.size).toBe(labels.length)
            for (const [operator, reason] of labels) {
              expect(read.get(keyOf('millrace_dropped_records_total', { operator, reason }))).toBe(value)
            }
          },
        ),
      )
    },
  )

  test('is OpenMetrics for those who ask for it, and that of Prometheus for all others', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log)
    const prometheus3 =
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,' +
      'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1'
    for (const accept of [
      prometheus3,
      'application/openmetrics-text',
      'text/plain;q=0.2, application/OpenMetrics-text',
    ]) {
      const { headers, text } = await ask(opened, '/metrics', { accept })
      expect([accept, headers['content-type']]).toEqual([
        accept,
        'application/openmetrics-text; version=1.0.0; charset=utf-8',
      ])
      expect(text).toMatch(/^# TYPE millrace_log_commits counter$/m)
      expect(text.endsWith('\n# EOF\n')).toBe(true)
    }
    const plain = [
      'text/plain',
      '*/*',
      'text/html,*/*;q=0.8',
      'application/openmetrics-text;q=0',
      'application/openmetrics-text;q=0.1,text/plain',
      ';;,',
    ]
    for (const accept of [undefined, ...plain]) {
      const { headers, text } = await ask(opened, '/metrics', accept === undefined ? {} : { accept })
      expect([accept, headers['content-type']]).toEqual([accept, 'text/plain; version=0.0.4; charset=utf-8'])
      expect(text).toMatch(/^# TYPE millrace_log_commits_total counter$/m)
      expect(text).not.toContain('EOF')
    }
  })

  test('has each name once, with a kind and a sentence, and base units at the end', async () => {
    const { log } = openTestLog()
    const { text } = await metricsText(log)
    const named = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, kind]) => [name, kind] as const)
    expect(new Set(named.map(([name]) => name)).size).toBe(named.length)
    expect([...text.matchAll(/^# HELP \S+ [A-Z].*\.$/gm)]).toHaveLength(named.length)
    for (const [name = '', kind] of named) {
      expect(name).toMatch(/^millrace_[a-z_]+$/)
      expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter'])
      expect(name).not.toMatch(/_(ms|millis|kb|percent)/)
    }
  })
})

test('each metric has a row in docs/metrics.md, and each name there is one', () => {
  const page = readFileSync(fileURLToPath(new URL('../../docs/metrics.md', import.meta.url)), 'utf8')
  const told = [...page.matchAll(/`(millrace_\w+)/g)].map(([, name = '']) =>
    name.replace(/_seconds_count$/, '_seconds'),
  )
  expect([...new Set(told)].toSorted()).toEqual(Object.keys(families).toSorted())
})

describe('over HTTP', () => {
  const token = 'a-token-of-24-characters'

  test('it needs the token where there is one, answers GET and HEAD, and is not kept by anyone', async () => {
    const { log } = openTestLog()
    const opened = await openDashboard(log, { token })
    expect(await ask(opened, '/metrics')).toMatchObject({ status: 401 })
    const authorization = `Bearer ${token}`
    const answer = await ask(opened, '/metrics', { authorization })
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'no-store'])
    expect(readMetrics(answer.text).series.get('millrace_log_processes')).toBe(1)
    expect(await ask(opened, '/metrics', { authorization }, 'HEAD')).toMatchObject({ status: 200, text: '' })
    expect(await ask(opened, '/metrics', { authorization }, 'POST')).toMatchObject({ status: 405 })
    expect(await ask(opened, '/metrics', { authorization, host: 'evil.example.org' })).toMatchObject({ status: 403 })
  })

  test('it is narrowed to what the address names', async () => {
    const { log } = openTestLog()
    for (const name of ['one', 'two', 'three']) await log.admin.createTopic({ name })
    const opened = await openDashboard(log)
    const { text } = await ask(opened, '/metrics?topic=one&topic=three')
    expect([...text.matchAll(/^millrace_topic_records\{topic="(\w+)"\}/gm)].map(([, name]) => name)).toEqual([
      'one',
      'three',
    ])
    expect(await ask(opened, '/metrics?topic=a%20b')).toMatchObject({ status: 400 })
  })
})
