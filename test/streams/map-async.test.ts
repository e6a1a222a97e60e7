// mapAsync: each record's result exactly once and in the order that was promised, whatever the calls do.
import { type AsyncCall, int64, json, nullable, StreamsBuilder, string, topic, type Topic } from 'millrace'
import { type TestDriverOptions, TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { turns } from '../support/applications.ts'
import { Service } from '../support/service.ts'
import { errorOf, rejectionOf } from '../support/thrown.ts'
import { briefly, drive, input, output } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

type Driver = TopologyTestDriver

const pipe = (driver: Driver, ...records: string[]): void => {
  for (const record of records) {
    const [key = '', value = ''] = record.split('=')
    driver.inputTopic(input).pipeInput({ key, value, timestamp: 1 })
  }
}

const read = (driver: Driver, from: Topic<string, string> = output): string[] =>
  briefly(driver.outputTopic(from).readRecords())

/** Each record goes to the service, and its result to the output. */
function calling(service: Service, options: object = {}, driverOptions: TestDriverOptions = {}): Driver {
  return drive((builder) => builder.stream(input).mapAsync(service.fn, options).to(output), driverOptions)
}

test('the result is the value of the record, whose key, timestamp and headers stay', async () => {
  const nulls = topic('nulls', { key: nullable(string()), value: nullable(string()) })
  const results = topic('results', { key: nullable(string()), value: json<string>() })
  const driver = drive((builder) =>
    builder
      .stream(nulls)
      .mapAsync(async ({ key, value, headers }) => Promise.resolve(`${key}:${value}:${headers.length}`))
      .to(results),
  )
  const headers = [
    { key: 'a', value: new Uint8Array([1]) },
    { key: 'a', value: null },
  ]
  driver.inputTopic(nulls).pipeInput({ key: 'k', value: 'v', timestamp: 7, headers })
  driver.inputTopic(nulls).pipeInput({ key: null, value: null, timestamp: 8 })
  await driver.settled()
  expect(driver.outputTopic(results).readRecords()).toMatchObject([
    { key: 'k', value: 'k:v:2', timestamp: 7, headers },
    { key: null, value: 'null:null:0', timestamp: 8, headers: [] },
  ])
})

test('a function may answer at once', async () => {
  const driver = drive((builder) =>
    builder
      .stream(input)
      .mapAsync(({ value }) => value.toUpperCase())
      .to(output),
  )
  pipe(driver, 'a=x')
  expect(read(driver), 'never in the turn of the record').toEqual([])
  await driver.settled()
  expect(read(driver)).toEqual(['a=X@1'])
})

describe('what the function is given', () => {
  /** Never answers, and looks at nothing. */
  function blind(options: object = {}) {
    const calls: AsyncCall[] = []
    const open: ((answer: string) => void)[] = []
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .mapAsync((_, call): Promise<string> => {
            calls.push(call)
            return new Promise((resolve) => {
              open.push(resolve)
            })
          }, options)
          .to(output),
      { onError: 'skip' },
    )
    pipe(driver, 'a=1')
    const [given] = calls
    if (given === undefined) throw new Error('nothing was asked')
    return { driver, given }
  }

  test('has its signal in a copy too, always the same one, and cannot be changed', () => {
    const { given } = blind()
    const { signal, ...rest } = { ...given }
    expect([Object.keys(given), Object.isFrozen(given)]).toEqual([['id', 'attempt', 'signal'], true])
    expect(rest).toEqual({ id: given.id, attempt: 1 })
    expect(signal).toBeInstanceOf(AbortSignal)
    expect(given.signal).toBe(signal)
  })

  test('has an aborted signal, where it is asked for after the call has timed out', async () => {
    const { driver, given } = blind({ timeoutMs: 50 })
    driver.advanceWallClockTime(50)
    await driver.settled()
    expect(given.signal).toMatchObject({ aborted: true, reason: { code: 'call_timed_out' } })
  })

  test('may be changed, and the result is of the record as it came', async () => {
    const driver = drive((builder) =>
      builder
        .stream(input)
        .mapAsync(({ headers, value }) => {
          headers[0]?.value?.fill(0)
          return value
        })
        .to(output),
    )
    driver.inputTopic(input).pipeInput({ key: 'k', value: 'v', timestamp: 9, headers: [{ key: 'h', value: 'x' }] })
    await driver.settled()
    const [record] = driver.outputTopic(output).readRecords()
    expect(record?.headers).toEqual([{ key: 'h', value: new Uint8Array(Buffer.from('x')) }])
  })
})

