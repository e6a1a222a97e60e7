// The functions of verbs are synchronous: a promise in place of an answer fails its record, and its rejection harms nobody.
import { type Failure, json, keyValueStore, type Serde, string, topic, type Topic } from 'millrace'
import { describe, expect, onTestFinished, test } from 'vitest'
import { turns } from '../support/applications.ts'
import { errorOf } from '../support/thrown.ts'
import { drive, input, output as passed } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const anything: Topic<string, unknown> = topic('anything', { key: string(), value: json<unknown>() })
const stored = keyValueStore('stored', { key: string(), value: json() })

/** Puts a verb in with a function of the test's, which the types might refuse. */
type Put = (stream: object, fn: () => unknown) => unknown

const verb =
  (name: string): Put =>
  (stream, fn) => {
    const made = call(stream, name, fn) as object | undefined
    if (made !== undefined) call(made, 'to', anything)
  }

const grouped = (stream: object): object => call(stream, 'groupByKey')
const rows = (stream: object): object => call(grouped(stream), 'count')

/** By operator: the verb, and what the message calls its function. */
const verbs: Readonly<Record<string, { readonly put: Put; readonly what?: string }>> = {
  'filter-1': { put: verb('filter') },
  'filterNot-1': { put: verb('filterNot') },
  'map-1': { put: verb('map') },
  'mapValues-1': { put: verb('mapValues') },
  'flatMap-1': { put: verb('flatMap') },
  'flatMapValues-1': { put: verb('flatMapValues') },
  'selectKey-1': { put: verb('selectKey') },
  'peek-1': { put: verb('peek') },
  'foreach-1': { put: verb('foreach') },
  'input.groupBy': {
    put: (stream, fn) => call(call(stream, 'groupBy', fn, { key: string(), name: 'grouping' }), 'count'),
    what: 'in selectKey-1: the function of groupBy returned a promise',
  },
  'input.reduce': { put: (stream, fn) => call(grouped(stream), 'reduce', fn, { store: stored, value: json() }) },
  'input.aggregate': {
    put: (stream, fn) =>
      call(grouped(stream), 'aggregate', { initializer: () => 0, aggregator: fn, value: json(), store: stored }),
    what: 'in input.aggregate: the aggregator of aggregate returned a promise',
  },
  initializer: {
    put: (stream, fn) =>
      call(grouped(stream), 'aggregate', { initializer: fn, aggregator: () => 0, value: json(), store: stored }),
    what: 'in input.aggregate: the initializer of aggregate returned a promise',
  },
  'rows.filter': {
    put: (stream, fn) => call(call(rows(stream), 'filter', fn, { name: 'rows.filter' }), 'toStream'),
  },
  'rows.filterNot': { put: (stream, fn) => call(rows(stream), 'filterNot', fn, { name: 'rows.filterNot' }) },
  'rows.mapValues': { put: (stream, fn) => call(rows(stream), 'mapValues', fn, { name: 'rows.mapValues' }) },
}

/** What a function may return in place of an answer. */
const answers: readonly (() => unknown)[] = [
  () => Promise.resolve(true),
  () => Promise.reject(new Error('db down')),
  async () => {
    await turns(1)
    throw new Error('db down')
  },
  () => ({ then: () => undefined }),
  () => Object.assign(() => undefined, { then: () => undefined }),
]

/** Rejections that nobody took while the test ran; the first of them would end a program. */
function unhandled(): unknown[] {
  const reasons: unknown[] = []
  const listen = (reason: unknown): void => void reasons.push(reason)
  process.on('unhandledRejection', listen)
  onTestFinished(() => void process.off('unhandledRejection', listen))
  return reasons
}

/** Works on records until the function was called for each answer, a fold not for its first; what failed, and how many records came through whole. */
function play(put: Put, ...given: readonly (() => unknown)[]): { failures: Failure[]; passed: number; sent: number } {
  const failures: Failure[] = []
  let calls = 0
  const driver = drive(
    (builder) => {
      builder.stream(input).to(passed)
      put(builder.stream(input), () => given[calls++]?.())
    },
    { onError: (failure) => (failures.push(failure), 'skip') },
  )
  let sent = 0
  for (; calls < given.length && sent <= given.length; sent++) {
    driver.inputTopic(input).pipeInput({ key: 'a', value: `${sent}`, timestamp: 1 })
  }
  return { failures, passed: driver.outputTopic(passed).readRecords().length, sent }
}

test.each(Object.entries(verbs))('%s refuses a promise, and says what to do instead', async (id, { put, what }) => {
  const reasons = unhandled()
  const { failures, passed, sent } = play(put, ...answers)
  expect(failures).toHaveLength(answers.length)
  expect(passed).toBe(sent - answers.length)
  const named = what ?? `in ${id}: the function of ${id.replaceAll(/^.*\.|-1$/g, '')} returned a promise`
  for (const { error } of failures) {
    expect(error).toMatchObject({ code: 'bad_record', message: expect.stringContaining(named) })
    expect(error.message).toContain('the functions of verbs must be synchronous')
    expect(error.message).toContain('Use mapAsync')
  }
  await turns(3)
  expect(reasons).toEqual([])
})

