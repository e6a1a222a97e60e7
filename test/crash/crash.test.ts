// The kill loop, very short; and the proof that its checker can fail: each doctored log is told from a sound one.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { openLog, startStreams } from '../../src/index.ts'
import { compiled } from '../support/compiled.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { check, type Expected } from './checks.ts'
import { Chain, type Kept, readKept, readTopics, type StoredRecord } from './contents.ts'
import { inputOf, isMalformed, prefixEndsOf } from './input.ts'
import { sendPrefix } from './programs/importer.ts'
import { done, firstRunSteps, plan, renumber, type SoundLog, soundLog } from './sound.ts'
import { applicationId, deadLetters, totals, trace } from './topics.ts'
import { countOrders } from './topology.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('8 kills lose nothing, double nothing and tear nothing', () => {
  const command = [compiled('test/crash/run.ts'), 'application', '--kills', '8', '--seed', '11']
  const { stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' })
  if (!stdout.endsWith('\n8 kills, 0 violations\n')) throw new Error(stdout + stderr)
})

const expected: Expected = { plan, acked: plan.records, importing: false, seen: [], fenced: [] }

/** Changes a sound log, and says what else is known of it. */
type Doctor = (log: SoundLog) => Partial<Expected> | void

/** The partition of a topic that has the most records. */
function lane({ topics }: SoundLog, name: string): StoredRecord[] {
  return (topics[name] ?? []).toSorted((a, b) => b.length - a.length)[0] ?? []
}

/** Puts these records in the place of one, and gives all their offsets. */
const replace =
  (
    name: string,
    at: number,
    by: (record: StoredRecord, next: StoredRecord) => StoredRecord[],
    taken: number = 1,
  ): Doctor =>
  (log) => {
    const records = lane(log, name)
    records.splice(at, taken, ...by(records[at] as StoredRecord, records[at + 1] as StoredRecord))
    renumber(records)
  }
const without = (name: string, at: number): Doctor => replace(name, at, () => [])
const doubled = (name: string, at: number): Doctor => replace(name, at, (record) => [record, record])
const swapped = (name: string, at: number): Doctor => replace(name, at, (record, next) => [next, record], 2)
const withoutLast =
  (name: string): Doctor =>
  (log) =>
    void lane(log, name).pop()

const keeping =
  (change: (kept: Kept) => Partial<Kept>): Doctor =>
  (log) => {
    log.kept = { ...log.kept, ...change(log.kept) }
  }
const measuring = (change: (metrics: Kept['metrics']) => Partial<Kept['metrics']>): Doctor =>
  keeping(({ metrics }) => ({ metrics: { ...metrics, ...change(metrics) } }))
/** The value at the end of a row is one more. */
const oneMore = ([first = '', ...rest]: readonly string[]): string[] => [
  first.replace(/\d+$/, (value) => String(Number(value) + 1)),
  ...rest,
]

function digestOf(records: readonly StoredRecord[]): string {
  const chain = new Chain()
  for (const record of records) chain.add(record)
  return chain.digest()
}

