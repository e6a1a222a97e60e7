// TopologyTestDriver: the real engine, one input after the other, on a log that is thrown away.
import { readdirSync } from 'node:fs'
import { int64, keyValueStore, string, StreamsBuilder, TimeWindows, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { EmbeddedSession } from '../../src/log/embedded-session.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, input, output, type Script, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const countOutput = topic('counts', { key: string(), value: int64() })
const counting: Script = (builder) =>
  builder
    .stream(input)
    .groupByKey()
    .count({ store: counts })
    .toStream()
    .mapValues(({ value }) => value ?? 0)
    .to(countOutput)
const failsOn =
  (bad: string) =>
  ({ value }: { readonly value: string }): boolean => {
    if (value === bad) throw new Error('not this one')
    return true
  }
const wide = topic('wide', { key: string(), value: string(), partitions: 3 })

test('an output tells keys and values, or values alone, of each record once, and whether there are more', () => {
  const driver = drive((builder) => builder.stream(input).to(output))
  const reader = driver.outputTopic(output)
  expect(reader.isEmpty).toBe(true)
  const pipe = driver.inputTopic(input)
  pipe.pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  pipe.pipeInput({ key: 'b', value: 'y', timestamp: 1 })
  expect(reader.isEmpty).toBe(false)
  expect(reader.isEmpty).toBe(false)
  expect(reader.readKeyValues()).toEqual([
    { key: 'a', value: 'x' },
    { key: 'b', value: 'y' },
  ])
  expect([reader.isEmpty, reader.readKeyValues(), reader.readValues()]).toEqual([true, [], []])
  pipe.pipeInput({ key: 'c', value: 'z', timestamp: 1 })
  expect([reader.isEmpty, reader.readValues(), reader.isEmpty]).toEqual([false, ['z'], true])
  expect(reader.readRecords()).toEqual([])
})

describe('an input', () => {
  test('is worked off completely before the call returns', () => {
    const driver = drive((builder) =>
      builder.stream(input).repartition({ partitions: 5 }).repartition({ name: 'again' }).to(output),
    )
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect(driver.outputTopic(output).readRecords()).toHaveLength(1)
    expect(driver.metrics()).toMatchObject({
      state: 'running',
      consumed: { input: 1 },
      produced: { output: 1 },
      lag: 0,
    })
  })

  test('without a timestamp has the time of the wall clock, which stands still', () => {
    const driver = drive((builder) => builder.stream(input).to(output), { initialWallClockMs: 1_000 })
    const pipe = driver.inputTopic(input)
    pipe.pipeInput({ key: 'a', value: 'x' })
    pipe.pipeInput({ key: 'a', value: 'y' })
    driver.advanceWallClockTime(500)
    pipe.pipeInput({ key: 'a', value: 'z' })
    pipe.pipeInput({ key: 'a', value: 'w', timestamp: 7 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['a=x@1000', 'a=y@1000', 'a=z@1500', 'a=w@7'])
  })

  test('of many records spaces those that say no time', () => {
    const driver = drive((builder) => builder.stream(input).to(output))
    const records = ['x', 'y', 'z'].map((value) => ({ key: 'a', value }))
    const pipe = driver.inputTopic(input)
    pipe.pipeInputs([...records.slice(0, 2), { key: 'b', value: 'own', timestamp: 7 }, ...records.slice(2)], {
      from: 100,
      every: 20,
    })
    pipe.pipeInputs(records.slice(0, 2), { from: 3 })
    const read = briefly(driver.outputTopic(output).readRecords())
    expect(read).toEqual(['a=x@100', 'a=y@120', 'b=own@7', 'a=z@160', 'a=x@3', 'a=y@3'])
    for (const times of [{ from: -1 }, { from: 0, every: -1 }, { from: 0, evry: 1 }, {}]) {
      expect(errorOf(() => pipe.pipeInputs(records, times as never))).toMatchObject({ code: 'bad_option' })
    }
  })

  test('of many records ends with the one that fails', () => {
    const driver = drive((builder) => builder.stream(input).filter(failsOn('y')).to(output))
    const records = ['x', 'y', 'z'].map((value) => ({ key: 'a', value }))
    expect(errorOf(() => driver.inputTopic(input).pipeInputs(records, { from: 0 }))).toMatchObject({
      code: 'user_function_threw',
      offset: 1,
    })
    expect(driver.metrics().consumed).toEqual({ input: 1 })
  })

  test('waits for other inputs until the wall clock has passed maxTaskIdleMs', () => {
    const other = topic('other', { key: string(), value: string() })
    const both: Script = (builder) => builder.stream(input).merge(builder.stream(other)).to(output)
    const driver = drive(both, { maxTaskIdleMs: 100 })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 9 })
    driver.advanceWallClockTime(99)
    expect(driver.outputTopic(output).isEmpty).toBe(true)
    driver.inputTopic(other).pipeInput({ key: 'b', value: 'y', timestamp: 3 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['b=y@3'])
    driver.advanceWallClockTime(100)
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['b=y@3', 'a=x@9'])
  })

  test('has the time of the same clock where its topic is stamped by the log', () => {
    const stamped = topic('stamped', { key: string(), value: string(), messageTimestampType: 'LogAppendTime' })
    const out = topic('stamped-too', { key: string(), value: string(), messageTimestampType: 'LogAppendTime' })
    const driver = drive((builder) => builder.stream(stamped).to(out), { initialWallClockMs: 1_000 })
    driver.inputTopic(stamped).pipeInput({ key: 'a', value: 'x', timestamp: 5 })
    driver.advanceWallClockTime(500)
    driver.inputTopic(stamped).pipeInput({ key: 'b', value: 'y', timestamp: 6 })
    expect(briefly(driver.outputTopic(out).readRecords())).toEqual(['a=x@1000', 'b=y@1500'])
  })

  test('that is not valid is refused and changes nothing', () => {
    const driver = drive((builder) => builder.stream(input).to(output))
    const pipe = driver.inputTopic(input)
    const wrong: readonly (readonly [object, string])[] = [
      [{ key: null, value: 'x' }, 'bad_record'],
      [{ key: 'a', value: 'x', timestamp: -1 }, 'bad_record'],
      [{ key: 'a', value: 5 }, 'encode_failed'],
      [{ key: 5, value: 'x' }, 'encode_failed'],
    ]
    for (const [record, code] of wrong) expect(errorOf(() => pipe.pipeInput(record as never))).toMatchObject({ code })
    pipe.pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect(driver.outputTopic(output).readRecords()).toMatchObject([{ offset: 0, value: 'x' }])
  })

  test('goes to the partition of its key', () => {
    const driver = drive((builder) => builder.stream(wide).to(wideOutput))
    for (const key of 'abcdefgh') driver.inputTopic(wide).pipeInput({ key, value: key, timestamp: 1 })
    const read = driver.outputTopic(wideOutput).readRecords()
    expect(read).toHaveLength(8)
    expect(new Set(read.map(({ partition }) => partition)).size).toBe(3)
    expect(read).toEqual(read.toSorted((a, b) => a.partition - b.partition))
  })

  const wideOutput = topic('wide-output', { key: string(), value: string(), partitions: 3 })
})

