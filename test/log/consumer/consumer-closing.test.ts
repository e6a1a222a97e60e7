// Closing a consumer waits for the body of its loop, so that what it has in hand is done and no graceful restart hands it out again.
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Consumer, type Log, type LogRecord, ManualClock } from 'millrace'
import { LoopBody } from '../../../src/log/consumer/loop-body.ts'
import { collect } from '../../support/collect.ts'
import { turns, until } from '../../support/applications.ts'
import { openTestLog } from '../../support/open.ts'
import { lines } from '../../support/topics.ts'

type Lines = Consumer<LogRecord<string, string>>

interface Closing {
  readonly log: Log
  readonly clock: ManualClock
  readonly consumer: (options?: { closeTimeoutMs?: number; signal?: AbortSignal }) => Lines
  /** What the group has committed. */
  readonly committed: () => Promise<number>
}

async function openClosing(): Promise<Closing> {
  const clock = new ManualClock(1_000_000)
  const { log } = openTestLog(undefined, { clock })
  await log.producer().sendMany(
    lines,
    ['0', '1', '2', '3', '4'].map((value) => ({ key: value, value })),
  )
  return {
    log,
    clock,
    consumer: (options = {}) => log.consumer({ group: 'g', topics: [lines], ...options }),
    async committed() {
      const [position] = await log.admin.lag('g').catch(() => [])
      return position?.offset ?? 0
    },
  }
}

/** A gate that a body waits at. */
function newGate(): {
  readonly isReached: () => boolean
  readonly pass: () => Promise<void>
  readonly open: () => void
} {
  let isReached = false
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  onTestFinished(open)
  return {
    isReached: () => isReached,
    pass() {
      isReached = true
      return opened
    },
    open,
  }
}

async function readOneByOne(consumer: Lines, seen: string[], body: () => Promise<void>): Promise<void> {
  for await (const { value } of consumer) {
    seen.push(value)
    await body()
  }
}

async function readInBatches(consumer: Lines, seen: string[], body: () => Promise<void>): Promise<void> {
  for await (const { records } of consumer.batches({ maxRecords: 2 })) {
    seen.push(...records.map(({ value }) => value))
    await body()
  }
}

/** Whether a promise has settled after everything that could settle it by itself. */
async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false
  void promise.finally(() => (isSettled = true))
  await turns(20)
  return !isSettled
}

const loops = [
  ['record by record', readOneByOne, 1],
  ['in batches', readInBatches, 2],
] as const

const closings = [
  ['consumer.close()', (_: Log, consumer: Lines) => consumer.close()],
  ['await using', (_: Log, consumer: Lines) => consumer[Symbol.asyncDispose]()],
] as const