describe('a promise inside of an answer', () => {
  const later = (): Promise<never> => Promise.reject(new Error('db down'))
  test.each<readonly [string, string, () => unknown]>([
    ['the key of map', 'map', () => ({ key: later(), value: 'x' })],
    ['the value of map', 'map', () => ({ key: 'a', value: later() })],
    ['every field of map', 'map', () => ({ key: later(), value: later(), timestamp: later(), headers: later() })],
    ['the timestamp of map', 'map', () => ({ key: 'a', value: 'x', timestamp: later() })],
    ['the headers of map', 'map', () => ({ key: 'a', value: 'x', headers: later() })],
    ['the elements of flatMapValues', 'flatMapValues', () => [later(), later(), later()]],
    ['the elements of a set', 'flatMapValues', () => new Set([later(), later()])],
    ['the elements of flatMap', 'flatMap', () => [later(), later()]],
    ['a value in flatMap', 'flatMap', () => [{ key: 'a', value: 'x' }, { key: 'a', value: later() }, later()]],
  ])('is refused: %s', async (_, name, answer) => {
    const reasons = unhandled()
    const [failure] = play(verb(name), answer).failures
    expect(failure?.error).toMatchObject({ code: 'bad_record', operator: `${name}-1` })
    expect(failure?.error.message).toMatch(new RegExp(`the function of ${name}(, in its list,)? returned a promise`))
    await turns(3)
    expect(reasons).toEqual([])
  })
})

describe('what can be asked for one by one', () => {
  const generator = function* (): Iterable<unknown> {
    yield { key: 'a', value: 'x' }
  }
  const asyncGenerator = async function* (): AsyncIterable<unknown> {
    yield { key: 'a', value: 'x' }
  }
  test.each<readonly [string, string, () => unknown]>([
    ['flatMap', 'an asynchronous generator', asyncGenerator],
    ['flatMapValues', 'an asynchronous generator', asyncGenerator],
    ['filter', 'an asynchronous generator', asyncGenerator],
    ['filter', 'a generator', generator],
    ['peek', 'a generator, of which nothing would run', generator],
    ['foreach', 'an asynchronous generator, of which nothing would run', asyncGenerator],
  ])('is refused where %s returns %s', (name, _, fn) => {
    const [failure] = play(verb(name), fn).failures
    expect(failure?.error).toMatchObject({ code: 'bad_record', operator: `${name}-1` })
  })
})

test('data that has a field "then" is data', () => {
  const data = { when: 'x', then: 'y' }
  const driver = drive((builder) => {
    builder
      .stream(input)
      .mapValues(() => data)
      .to(anything)
    builder
      .stream(input)
      .flatMapValues(() => [data])
      .map(() => ({ key: 'a', value: data, then: 5 }))
      .peek(() => data)
      .filter((): boolean => call({ pass: () => data }, 'pass') === data)
      .to(anything)
    builder
      .stream(input)
      .groupByKey()
      .aggregate({ initializer: () => data, aggregator: () => data, value: json<typeof data>() })
      .toStream()
      .to(anything)
  })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  const values = driver.outputTopic(anything).readRecords()
  expect(values.map(({ value }) => value)).toEqual([data, data, data])
})

test('a promise that only looks like one is not set going', () => {
  let calls = 0
  const lazy = { then: () => void calls++ }
  expect(play(verb('mapValues'), () => lazy).failures).toHaveLength(1)
  expect(calls).toBe(0)
})

describe('a serde whose functions are async', () => {
  const sync: Serde<string> = {
    name: 'sync',
    encode: (text) => Buffer.from(text),
    decode: (from) => Buffer.from(from).toString(),
  }
  const failing = (): never => Promise.reject(new Error('db down')) as never

  test('fails the record that it is to encode', async () => {
    const sink = topic('sink', { key: string(), value: { ...sync, encode: failing } })
    const error = errorOf(() =>
      drive((builder) =>
        builder
          .stream(input)
          .mapValues(({ value }) => value)
          .to(sink),
      )
        .inputTopic(input)
        .pipeInput({ key: 'a', value: 'x', timestamp: 1 }),
    )
    expect(error).toMatchObject({ code: 'encode_failed', operator: 'to-1' })
    expect(error.message).toContain('a serde must be synchronous')
    await turns(2) // a rejection that nobody takes fails the run
  })

  test('fails the record that it is to decode', async () => {
    const source = topic('source', { key: string(), value: { ...sync, decode: failing } })
    const error = errorOf(() =>
      drive((builder) =>
        builder
          .stream(source)
          .filter(({ value }) => value === 'x')
          .to(passed),
      )
        .inputTopic(topic('source', { key: string(), value: string() }))
        .pipeInput({ key: 'a', value: 'x', timestamp: 1 }),
    )
    expect(error).toMatchObject({ code: 'undecodable', operator: 'filter-1' })
    expect(error.message).toContain('a serde must be synchronous')
    await turns(2) // the same
  })
})
