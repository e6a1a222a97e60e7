// suppress: what waits, what goes on and when, how much it may hold, and that one row that fails holds up no other.
// What goes on in which order is also asked of Kafka Streams, in test/conformance.
import { int64, string, TimeWindows, topic, type Windowed, windowed } from 'millrace'
import { type TestOutputTopic, TopologyTestDriver } from 'millrace/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { shownChanges, showIn } from '../support/changes.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, topologyOf } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const perWindow = topic('per-window', { key: windowed(string(), { size: 10 }), value: int64() })
const windows = TimeWindows.of({ size: 10 })

/** Pipes `key value timestamp`, a record each. */
function pipe(driver: TopologyTestDriver, ...records: readonly string[]): void {
  for (const record of records) {
    const [key = '', value = '', timestamp] = record.split(' ')
    driver.inputTopic(input).pipeInput({ key, value, timestamp: Number(timestamp) })
  }
}

const outputs = new WeakMap<TopologyTestDriver, TestOutputTopic<string, string>>()

/** Pipes records, and says what has come out of `output` since the last call. */
function piped(driver: TopologyTestDriver, ...records: readonly string[]): string[] {
  pipe(driver, ...records)
  const reader = outputs.get(driver) ?? driver.outputTopic(output)
  outputs.set(driver, reader)
  return briefly(reader.readRecords())
}

/** The newest value of each key, after suppress. */
type Suppress = Readonly<Record<string, unknown>>
const suppressed = (options: Suppress, fail = '') => {
  const values = string()
  return (builder: Parameters<Parameters<typeof drive>[0]>[0]): void => {
    builder
      .stream(input)
      .groupByKey()
      .reduce((_, value) => value, { value: values })
      .suppress({ untilTimeLimit: 10, ...options })
      .toStream({ deletes: 'drop' })
      .peek(({ value }) => {
        if (fail !== '' && value.startsWith(fail)) throw new Error(`${value} is bad`)
      })
      .to(output)
  }
}

describe('a window', () => {
  const counts = (builder: Parameters<Parameters<typeof drive>[0]>[0]): void =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(windows)
      .count()
      .suppress({ untilWindowCloses: true })
      .toStream({ deletes: 'drop' })
      .to(perWindow)
  const closed = (finals: TestOutputTopic<Windowed<string>, number>): string[] =>
    finals.readRecords().map(({ key, value, timestamp }) => `${key.key}[${key.window.start}]=${value}@${timestamp}`)

  test('goes on once, when it is closed, whatever happens in between', () => {
    const driver = drive(counts)
    const finals = driver.outputTopic(perWindow)
    pipe(driver, 'b x 1', 'a x 2')
    driver.crash()
    pipe(driver, 'a x 9', 'a x 12')
    expect(closed(finals)).toEqual(['a[0]=2@9', 'b[0]=1@1'])
    pipe(driver, 'a x 20', 'a x 3')
    expect(closed(finals)).toEqual(['a[10]=1@12'])
  })

  test('is not there in a table without windows, so waiting for one is refused', () => {
    for (const script of [
      (stream: object) => call(call(stream, 'groupByKey'), 'count'),
      (stream: object) => {
        const counted = call(call(call(stream, 'groupByKey'), 'windowedBy', windows), 'count')
        const rekeyed = call(call(counted, 'toStream'), 'selectKey', () => 'k')
        return call(call(rekeyed, 'groupByKey', { key: string(), value: int64() }), 'count')
      },
    ]) {
      const build = (): unknown =>
        topologyOf((builder) => call(script(builder.stream(input)), 'suppress', { untilWindowCloses: true }))
      expect(errorOf(build)).toMatchObject({ code: 'topology_invalid', message: expect.stringContaining('window') })
    }
  })
})