test.each(['always', 'manual'] as const)(
  'what an undone turn has asked for is neither called nor kept, with commit %s',
  async (commit) => {
    const service = new Service()
    const driver = drive(
      (builder) => {
        const parts = builder.stream(input).flatMapValues(({ value }) => value.split(''))
        parts.mapAsync(service.fn, { value: string() }).to(output)
        parts.foreach(({ value }) => {
          if (value === '!') throw new Error('not this one')
        })
      },
      { onError: 'skip', commit },
    )
    pipe(driver, 'a=12', 'a=34!', 'a=5')
    expect(service.open).toEqual(['1', '2', '5'])
    driver.commit()
    driver.crash()
    expect(service.calls.map(({ value }) => value)).toEqual(['1', '2', '5', '1', '2', '5'])
  },
)

describe('results come', () => {
  test('in the order of the records of a partition, whichever call is done first', async () => {
    const service = new Service()
    const driver = calling(service)
    pipe(driver, 'a=1', 'b=2', 'c=3')
    expect(service.open, 'the calls overlap').toEqual(['1', '2', '3'])
    await service.answer('3')
    await service.answer('2')
    driver.advanceWallClockTime(0)
    expect(read(driver)).toEqual([])
    await service.answer('1')
    driver.advanceWallClockTime(0)
    expect(read(driver)).toEqual(['a=1!@1', 'b=2!@1', 'c=3!@1'])
  })

  test('as they are done, where no order is asked for', async () => {
    const service = new Service()
    const driver = calling(service, { order: 'none' })
    pipe(driver, 'a=1', 'b=2', 'a=3')
    for (const value of ['3', '1', '2']) {
      await service.answer(value)
      driver.advanceWallClockTime(0)
    }
    expect(read(driver)).toEqual(['a=3!@1', 'a=1!@1', 'b=2!@1'])
  })

  test('in the order of each key, whose calls never overlap, retries included', async () => {
    const service = new Service()
    const driver = calling(service, { order: 'key', retries: 1 })
    pipe(driver, 'a=1', 'b=2', 'a=3', 'a=4')
    expect(service.open).toEqual(['1', '2'])
    await service.fail('1')
    expect(service.open, 'the next of the key waits for the retry').toEqual(['2'])
    driver.advanceWallClockTime(1_000)
    expect(service.open).toEqual(['2', '1'])
    await service.answer('1')
    driver.advanceWallClockTime(0)
    expect(service.open).toEqual(['2', '3'])
    for (const value of ['3', '4', '2']) {
      await service.answer(value)
      driver.advanceWallClockTime(0)
    }
    expect(read(driver)).toEqual(['a=1!@1', 'a=3!@1', 'a=4!@1', 'b=2!@1'])
  })

  test('of records without a key one after the other, where the order is that of keys', async () => {
    const service = new Service()
    const nulls = topic('nulls', { key: nullable(string()), value: string() })
    const driver = drive((builder) => builder.stream(nulls).mapAsync(service.fn, { order: 'key' }))
    for (const [at, key] of [null, '', null].entries())
      driver.inputTopic(nulls).pipeInput({ key, value: `${at}`, timestamp: 1 })
    expect(service.open, 'an empty key is one').toEqual(['0', '1'])
    await service.answer('0')
    driver.advanceWallClockTime(0)
    expect(service.open).toEqual(['1', '2'])
  })
})