describe.each(loops)('a loop %s', (_, read, count) => {
  test.each(closings)('that %s ends is waited for, and what it has in hand is done', async (__, close) => {
    const { log, consumer, committed } = await openClosing()
    const reader = consumer()
    const gate = newGate()
    const seen: string[] = []
    const reading = read(reader, seen, gate.pass)
    await until(gate.isReached)
    const closing = close(log, reader)
    expect(await isPending(closing)).toBe(true)
    expect(await committed()).toBe(0)
    gate.open()
    await closing
    await reading
    expect(seen).toEqual(['0', '1'].slice(0, count))
    expect(await committed()).toBe(count)
    expect((await collect(consumer(), 1)).map(({ value }) => value)).toEqual([String(count)])
  })

  test('that log.close() ends is waited for, and what it has in hand is done', async () => {
    const { dir, log } = openTestLog()
    await log.producer().sendMany(
      lines,
      ['0', '1', '2'].map((value) => ({ key: value, value })),
    )
    const gate = newGate()
    const reading = read(log.consumer({ group: 'g', topics: [lines] }), [], gate.pass)
    await until(gate.isReached)
    const closing = log.close()
    expect(await isPending(closing)).toBe(true)
    gate.open()
    await Promise.all([closing, reading])
    const again = openTestLog(dir).log
    expect((await collect(again.consumer({ group: 'g', topics: [lines] }), 1))[0]?.value).toBe(String(count))
  })

  test('is not waited for longer than closeTimeoutMs, and what it has in hand comes again', async () => {
    const { clock, consumer, committed } = await openClosing()
    const reader = consumer({ closeTimeoutMs: 5_000 })
    const gate = newGate()
    const reading = read(reader, [], gate.pass)
    await until(gate.isReached)
    const closing = reader.close()
    clock.advance(4_999)
    expect(await isPending(closing)).toBe(true)
    clock.advance(1)
    await closing
    gate.open()
    await reading
    expect(await committed()).toBe(0)
    expect((await collect(consumer(), 1)).map(({ value }) => value)).toEqual(['0'])
  })

  test.each([
    ['itself', (reader: Lines) => reader.close()],
    ['by what it awaits', async (reader: Lines) => Promise.all([turns(1).then(() => undefined), closeLater(reader)])],
    ['with the log', (_reader: Lines, log: Log) => log.close()],
  ])('that closes its consumer %s is not waited for', async (__, close) => {
    const { log, consumer } = await openClosing()
    const reader = consumer()
    const seen: string[] = []
    await read(reader, seen, async () => {
      await turns(1)
      await close(reader, log)
    })
    expect(seen).toHaveLength(count)
  })

  test('that closes its consumer while another waits for it ends both', async () => {
    const { consumer, committed } = await openClosing()
    const reader = consumer()
    const gate = newGate()
    const reading = read(reader, [], async () => {
      await gate.pass()
      await reader.close()
    })
    await until(gate.isReached)
    const closing = reader.close()
    expect(await isPending(closing)).toBe(true)
    gate.open()
    await Promise.all([closing, reading])
    expect(await committed()).toBe(0)
  })

  test('that is left by a throw while it is waited for has done nothing with what it has in hand', async () => {
    const { consumer, committed } = await openClosing()
    const reader = consumer()
    const gate = newGate()
    const reading = read(reader, [], async () => {
      await gate.pass()
      throw new Error('a bug')
    })
    await until(gate.isReached)
    const closing = reader.close()
    gate.open()
    await expect(reading).rejects.toThrow('a bug')
    await closing
    expect(await committed()).toBe(0)
  })

  test.each(['from outside', 'from inside'])('that a signal ends %s does what it has in hand', async (from) => {
    const { consumer, committed } = await openClosing()
    const stop = new AbortController()
    const reader = consumer({ signal: stop.signal })
    const gate = newGate()
    const reading = read(reader, [], async () => {
      if (from === 'from inside') stop.abort()
      await gate.pass()
    })
    await until(gate.isReached)
    if (from === 'from outside') stop.abort()
    gate.open()
    await reading
    await reader.close()
    expect(await committed()).toBe(count)
  })
})

async function closeLater(reader: Lines): Promise<void> {
  await turns(1)
  await reader.close()
}

test.each([1, 2, 3])('who pulls %i records by hand and does not come back is not waited for', async (count) => {
  const { consumer } = await openClosing()
  const reader = consumer()
  const pull = async (): Promise<void> => {
    const loop = reader[Symbol.asyncIterator]()
    for (let i = 0; i < count; i++) expect((await loop.next()).value).toMatchObject({ value: String(i) })
  }
  await pull()
  await reader.close()
})

test('a loop that has got its first record and has not had the time to begin its body is waited for', async () => {
  const body = new LoopBody()
  body.takesNext()
  body.asks()
  const answer = body.answer('a record')
  const rested = body.rested(new ManualClock(), 1)
  expect(answer).toMatchObject({ done: false, value: 'a record' })
  expect(await isPending(rested)).toBe(true)
  body.rests()
  await rested
})

test('a subscriber has nothing in hand between two records, so closing does not wait for it', async () => {
  const { consumer } = await openClosing()
  const reader = consumer()
  const seen: string[] = []
  const completed = new Promise<void>((resolve) => {
    reader.records$.subscribe({ next: ({ value }) => void seen.push(value), complete: resolve })
  })
  await until(() => seen.length === 5)
  await reader.close()
  await completed
})

test('a consumer that waits for records closes at once', async () => {
  const { consumer, committed } = await openClosing()
  const reader = consumer()
  const seen: string[] = []
  const reading = readOneByOne(reader, seen, () => turns(0))
  await until(() => seen.length === 5)
  await turns(5)
  await reader.close()
  await reading
  expect(await committed()).toBe(5)
})

describe('a hook', () => {
  test.each(['consumer', 'log'] as const)('that closes its %s when partitions go is not waited for', async (which) => {
    const { log, committed } = await openClosing()
    const consumer: Lines = log.consumer({
      group: 'g',
      topics: [lines],
      onRevoked: async () => (which === 'log' ? log.close() : consumer.close()),
    })
    for await (const { offset } of consumer) if (offset === 1) break
    expect(await committed()).toBe(1)
    await consumer.close()
    await log.close()
  })

  test('that never settles is waited for as long as a body is', async () => {
    const never = new Promise<void>(() => {})
    const { log, clock } = await openClosing()
    const consumer: Lines = log.consumer({
      group: 'g',
      topics: [lines],
      closeTimeoutMs: 5_000,
      onRevoked: async () => never,
    })
    await collect(consumer, 1)
    const closing = consumer.close()
    await turns(20)
    clock.advance(5_000)
    await closing
  })
})
