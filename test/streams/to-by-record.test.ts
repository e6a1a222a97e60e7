// to by record: each record decides its topic, and a topic that is not there is created before the record is written.
import { int64, keyValueStore, minutes, nullable, StreamsBuilder, string, topic, type Topic, windowed } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { clusterOf, connect } from '../support/application-clusters.ts'
import { start, until } from '../support/applications.ts'
import { buildBatch } from '../support/batches.ts'
import { MemoryLog } from '../support/memory-log.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { briefly, drive, input, output, topologyOf } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const textTopic = (name: string, partitions?: number): Topic<string, string> =>
  topic(name, { key: string(), value: string(), partitions })
const [a, b] = [textTopic('a'), textTopic('b')]
const counts = keyValueStore('counts', { key: string(), value: int64() })

type Driver = ReturnType<typeof drive>

const pipe = (driver: Driver, ...values: string[]): void => {
  for (const value of values) driver.inputTopic(input).pipeInput({ key: 'k', value, timestamp: 1 })
}

const read = (driver: Driver, from: Topic<string, string>): string[] => briefly(driver.outputTopic(from).readRecords())

describe('a record', () => {
  test('goes to the topic that the function returns for it', () => {
    const driver = drive((builder) =>
      builder.stream(input).to(({ value }) => (value < 'm' ? a : b), { topics: [a, b] }),
    )
    pipe(driver, 'c', 'x', 'd')
    expect([read(driver, a), read(driver, b)]).toEqual([['k=c@1', 'k=d@1'], ['k=x@1']])
    expect(driver.metrics().produced).toEqual({ a: 2, b: 1 })
  })

  test('may go to a topic that nobody has named before, with any constant of it', () => {
    const driver = drive((builder) => builder.stream(input).to(({ value }) => textTopic(`to-${value}`, 3)))
    expect(errorOf(() => driver.outputTopic(textTopic('to-x')))).toMatchObject({ code: 'topic_unknown' })
    pipe(driver, 'x', 'y', 'x')
    expect(read(driver, textTopic('to-x'))).toEqual(['k=x@1', 'k=x@1'])
    driver.crash()
    pipe(driver, 'y')
    expect(read(driver, textTopic('to-y'))).toEqual(['k=y@1', 'k=y@1'])
  })

  test('counts once in all that it did before its topic was there, and in every branch', () => {
    const seen: string[] = []
    const driver = drive((builder) => {
      const stream = builder.stream(input)
      stream.groupByKey().count({ store: counts })
      stream.to(output)
      // Regrouped records wait for their topic too.
      stream
        .selectKey(({ value }) => value)
        .repartition({ key: string() })
        .peek(({ key }) => seen.push(key))
        .to(({ key }) => textTopic(`regrouped-${key}`))
      stream.to(({ value }) => textTopic(`plain-${value}`))
    })
    pipe(driver, 'x', 'y')
    expect(driver.store(counts).get('k')).toBe(2)
    expect(read(driver, output)).toEqual(['k=x@1', 'k=y@1'])
    for (const name of ['x', 'y']) {
      expect(read(driver, textTopic(`plain-${name}`))).toEqual([`k=${name}@1`])
      expect(read(driver, textTopic(`regrouped-${name}`))).toEqual([`${name}=${name}@1`])
    }
    expect(seen, 'the turn was undone and repeated').toEqual(['x', 'x', 'y', 'y'])
  })

  test('waits for its topic in a log that is far away, also while the application closes', async () => {
    const log = new MemoryLog(3)
    onTestFinished(() => log.release())
    const cluster = clusterOf(log)
    const lines = textTopic('lines')
    const append = (value: string): void =>
      cluster.append(
        lines,
        0,
        buildBatch([{ timestamp: 1, key: '6b', value: Buffer.from(value).toString('hex'), headers: [] }]),
      )
    const seen: string[] = []
    const topology = topologyOf((builder) => {
      const regrouped = builder.stream(lines).repartition()
      regrouped.peek(({ value }) => seen.push(value)).to(({ value }) => textTopic(`to-${value}`))
      regrouped.groupByKey().count({ store: counts })
    })
    for (const value of ['x', 'y', 'x']) append(value)
    const app = await start(connect(cluster).log, topology)
    await app.caughtUp()
    expect([app.store(counts).get('k'), app.metrics().produced]).toEqual([3, { 'to-x': 2, 'to-y': 1 }])
    append('z')
    await until(() => seen.includes('z'))
    log.hold()
    const closed = app.close()
    log.release()
    await closed
    expect([app.store(counts).get('k'), app.metrics().produced]).toEqual([4, { 'to-x': 2, 'to-y': 1, 'to-z': 1 }])
  })

  test('whose topic has another number of partitions than its constant says stops the application', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic(textTopic('narrow', 1))
    await log.producer().send(input, { key: 'k', value: 'v' })
    const app = await start(
      log,
      topologyOf((builder) => builder.stream(input).to(() => textTopic('narrow', 4))),
      { onError: 'skip' },
    )
    expect(await rejectionOf(app.stopped)).toMatchObject({ code: 'partitions_differ' })
  })

  test('whose constant says another number of partitions than the one before stops the application', () => {
    const driver = drive(
      (builder) =>
        builder.stream(input).to(({ value }) => textTopic('chosen', value === 'none' ? undefined : value.length)),
      { onError: 'skip' },
    )
    pipe(driver, 'ab', 'none', 'ba')
    expect(read(driver, textTopic('chosen'))).toHaveLength(3)
    expect(errorOf(() => pipe(driver, 'abc'))).toMatchObject({ code: 'partitions_differ', topic: 'chosen' })
  })

  test('whose windows do not fit its topic stops the application', () => {
    const wide = topic('wide', { key: windowed(string(), { size: minutes(5) }), value: nullable(string()) })
    const minute = topic('minute', { key: windowed(string(), { size: minutes(1) }), value: string() })
    const driver = drive((builder) => builder.stream(minute).to(() => wide), { onError: 'skip' })
    const key = { key: 'k', window: { start: 0, end: minutes(1) } }
    expect(errorOf(() => driver.inputTopic(minute).pipeInput({ key, value: 'v', timestamp: 0 }))).toMatchObject({
      code: 'topology_invalid',
      topic: 'wide',
    })
  })
})