describe('of a row that changes again while it waits', () => {
  test('only the newest goes on, when its first change is due', () => {
    const driver = drive(suppressed({}))
    expect(piped(driver, 'a 1 0', 'a 2 5', 'b 3 9')).toEqual([])
    expect(piped(driver, 'c 4 10')).toEqual(['a=2@5'])
  })

  test('and that is due when a change comes, the turn lets go of it first', () => {
    const several = (options: Suppress) =>
      drive((builder) =>
        builder
          .stream(input)
          .flatMapValues(({ value }) => value.split(','))
          .groupBy(({ value }) => value, { key: string(), value: string() })
          .reduce((all, value) => all + value)
          .suppress({ untilTimeLimit: 0, ...options })
          .toStream({ deletes: 'drop' })
          .to(output),
      )
    expect(piped(several({}), 'x a,b,a 5')).toEqual(['a=a@5', 'b=b@5', 'a=aa@5'])
    const driver = several({ untilTimeLimit: 9 })
    expect(piped(driver, 'x a 5', 'x b,a,b 14')).toEqual(['a=a@5'])
    expect(piped(driver, 'x a,a 30')).toEqual(['a=aaa@30', 'b=bb@14'])
    expect(piped(several({ untilTimeLimit: 99, maxRecords: 1 }), 'x b,a,b,c,b 5')).toEqual([
      'a=a@5',
      'b=bb@5',
      'b=bbb@5',
    ])
  })
})