describe('when all slots are taken', () => {
  test('nothing more is read, of no partition', async () => {
    const service = new Service()
    const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
    const driver = drive((builder) => {
      builder.stream(wide).mapAsync(service.fn, { concurrency: 2 })
      builder.stream(input).to(output)
    })
    for (const key of ['a', 'b', 'c', 'd', 'e']) driver.inputTopic(wide).pipeInput({ key, value: key, timestamp: 1 })
    pipe(driver, 'x=y')
    expect(service.open).toHaveLength(2)
    expect([driver.metrics().lag, read(driver)]).toEqual([4, []])
    for (let left = 5; left > 0; left--) {
      await service.answer(service.open[0] ?? '')
      driver.advanceWallClockTime(0)
    }
    expect([driver.metrics().lag, read(driver)]).toEqual([0, ['x=y@1']])
    expect(service.most, 'never more than the slots').toBe(2)
  })

  test('a result that may not come yet keeps its slot', async () => {
    const service = new Service()
    const driver = calling(service, { concurrency: 2 })
    pipe(driver, 'a=1', 'a=2', 'a=3')
    await service.answer('2')
    driver.advanceWallClockTime(0)
    expect(service.open).toEqual(['1'])
    await service.answer('1')
    driver.advanceWallClockTime(0)
    expect(service.open).toEqual(['3'])
  })

  test('what one record has asked for beyond them waits', async () => {
    const service = new Service()
    const driver = drive((builder) =>
      builder
        .stream(input)
        .flatMapValues(({ value }) => value.split(''))
        .mapAsync(service.fn, { concurrency: 2, value: string(), order: 'none' })
        .to(output),
    )
    pipe(driver, 'a=vwxyz')
    for (let left = 5; left > 0; left--) {
      await service.answer(service.open.at(-1) ?? '')
      driver.advanceWallClockTime(0)
    }
    expect(service.most).toBe(2)
    expect(read(driver).toSorted()).toEqual(['a=v!@1', 'a=w!@1', 'a=x!@1', 'a=y!@1', 'a=z!@1'])
    expect(new Set(service.calls.map(({ id }) => id)).size, 'each has an id of its own').toBe(5)
  })
})

describe('after a crash', () => {
  test('what is pending is called again, with its id, and nothing else is', async () => {
    const service = new Service()
    const driver = calling(service)
    pipe(driver, 'a=1', 'b=2', 'c=3')
    await service.answer('1')
    driver.advanceWallClockTime(0)
    const signals = service.calls.map(({ signal }) => signal.aborted)
    const ids = service.calls.map(({ id }) => id)
    driver.crash()
    expect(signals).toEqual([false, false, false])
    expect(service.calls.map(({ value, id, attempt }) => [value, id, attempt]).slice(3)).toEqual([
      ['2', ids[1], 1],
      ['3', ids[2], 1],
    ])
    for (const value of ['2', '3']) await service.answer(value)
    await driver.settled()
    expect(read(driver)).toEqual(['a=1!@1', 'b=2!@1', 'c=3!@1'])
  })

  test('what was not committed is asked for again, with the same ids', async () => {
    const service = new Service()
    const driver = calling(service, { order: 'none' }, { commit: 'manual' })
    pipe(driver, 'a=1', 'b=2')
    await service.answer('1')
    driver.advanceWallClockTime(0)
    driver.crash()
    const [first, second, third, fourth] = service.calls.map(({ id }) => id)
    expect([third, fourth]).toEqual([first, second])
    expect(first).not.toBe(second)
    for (const value of ['1', '2']) await service.answer(value)
    await driver.settled()
    driver.commit()
    expect(read(driver)).toEqual(['a=1!@1', 'b=2!@1'])
  })

  test('a record is what it was: bytes, headers and time', async () => {
    const service = new Service()
    const driver = calling(service)
    driver.inputTopic(input).pipeInput({ key: 'k', value: 'v', timestamp: 9, headers: [{ key: 'h', value: 'x' }] })
    driver.crash()
    const [before, after] = service.calls
    expect(after?.record).toEqual({ ...before?.record })
    await service.answer('v')
    await driver.settled()
    expect(driver.outputTopic(output).readRecords()).toMatchObject([{ timestamp: 9, headers: [{ key: 'h' }] }])
  })
})