/** What is wrong, what the checker says, and how it is done to a sound log. */
const doctored: readonly (readonly [string, string, Doctor])[] = [
  ['an acknowledged record is missing', 'A1 acknowledged up to 401', () => ({ acked: plan.records + 1 })],
  ['an input has other bytes', 'A1 orders', replace('orders', 3, (_, next) => [next])],
  ['the offsets of an input have a gap', 'A2 orders', (log) => void lane(log, 'orders').splice(5, 1)],
  ['the offsets of an output have a gap', 'A2 counts', (log) => void lane(log, 'counts').splice(7, 1)],
  [
    'an offset is there twice',
    'A2 totals',
    (log) => void lane(log, 'totals').splice(7, 0, lane(log, 'totals')[7] as StoredRecord),
  ],
  ['a prefix is torn', 'A7 orders', withoutLast('orders')],
  ['a prefix is torn between two topics', 'A7 returns', withoutLast('returns')],
  ['a prefix is there without its place', 'A7 ', withoutLast('place')],
  ['a prefix is imported twice', 'A7 place', doubled('place', 3)],
  ['an output record is missing', 'A3 counts', without('counts', 7)],
  ['the last output record is missing', 'A3 summary', withoutLast('summary')],
  ['an output record is doubled', 'A3 totals', doubled('totals', 7)],
  ['two output records have changed places', 'A3 summary', swapped('summary', 4)],
  ['an output record has another time', 'A3 totals', replace('totals', 2, (record) => [{ ...record, timestamp: 5 }])],
  [
    'an output record has another value',
    'A3 counts',
    replace('counts', 2, (record, next) => [{ ...record, value: next.key }]),
  ],
  ['a lookup is missing', 'A3 looked-up', withoutLast('looked-up')],
  ['a pair is doubled', 'A3 pairs', doubled('pairs', 0)],
  ['a change of a session is missing', 'A3 visits', without('visits', 3)],
  ['what was held back has not come', 'A3 limited', withoutLast('limited')],
  ['an answer has come before another one', 'A3 answers', swapped('answers', 4)],
  ['an input is counted twice', 'A3 ', doubled('trace', 200)],
  ['an input is never counted', 'A3 ', without('trace', 200)],
  ['a dead letter is missing', 'A3 ', without(deadLetters.name, 0)],
  ['a dead letter is doubled', 'A3 ', doubled(deadLetters.name, 0)],
  [
    'an input is counted that is not in the log',
    'is counted and not in the log',
    ({ topics }) => {
      for (const records of ['orders', 'returns', 'place'].flatMap((name) => topics[name] ?? [])) records.length = 0
      return { acked: 0 }
    },
  ],
  ['inputs are worked on out of order', 'A4 the sequence', swapped('trace', 20)],
  ['a count is off by one', 'A4 store counts', keeping(({ counts }) => ({ counts: oneMore(counts) }))],
  ['a running sum is off by one', 'A4 store totals', keeping((kept) => ({ totals: oneMore(kept.totals) }))],
  ['a row is lost', 'A4 store summary', keeping(({ summary }) => ({ summary: summary.slice(1) }))],
  [
    'positions are behind',
    'A4 consumed orders',
    measuring(({ consumed }) => ({ consumed: { ...consumed, orders: 7 } })),
  ],
  [
    'a counter of outputs is wrong',
    'A4 produced totals',
    measuring(({ produced }) => ({ produced: { ...produced, totals: 7 } })),
  ],
  ['late records are not counted', 'A4 dropped as late', measuring(() => ({ dropped: {} }))],
  ['stream time has stood still', 'A4 stream time', measuring(() => ({ streamTimes: {} }))],
  [
    'a reader saw more than is there',
    'A5 orders[0]',
    () => ({ seen: [{ topic: 'orders', partition: 0, end: 10_000, digest: '' }] }),
  ],
  [
    'a reader saw something else',
    'A6 orders[0]',
    ({ topics }) => ({
      seen: [{ topic: 'orders', partition: 0, end: 9, digest: digestOf(topics['orders']?.[0]?.slice(1, 10) ?? []) }],
    }),
  ],
  [
    'two runs write in turns',
    'R14 trace[0]: run 1 goes on',
    replace('trace', firstRunSteps + 1, (record) => [
      { ...record, value: trace.value.encode({ ...trace.value.decode(record.value as Uint8Array), run: 1 }) },
    ]),
  ],
  [
    'a run has written after it was taken over from',
    'R14 run 1 was taken over from after 99 steps',
    () => ({ fenced: [{ run: 1, steps: firstRunSteps - 1 }] }),
  ],
]

describe('the checker', () => {
  const violationsOf = ({ topics, kept }: SoundLog, known: Partial<Expected> | void): readonly string[] =>
    check({ topics: new Map(Object.entries(topics)), kept }, { ...expected, ...known }).violations

  test('lets a sound log pass', () => {
    const log = soundLog()
    expect(done.filter(isMalformed).length).toBeGreaterThan(0)
    const seen = [
      { topic: 'orders', partition: 0, end: 9, digest: digestOf(log.topics['orders']?.[0]?.slice(0, 9) ?? []) },
    ]
    expect(violationsOf(log, { seen, fenced: [{ run: 1, steps: firstRunSteps }] })).toEqual([])
  })

  test.each(doctored)('finds that %s', (_, violation, doctor) => {
    const log = soundLog()
    const known = doctor(log)
    expect(violationsOf(log, known)).toContainEqual(expect.stringContaining(violation))
  })
})

test('the checker finds nothing in a directory, and then the record that the counter did not write', async () => {
  const dir = temporaryDirectory()
  const log = await openLog(dir)
  const producer = log.producer()
  let from = 0
  for (const end of prefixEndsOf(plan).slice(1)) {
    await sendPrefix(producer, inputOf(plan).slice(from, end), end)
    from = end
  }
  const app = await startStreams(countOrders({ run: 1, pauseEvery: 0 }), { log, applicationId, onError: 'deadLetter' })
  await app.caughtUp()
  await app.close()
  const violations = async (): Promise<readonly string[]> =>
    check({ topics: await readTopics(log), kept: await readKept(log) }, expected).violations
  expect(await violations()).toEqual([])
  await producer.send(totals, { key: 'customer-1', value: 12, timestamp: 1 })
  expect(await violations()).toEqual([
    expect.stringContaining('A3 totals'),
    expect.stringContaining('A4 produced totals'),
  ])
  await log.close()
})
