// A dead letter that is sent again is processed once, by its application alone, in its place among the other records; whether
// the application runs, starts later, or crashes in between.
import {
  bytes,
  type DeadLetter,
  int64,
  type Log,
  ManualClock,
  nullable,
  StreamsBuilder,
  string,
  topic,
  type Topology,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { rejectionOf } from '../support/thrown.ts'

const raw = topic('numbers', { key: nullable(bytes()), value: nullable(bytes()), partitions: 3 })
const numbers = topic('numbers', { key: string(), value: int64(), partitions: 3 })
const doubled = topic('doubled', { key: string(), value: int64(), partitions: 3 })

/** While it is not mended, odd numbers fail. */
function doubling(isMended: () => boolean = () => true): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(numbers)
    .mapValues(
      ({ value }) => {
        if (value % 2 === 1 && !isMended()) throw new Error('odd')
        return value * 2
      },
      { name: 'double' },
    )
    .to(doubled)
  return builder.build()
}

async function send(log: Log, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: i, timestamp: i }))
  await log.producer().sendMany(numbers, records)
}

const resultsIn = async (log: Log): Promise<number[]> =>
  (await collect(log.read(doubled))).map(({ value }) => value).toSorted((a, b) => a - b)
const lettersIn = (log: Log): Promise<DeadLetter[]> => collect(log.admin.deadLetters('app').list())

/** What an application that fails for odd numbers makes of these; its next try succeeds once it is mended. */
async function withLetters(count: number) {
  const { log } = openTestLog()
  await send(log, count)
  let isMended = false
  const app = await start(
    log,
    doubling(() => isMended),
    { onError: 'deadLetter' },
  )
  await app.caughtUp()
  return { log, app, letters: log.admin.deadLetters('app'), mend: () => void (isMended = true) }
}