describe('a call that fails', () => {
  test('is made again, later each time, and then onError decides', async () => {
    const service = new Service()
    const driver = calling(service, { retries: 3 }, { onError: 'skip' })
    pipe(driver, 'a=1', 'b=2')
    const gaps: number[] = []
    for (let attempt = 1; attempt <= 3; attempt++) {
      await service.fail('1')
      let gapMs = 0
      for (; !service.open.includes('1'); gapMs++) driver.advanceWallClockTime(1)
      gaps.push(gapMs)
    }
    for (const [at, gapMs] of gaps.entries()) {
      expect(gapMs).toBeGreaterThanOrEqual(50 * 2 ** at)
      expect(gapMs).toBeLessThanOrEqual(100 * 2 ** at)
    }
    expect(service.calls.filter(({ value }) => value === '1').map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4])
    await service.fail('1')
    await service.answer('2')
    await driver.settled()
    expect(read(driver)).toEqual(['b=2!@1'])
    expect(driver.metrics().failed).toEqual({ 'input.mapAsync': { user_function_threw: 1 } })
  })

  test('stops the application, and is pending still', async () => {
    const service = new Service()
    const driver = calling(service)
    pipe(driver, 'a=1')
    await service.fail('1')
    expect(await rejectionOf(driver.settled())).toMatchObject({
      code: 'user_function_threw',
      operator: 'input.mapAsync',
      message: expect.stringContaining('no answer to 1'),
    })
    driver.crash()
    await service.answer('1')
    await driver.settled()
    expect(read(driver)).toEqual(['a=1!@1'])
  })

  test('sends its record to the dead letters, as it was', async () => {
    const service = new Service()
    const driver = calling(service, {}, { onError: 'deadLetter' })
    driver.inputTopic(input).pipeInput({ key: 'a', value: '1', timestamp: 5, headers: [{ key: 'h', value: 'x' }] })
    await service.fail('1')
    await driver.settled()
    const letters = topic('test-driver.dead-letters', { key: string(), value: string() })
    const [letter] = driver.outputTopic(letters).readRecords()
    expect(letter).toMatchObject({ key: 'a', value: '1', timestamp: 5 })
    const headers = letter?.headers.map(({ key, value }) => `${key}=${Buffer.from(value ?? '').toString()}`)
    expect(headers).toContain('h=x')
    expect(headers).toContain('millrace.kind=completion')
    expect(headers).toContain('millrace.operator=input.mapAsync')
    driver.crash()
    expect(service.open, 'it is not called again').toEqual([])
  })

  test('because it takes too long is aborted, and its late answer is ignored', async () => {
    const service = new Service()
    const driver = calling(service, { timeoutMs: 150, retries: 1 }, { onError: 'skip' })
    pipe(driver, 'a=1', 'b=2')
    await service.answer('2')
    driver.advanceWallClockTime(150)
    const [first] = service.calls
    expect(first?.signal.aborted).toBe(true)
    expect(first?.signal.reason).toMatchObject({ code: 'call_timed_out' })
    first?.resolve('too late')
    await turns(1)
    driver.advanceWallClockTime(100)
    expect(service.open).toContain('1')
    driver.advanceWallClockTime(150)
    await driver.settled()
    expect(read(driver)).toEqual(['b=2!@1'])
    expect(driver.metrics().failed).toEqual({ 'input.mapAsync': { call_timed_out: 1 } })
  })

  test('at once, or with nothing, fails too', async () => {
    const driver = drive(
      (builder) =>
        builder
          .stream(input)
          .mapAsync(({ value }): string => {
            if (value === 'throw') throw new Error('at once')
            return (value === 'nothing' ? undefined : value) as string
          })
          .to(output),
      { onError: 'skip' },
    )
    pipe(driver, 'a=throw', 'b=nothing', 'c=d')
    await driver.settled()
    expect(read(driver)).toEqual(['c=d@1'])
    expect(driver.metrics().failed).toEqual({ 'input.mapAsync': { user_function_threw: 1, bad_record: 1 } })
  })
})