describe('an output', () => {
  test('is read once by each reader, from the first record on', () => {
    const driver = drive((builder) => builder.stream(input).to(output))
    const pipe = driver.inputTopic(input)
    const reader = driver.outputTopic(output)
    expect(reader.readRecords()).toEqual([])
    pipe.pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect(reader.readRecords()).toEqual([
      { topic: 'output', partition: 0, offset: 0, key: 'a', value: 'x', timestamp: 1, headers: [] },
    ])
    pipe.pipeInput({ key: 'a', value: 'y', timestamp: 2 })
    expect(briefly(reader.readRecords())).toEqual(['a=y@2'])
    expect(reader.readRecords()).toEqual([])
    expect(driver.outputTopic(output).readRecords()).toHaveLength(2)
  })

  test('of a topic that nobody writes is an error', () => {
    const driver = drive((builder) => builder.stream(input).to(output))
    const missing = topic('outptu', { key: string(), value: string() })
    expect(errorOf(() => driver.outputTopic(missing))).toMatchObject({ code: 'topic_unknown', topic: 'outptu' })
  })
})

describe('dead letters', () => {
  const failing: Script = (builder) => builder.stream(input).filter(failsOn('bad'), { name: 'picky' }).to(output)

  test('are there with why and where, however often they are asked for', () => {
    const driver = drive(failing, { onError: 'deadLetter' })
    expect(driver.deadLetters()).toEqual([])
    driver.inputTopic(input).pipeInputs(
      [
        { key: 'a', value: 'x' },
        { key: 'b', value: 'bad' },
      ],
      { from: 5 },
    )
    driver.crash()
    for (let times = 0; times < 2; times++) {
      expect(driver.deadLetters()).toMatchObject([
        {
          topic: 'test-driver.dead-letters',
          reason: 'user_function_threw',
          message: expect.stringContaining('not this one'),
          operator: 'picky',
          kind: 'record',
          source: { topic: 'input', partition: 0, offset: 1 },
          timestamp: 5,
          key: Uint8Array.from(Buffer.from('b')),
          value: Uint8Array.from(Buffer.from('bad')),
          headers: [],
        },
      ])
    }
  })

  test('are those of dropped records too, where that is asked for', () => {
    const late: Script = (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count()
    for (const deadLetterDrops of [false, true]) {
      const driver = drive(late, { deadLetterDrops })
      for (const timestamp of [50, 1]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
      expect(driver.deadLetters().map(({ reason, timestamp }) => [reason, timestamp])).toEqual(
        deadLetterDrops ? [['late', 1]] : [],
      )
    }
  })
})

describe('commits', () => {
  test('are counted', () => {
    const driver = drive(counting, { commit: 'manual' })
    driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect(driver.metrics().commits).toBe(0)
    driver.commit()
    expect(driver.metrics().commits).toBe(1)
  })

  const pipe = (driver: TopologyTestDriver, ...keys: readonly string[]): void => {
    for (const key of keys) driver.inputTopic(input).pipeInput({ key, value: 'x', timestamp: 1 })
  }

  test('are made after every input, so a crash loses nothing', () => {
    const driver = drive(counting)
    for (const key of ['a', 'a', 'a']) {
      pipe(driver, key)
      driver.crash()
    }
    expect(driver.store(counts).get('a')).toBe(3)
    expect(
      driver
        .outputTopic(countOutput)
        .readRecords()
        .map(({ value }) => value),
    ).toEqual([1, 2, 3])
  })

  test('by hand show what was done, and a crash undoes what was not committed and works on it again', () => {
    const driver = drive(counting, { commit: 'manual' })
    const reader = driver.outputTopic(countOutput)
    pipe(driver, 'a', 'b')
    expect(reader.readRecords()).toEqual([])
    expect(driver.store(counts).get('a')).toBeUndefined()
    driver.commit()
    expect(reader.readRecords()).toHaveLength(2)
    expect(driver.store(counts).get('a')).toBe(1)
    pipe(driver, 'a')
    driver.crash()
    expect(reader.readRecords()).toEqual([])
    driver.commit()
    expect(reader.readRecords().map(({ value }) => value)).toEqual([2])
    expect(driver.store(counts).get('a')).toBe(2)
    expect(driver.metrics().consumed).toEqual({ input: 3 })
    driver.commit()
    expect(reader.readRecords()).toEqual([])
  })

  test('are refused after a failure, and a crash comes to it again', () => {
    const driver = drive(
      (builder) => {
        const stream = builder.stream(input)
        stream.to(output)
        stream
          .groupBy(({ key }) => key, { key: string() })
          .reduce((_left, right) => {
            if (right === 'bad') throw new Error('not this one')
            return right
          })
      },
      { commit: 'manual' },
    )
    const record = (value: string) => ({ key: 'a', value, timestamp: 1 })
    driver.inputTopic(input).pipeInput(record('x'))
    const error = errorOf(() => driver.inputTopic(input).pipeInput(record('bad')))
    expect(error).toMatchObject({ code: 'user_function_threw', offset: 1 })
    expect(errorOf(() => driver.commit())).toBe(error)
    expect(errorOf(() => driver.advanceWallClockTime(1))).toBe(error)
    expect(driver.outputTopic(output).readRecords()).toEqual([])
    expect(errorOf(() => driver.crash())).toMatchObject({ code: 'user_function_threw', offset: 1 })
  })
})

describe('the end of a driver', () => {
  test('removes its directory, and so does a driver that does not start', () => {
    const dir = temporaryDirectory()
    vi.stubEnv('TMPDIR', dir)
    onTestFinished(() => void vi.unstubAllEnvs())
    const driver = new TopologyTestDriver(topologyOf(counting))
    expect(readdirSync(dir)).toHaveLength(1)
    driver.close()
    driver.close()
    expect(readdirSync(dir)).toEqual([])
    expect(() => new TopologyTestDriver(topologyOf(counting), { onError: 'ignore' as 'skip' })).toThrow()
    expect(readdirSync(dir)).toEqual([])
  })

  test('comes with its scope', () => {
    let kept: TopologyTestDriver
    {
      using driver = new TopologyTestDriver(topologyOf(counting))
      kept = driver
    }
    const late = () => kept.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect(errorOf(late)).toMatchObject({ code: 'closed' })
  })
})

test('options are refused by name', () => {
  const wrong: readonly (readonly [object, string])[] = [
    [{ onErorr: 'skip' }, 'TopologyTestDriver has no option "onErorr"'],
    [{ commit: 'never' }, 'commit'],
    [{ initialWallClockMs: -1 }, 'initialWallClockMs is -1'],
    [{ maxTaskIdleMs: -1 }, 'maxTaskIdleMs is -1'],
    [{ stateCacheBytes: -1 }, 'stateCacheBytes is -1'],
    [{ onError: 'ignore' }, 'onError is "ignore"'],
  ]
  for (const [options, message] of wrong) {
    expect(errorOf(() => new TopologyTestDriver(topologyOf(counting), options))).toMatchObject({
      code: 'bad_option',
      message: expect.stringContaining(message),
    })
  }
  expect(errorOf(() => new TopologyTestDriver(new StreamsBuilder() as never))).toMatchObject({ code: 'bad_option' })
  const driver = drive(counting)
  expect(errorOf(() => driver.advanceWallClockTime(-1))).toMatchObject({ code: 'bad_option' })
})

test('two drivers of one topology know nothing of each other', () => {
  const topology = topologyOf(counting)
  using one = new TopologyTestDriver(topology)
  using two = new TopologyTestDriver(topology)
  one.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  expect([one.store(counts).get('a'), two.store(counts).get('a')]).toEqual([1, undefined])
})

test('the driver never waits: a session that would make it wait is a mistake that it tells of', () => {
  const commit = vi.spyOn(EmbeddedSession.prototype, 'commit').mockReturnValue(Promise.resolve())
  onTestFinished(() => commit.mockRestore())
  const driver = drive((builder) => builder.stream(input).to(output))
  expect(() => driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 0 })).toThrow('had to wait')
})

test.runIf(process.platform === 'linux')(
  'a closed driver holds no file, even before the event loop turns: a test may make any number of them',
  () => {
    const topology = topologyOf(counting)
    const openFiles = (): number => readdirSync('/proc/self/fd').length
    new TopologyTestDriver(topology).close()
    const before = openFiles()
    for (let i = 0; i < 10; i++) {
      using driver = new TopologyTestDriver(topology)
      driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: i })
    }
    expect(openFiles()).toBeLessThanOrEqual(before)
  },
)