describe('an answer that is no topic', () => {
  test.each([
    ['nothing', undefined],
    ['null', null],
    ['a name', 'output'],
    ['an object', { name: 'output' }],
    ['a promise', Promise.resolve(a)],
  ])('fails its record: %s', (_what, answer) => {
    const driver = drive((builder) => void call(builder.stream(input), 'to', () => answer), { onError: 'skip' })
    pipe(driver, 'x')
    expect(driver.metrics().failed).toEqual({ 'to-1': { bad_record: 1 } })
  })

  test('is told from a function that throws', () => {
    const driver = drive((builder) =>
      builder.stream(input).to(() => {
        throw new Error('no topic today')
      }),
    )
    expect(errorOf(() => pipe(driver, 'x'))).toMatchObject({
      code: 'user_function_threw',
      operator: 'to-1',
      message: expect.stringContaining('no topic today'),
    })
  })
})

describe('listed topics', () => {
  test('are created when the application starts, and are described', async () => {
    const { log } = openTestLog()
    const topology = topologyOf((builder) =>
      builder.stream(input).to(() => a, { topics: [a, textTopic('many', 3)], name: 'by-letter' }),
    )
    await start(log, topology)
    expect(await log.admin.describeTopic('many')).toMatchObject({ partitions: 3 })
    expect(topology.describe()).toContain('Sink by-letter (topics: a, many, or another by record)')
    expect(topologyOf((builder) => builder.stream(input).to(() => a)).describe()).toContain(
      'Sink to-1 (topic: by record)',
    )
  })

  test('are refused where they are no topics, and with a topic in place of the function', () => {
    const to = (...args: unknown[]): unknown => call(new StreamsBuilder().stream(input), 'to', ...args)
    for (const topics of ['a', [undefined], ['a'], {}])
      expect(errorOf(() => to(() => a, { topics }))).toMatchObject({ code: 'bad_option' })
    expect(errorOf(() => to(a, { topics: [a] }))).toMatchObject({ code: 'bad_option' })
    expect(errorOf(() => to(() => a, { topic: [a] })).message).toContain('Did you mean "topics"?')
  })
})