test('the old value of what goes on is what went on before, not what waited', () => {
  const held = topologyOf((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .reduce((_, value) => value)
      .suppress({ untilTimeLimit: 10, name: 'held' }),
  )
  const driver = new TopologyTestDriver(showIn(held, 'held'))
  onTestFinished(() => driver.close())
  pipe(driver, 'a 1 0', 'a 2 5', 'a 3 10', 'a 4 11')
  driver.crash()
  pipe(driver, 'a 5 15', 'b x 21', 'c x 40')
  const changes = driver.outputTopic(shownChanges).readRecords()
  expect(briefly(changes)).toEqual(['a=- > "3"@10', 'a="3" > "5"@15', 'b=- > "x"@21'])
})

describe('a limit', () => {
  test.each([
    ['maxRecords', { maxRecords: 2 }, ['a 1 3', 'b 2 1', 'c 3 5'], ['b=2@1']],
    ['maxBytes counts keys and values', { maxBytes: 6 }, ['a 11 3', 'b 22 1', 'c 3 5'], ['b=22@1']],
    ['maxBytes counts what an update adds', { maxBytes: 6 }, ['a 1 3', 'b 2 1', 'a 4444 5'], ['b=2@1']],
    ['maxBytes is not exceeded by what has shrunk', { maxBytes: 6 }, ['a 1111 3', 'a 1 4', 'b 2 5', 'c 3 6'], []],
    [
      'maxBytes that a row exceeds alone lets even that go',
      { maxBytes: 6 },
      ['b 1 2', 'a 777777 3'],
      ['b=1@2', 'a=777777@3'],
    ],
    ['none lets nothing go', {}, ['a 1 3', 'b 2 1', 'c 3 5'], []],
  ])('%s', (_, limits, records, expected) => {
    expect(piped(drive(suppressed(limits)), ...records)).toEqual(expected)
  })

  test('counts what waited before a crash, and no longer what has gone on', () => {
    const driver = drive(suppressed({ maxBytes: 6 }))
    pipe(driver, 'a 11 1', 'b 22 2')
    driver.crash()
    expect(piped(driver, 'c 3 3')).toEqual(['a=11@1'])
    driver.crash()
    expect(piped(driver, 'd 4 13')).toEqual(['b=22@2', 'c=3@3'])
    driver.crash()
    expect(piped(driver, 'e 11 14', 'f 5 15')).toEqual(['d=4@13'])
  })

  test.each([{ maxRecords: 1 }, { maxBytes: 3 }])('%o stops the application where nothing may go early', (limit) => {
    const driver = drive(suppressed({ ...limit, whenFull: 'fail' }), { onError: 'skip' })
    pipe(driver, 'a 1 1', 'a 2 2')
    const [name, max] = Object.entries(limit)[0] ?? []
    expect(errorOf(() => pipe(driver, 'b 3 3'))).toMatchObject({
      code: 'buffer_full',
      partition: 0,
      message: expect.stringMatching(
        new RegExp(`suppress, partition 0, holds 2 changes of 4 bytes, more than its ${name} ${max}`),
      ),
    })
  })

  test('is not exceeded by what is due', () => {
    const driver = drive(suppressed({ maxRecords: 1, whenFull: 'fail' }))
    expect(piped(driver, 'a 1 1', 'b 2 11')).toEqual(['a=1@1'])
  })
})

test('a row that fails after it has waited fails alone, and waits no longer', () => {
  const driver = drive(suppressed({ maxRecords: 3 }, 'bad'), { onError: 'skip' })
  expect(piped(driver, 'a 1 1', 'b bad 2', 'c 3 3', 'd 4 13')).toEqual(['a=1@1', 'c=3@3'])
  expect(driver.metrics().failed).toMatchObject({ 'peek-1': { user_function_threw: 1 } })
  // Neither the one that failed nor those that went on count.
  expect(piped(driver, 'e 5 14', 'f 6 15')).toEqual([])
})

test('a value that its serde does not take fails its record', () => {
  const driver = drive(
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .reduce((_, value) => value)
        .mapValues(({ value }) => Number(value))
        .suppress({ untilTimeLimit: 10, value: int64() })
        .toStream(),
    { onError: 'skip' },
  )
  pipe(driver, 'a 1 1', 'a x 2')
  expect(driver.metrics().failed).toEqual({ 'input.reduce.suppress': { encode_failed: 1 } })
})

test.each([
  [{}, 'untilWindowCloses: true or untilTimeLimit'],
  [{ untilWindowCloses: true, untilTimeLimit: 1 }, 'and not both'],
  [{ untilWindowCloses: false }, 'untilWindowCloses is false'],
  [{ untilWindowCloses: true, whenFull: 'emitEarly' }, 'whenFull is "emitEarly"'],
  [{ untilTimeLimit: -1 }, 'untilTimeLimit is -1'],
  [{ untilTimeLimit: 1.5 }, 'untilTimeLimit is 1.5'],
  [{ untilTimeLimit: 1, whenFull: 'shutDown' }, 'whenFull is "shutDown"'],
  [{ untilTimeLimit: 1, maxRecords: -1 }, 'maxRecords is -1'],
  [{ untilTimeLimit: 1, maxBytes: Number.POSITIVE_INFINITY }, 'maxBytes is Infinity'],
])('suppress(%o) is refused', (options, message) => {
  const build = (): unknown =>
    topologyOf((builder) => {
      const counted = builder.stream(input).groupByKey().windowedBy(windows).count()
      return call(counted, 'suppress', options)
    })
  expect(errorOf(build)).toMatchObject({ code: 'bad_option', message: expect.stringContaining(message) })
})

test('another wait is another plan', () => {
  const store = (options: Suppress): unknown => {
    const { nodes } = topologyOf(suppressed(options))
    return nodes.find(({ verb }) => verb === 'suppress')?.facts
  }
  expect(store({ untilTimeLimit: 5 })).not.toEqual(store({ untilTimeLimit: 6 }))
  // How much may wait can be changed.
  expect(store({ untilTimeLimit: 5, maxRecords: 1 })).toEqual(store({ untilTimeLimit: 5, maxRecords: 2 }))
})

test('what would be due after the end of time waits for ever, and holds nothing up', () => {
  const driver = drive((builder) => {
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(windows)
      .count()
      .suppress({ untilWindowCloses: true })
      .toStream()
      .to(perWindow)
    builder.stream(input).toTable().suppress({ untilTimeLimit: 10 }).toStream().to(output)
  })
  const last = Number.MAX_SAFE_INTEGER
  expect(piped(driver, 'a x 0', `b x ${last}`)).toEqual(['a=x@0'])
  driver.crash()
  expect(piped(driver, `c x ${last - 1}`, `a y ${last}`)).toEqual([])
  const closed = driver.outputTopic(perWindow).readRecords()
  expect(closed.map(({ key, value }) => [key.key, value])).toEqual([['a', 1]])
})