describe('letters that are sent again', () => {
  test('are processed by the application that runs, each once, and by nobody else', async () => {
    const { log, app, letters, mend } = await withLetters(6)
    expect(await resultsIn(log)).toEqual([0, 4, 8])
    mend()
    const report = await letters.redrive({ reason: 'user_function_threw' })
    expect(report).toMatchObject({ dryRun: false, sent: 3, alreadySent: 0, noRecord: 0, notRead: 0, topicGone: 0 })
    expect(report.letters.map(({ outcome, to }) => [outcome, to?.topic])).toEqual(
      Array.from({ length: 3 }, () => ['sent', 'numbers@@app']),
    )
    await app.caughtUp()
    expect(await resultsIn(log)).toEqual([0, 2, 4, 6, 8, 10])
    expect(await letters.redrive({})).toMatchObject({ sent: 0, alreadySent: 3 })
    await app.caughtUp()
    expect(await resultsIn(log)).toHaveLength(6)
    expect(await collect(log.read(numbers))).toHaveLength(6)
    expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['app.dead-letters', 'doubled', 'numbers'])
    expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  })

  test('keep their partition, their bytes and their headers, and lose those of the letter', async () => {
    const { log } = openTestLog()
    const headers = [{ key: 'trace', value: Buffer.from('t') }]
    await log
      .producer()
      .send(raw, { key: Buffer.from('b'), value: Buffer.from('x'), timestamp: 5, headers, partition: 2 })
    const app = await start(log, doubling(), { onError: 'deadLetter' })
    await app.caughtUp()
    const { letters } = await log.admin.deadLetters('app').redrive(await lettersIn(log))
    expect(letters[0]?.to).toEqual({ topic: 'numbers@@app', partition: 2, offset: 0 })
    const hidden = log.consumer({ topics: ['numbers@@app'], reset: 'earliest' })
    const [again] = await collect(hidden, 1)
    await hidden.close()
    expect(again).toMatchObject({ partition: 2, timestamp: 5, headers: [{ key: 'trace' }] })
    expect([Buffer.from(again?.key ?? []).toString(), Buffer.from(again?.value ?? []).toString()]).toEqual(['b', 'x'])
    await app.caughtUp()
    const [, second] = await lettersIn(log)
    expect(second?.source).toEqual({ topic: 'numbers@@app', partition: 2, offset: 0 })
  })

  test('may be of records as large as their topic takes', async () => {
    const { log } = openTestLog()
    const large = topic('numbers', { key: string(), value: string(), maxMessageBytes: 8_388_608 })
    const value = 'v'.repeat(5_000_000)
    let isMended = false
    const seen: number[] = []
    const builder = new StreamsBuilder()
    builder.stream(large).foreach((record) => {
      if (!isMended) throw new Error('too large for me')
      seen.push(record.value.length)
    })
    await log.producer().send(large, { key: 'k', value })
    const app = await start(log, builder.build(), { onError: 'deadLetter' })
    await app.caughtUp()
    expect((await lettersIn(log)).map((letter) => letter.value?.length)).toEqual([value.length])
    isMended = true
    expect(await log.admin.deadLetters('app').redrive({})).toMatchObject({ sent: 1 })
    await app.caughtUp()
    expect(seen).toEqual([value.length])
  })

  test('that fail again make letters that are sent into the same topic', async () => {
    const { log, app, letters, mend } = await withLetters(2)
    expect(await letters.redrive({})).toMatchObject({ sent: 1 })
    await app.caughtUp()
    mend()
    expect(await letters.redrive({})).toMatchObject({ sent: 1, alreadySent: 1 })
    await app.caughtUp()
    expect(await resultsIn(log)).toEqual([0, 2])
    expect((await log.admin.describeTopic('numbers@@app')).partitions).toBe(3)
  })

  test('wait for the next start of an application that does not run, whatever its reset', async () => {
    const { log, app: first, letters } = await withLetters(4)
    await first.close()
    expect(await letters.redrive({})).toMatchObject({ sent: 2 })
    const latest = new StreamsBuilder()
    const mended = latest.stream(numbers, { reset: 'latest' }).mapValues(({ value }) => value * 2, { name: 'double' })
    mended.to(doubled)
    const second = await start(log, latest.build(), { onError: 'deadLetter' })
    await second.caughtUp()
    expect(await resultsIn(log)).toEqual([0, 2, 4, 6])
    await second.close()
    const third = await start(log, doubling())
    await third.caughtUp()
    expect(await resultsIn(log)).toEqual([0, 2, 4, 6])
  })

  test('take their place by time', async () => {
    const { log } = openTestLog()
    const one = topic('one', { key: string(), value: int64() })
    const seen = topic('seen', { key: string(), value: int64() })
    const topologyOf = (isMended: boolean): Topology => {
      const builder = new StreamsBuilder()
      const values = builder.stream(one).mapValues(({ value }) => {
        if (value === 5 && !isMended) throw new Error('five')
        return value
      })
      values.to(seen)
      return builder.build()
    }
    await log.producer().send(one, { key: 'a', value: 5, timestamp: 5 })
    const first = await start(log, topologyOf(false), { onError: 'deadLetter' })
    await first.caughtUp()
    await first.close()
    const records = [3, 8].map((value) => ({ key: 'a', value, timestamp: value }))
    await log.producer().sendMany(one, records)
    await log.admin.deadLetters('app').redrive({})
    const second = await start(log, topologyOf(true))
    await second.caughtUp()
    expect((await collect(log.read(seen))).map(({ value }) => value)).toEqual([3, 5, 8])
  })

  test('are not waited for: an empty hidden partition holds up nobody', async () => {
    const { log } = openTestLog()
    const one = topic('one', { key: string(), value: int64() })
    const clock = new ManualClock(0)
    const builder = new StreamsBuilder()
    let isMended = false
    const values = builder.stream(one).mapValues(({ value }) => {
      if (!isMended) throw new Error('not yet')
      return value
    })
    values.to(doubled)
    await log.producer().send(one, { key: 'a', value: 1, timestamp: 1 })
    const options = { onError: 'deadLetter', maxTaskIdleMs: 1_000, clock } as const
    const app = await start(log, builder.build(), options)
    await app.caughtUp()
    isMended = true
    await log.admin.deadLetters('app').redrive({})
    await log.producer().send(one, { key: 'a', value: 2, timestamp: 2 })
    await app.close()
    const again = await start(log, builder.build(), options)
    await again.caughtUp()
    await log.producer().send(one, { key: 'a', value: 3, timestamp: 3 })
    await again.caughtUp()
    expect(await resultsIn(log)).toEqual([1, 2, 3])
  })
})

describe('an edited letter', () => {
  test('is sent as it was edited, and counts as its letter', async () => {
    const { log } = openTestLog()
    await log.producer().send(raw, { key: Buffer.from('b'), value: Buffer.from('x'), timestamp: 5, partition: 2 })
    const app = await start(log, doubling(), { onError: 'deadLetter' })
    await app.caughtUp()
    const letters = log.admin.deadLetters('app')
    const [letter] = await lettersIn(log)
    if (letter === undefined) throw new Error('there is no letter')
    const mended = letters.edit(letter, numbers, { value: 21, timestamp: 9 })
    expect(await letters.redrive([mended])).toMatchObject({ sent: 1, letters: [{ to: { partition: 2 } }] })
    await app.caughtUp()
    expect(await collect(log.read(doubled))).toMatchObject([{ key: 'b', value: 42, timestamp: 9 }])
    expect(await letters.redrive([mended, letter])).toMatchObject({ sent: 0, alreadySent: 2 })
  })

  test('with another key goes where records of that key go', async () => {
    const { log } = openTestLog()
    await log.producer().send(raw, { key: Buffer.from('b'), value: Buffer.from('x'), timestamp: 5, partition: 2 })
    const there = await log.producer().send(numbers, { key: 'another', value: 0, timestamp: 5 })
    const app = await start(log, doubling(), { onError: 'deadLetter' })
    await app.caughtUp()
    const letters = log.admin.deadLetters('app')
    const [letter] = await lettersIn(log)
    if (letter === undefined) throw new Error('there is no letter')
    const { letters: sent } = await letters.redrive([letters.edit(letter, numbers, { key: 'another', value: 1 })])
    expect(sent[0]?.to?.partition).toBe(there.partition)
  })
})