describe('an error after the call', () => {
  test('undoes the turn of the result and repeats it, without another call', async () => {
    const service = new Service()
    let failures = 0
    const driver = drive(
      (builder) => {
        const results = builder.stream(input).mapAsync(service.fn)
        results.to(output)
        results.foreach(({ value }) => {
          if (value === '1!' && failures++ < 2) throw new Error('not yet')
        })
      },
      { onError: { retries: 2, then: 'fail' } },
    )
    pipe(driver, 'a=1')
    await service.answer('1')
    await driver.settled()
    expect([failures, service.calls.length, read(driver)]).toEqual([3, 1, ['a=1!@1']])
  })

  test('that stays is passed over with the record', async () => {
    const service = new Service()
    const counted = topic('counted', { key: string(), value: int64() })
    const driver = drive(
      (builder) => {
        const results = builder.stream(input).mapAsync(service.fn)
        results.to(output)
        results.mapValues(({ value }) => Number(value)).to(counted)
      },
      { onError: 'skip' },
    )
    pipe(driver, 'a=1', 'b=2')
    for (const value of ['1', '2']) await service.answer(value)
    await driver.settled()
    driver.crash()
    expect(service.open).toEqual([])
    expect(read(driver), 'both branches are undone').toEqual([])
    expect(driver.metrics().failed).toEqual({ 'to-2': { encode_failed: 2 } })
  })
})

describe('mapAsync', () => {
  test('follows mapAsync', async () => {
    const [first, second] = [new Service(), new Service()]
    const driver = drive((builder) =>
      builder.stream(input).mapAsync(first.fn).mapAsync(second.fn, { value: string(), name: 'second' }).to(output),
    )
    pipe(driver, 'a=1')
    await first.answer('1')
    driver.advanceWallClockTime(0)
    await second.answer('1!')
    await driver.settled()
    expect(read(driver)).toEqual(['a=1!!@1'])
  })

  test('keeps records of inputs with different numbers of partitions', async () => {
    const wide = topic('wide', { key: string(), value: string(), partitions: 3 })
    const driver = drive((builder) => {
      builder
        .stream([input, wide])
        .mapAsync(({ value }) => Promise.resolve(value))
        .to(output)
    })
    for (const key of ['a', 'b', 'c']) driver.inputTopic(wide).pipeInput({ key, value: key, timestamp: 1 })
    pipe(driver, 'd=d')
    await driver.settled()
    expect(read(driver).toSorted()).toEqual(['a=a@1', 'b=b@1', 'c=c@1', 'd=d@1'])
  })

  test('refuses options that are none, and records without serdes', () => {
    const stream = new StreamsBuilder().stream(input)
    const wrong = [
      { concurrency: 0 },
      { concurrency: 1.5 },
      { concurrency: 10_001 },
      { order: 'value' },
      { timeoutMs: 0 },
      { retries: -1 },
      { retries: 1_001 },
      { timeout: 5 },
    ]
    for (const options of wrong) {
      expect(errorOf(() => call(stream, 'mapAsync', () => 1, options))).toMatchObject({ code: 'bad_option' })
    }
    expect(errorOf(() => call(stream, 'mapAsync', 5))).toMatchObject({ code: 'bad_option' })
    const made = stream.map(({ key, value }) => ({ key, value }))
    expect(errorOf(() => call(made, 'mapAsync', () => 1, { key: string() }))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringContaining('mapAsync needs the serde of the value'),
    })
    const custom = { encode: (text: string) => Buffer.from(text), decode: (bytes: Uint8Array) => String(bytes) }
    const builder = new StreamsBuilder()
    call(builder.stream(input), 'mapAsync', () => 1, { value: custom })
    expect(errorOf(() => builder.build())).toMatchObject({ code: 'topology_invalid' })
  })
})