describe('a letter is not sent', () => {
  test('in a dry run, which shows how old it is beside its partition', async () => {
    const { log, letters } = await withLetters(6)
    const planned = await letters.redrive({}, { dryRun: true, samples: 1 })
    expect(planned).toMatchObject({ dryRun: true, sent: 3 })
    expect(planned.letters).toHaveLength(1)
    const [{ letter, newestTimestamp } = { letter: undefined, newestTimestamp: null }] = planned.letters
    expect(newestTimestamp).toBeGreaterThanOrEqual(letter?.timestamp ?? Number.POSITIVE_INFINITY)
    expect((await log.admin.listTopics({ hidden: true })).map(({ name }) => name)).not.toContain('numbers@@app')
    expect(await letters.redrive({}, { dryRun: true })).toMatchObject({ sent: 3, alreadySent: 0 })
  })

  test('twice in one call', async () => {
    const { log, letters } = await withLetters(2)
    const [letter] = await lettersIn(log)
    if (letter === undefined) throw new Error('there is no letter')
    const report = await letters.redrive([letter, { ...letter }])
    expect(report).toMatchObject({ sent: 1, alreadySent: 1 })
  })

  test('when the application no longer reads its topic, when that is gone, and when it holds no record', async () => {
    const { log, app, letters } = await withLetters(2)
    await app.close()
    await log.producer().send(topic('app.dead-letters', { key: string(), value: string() }), { key: 'a', value: 'b' })
    await log.admin.deleteTopic(numbers)
    expect(await letters.redrive({})).toMatchObject({ sent: 0, topicGone: 1, noRecord: 1 })
    const builder = new StreamsBuilder()
    builder.stream(doubled).filter(() => true)
    const other = await start(log, builder.build(), { drop: ['numbers'] })
    await other.close()
    expect(await letters.redrive({})).toMatchObject({ sent: 0, notRead: 1, noRecord: 1 })
  })

  test('when one of a list never was: then none is', async () => {
    const { log, letters } = await withLetters(2)
    const places = [
      { partition: 0, offset: 0 },
      { partition: 0, offset: 9 },
    ]
    expect(await rejectionOf(letters.redrive(places))).toMatchObject({ code: 'letter_unknown', offset: 9 })
    expect(await letters.redrive({})).toMatchObject({ sent: 1, alreadySent: 0 })
    expect(await rejectionOf(log.admin.deadLetters('nobody').redrive({}))).toMatchObject({
      code: 'application_unknown',
    })
  })
})

test('an application that starts over reads them again, from the time that it starts over at', async () => {
  const { log, app: first, letters } = await withLetters(6)
  await first.close()
  await letters.redrive({})
  const second = await start(log, doubling())
  await second.caughtUp()
  expect(await resultsIn(log)).toEqual([0, 2, 4, 6, 8, 10])
  await second.close()
  const { positions } = await log.admin.resetApplication('app', { to: { time: 3 }, outputs: 'empty' })
  expect(new Set(positions.map(({ topic }) => topic))).toEqual(new Set(['numbers', 'numbers@@app']))
  const third = await start(log, doubling())
  await third.caughtUp()
  expect(await resultsIn(log)).toEqual([6, 6, 8, 10, 10])
  const topics = [0, 1, 2].map((partition) => ({ topic: 'numbers', partition, offset: 0 }))
  await third.close()
  expect(await log.admin.resetApplication('app', { to: topics, dryRun: true })).toMatchObject({ applicationId: 'app' })
})

test('an application that is deleted takes what it was sent again with it', async () => {
  const { log, app, letters } = await withLetters(4)
  await letters.redrive({})
  await app.close()
  await log.admin.deleteApplication('app')
  expect((await log.admin.listTopics({ hidden: true })).map(({ name }) => name)).not.toContain('numbers@@app')
  expect((await log.admin.verify({ deep: true })).problems).toEqual([])
  const next = await start(
    log,
    doubling(() => false),
    { onError: 'deadLetter', deadLetterTopic: 'other-letters' },
  )
  await next.caughtUp()
  expect(await letters.redrive({})).toMatchObject({ sent: 2, alreadySent: 0 })
})
