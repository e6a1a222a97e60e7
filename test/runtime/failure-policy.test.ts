// What onError says happens to a record that fails, whichever verb it fails in.
import {
  bytes,
  type FailureAnswer,
  int64,
  keyValueStore,
  MillraceError,
  type OnError,
  type Serde,
  string,
  topic,
  type Topic,
} from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import type { Failure } from '../../src/runtime/failures.ts'
import { errorOf } from '../support/thrown.ts'
import { type Check, throwingVerbs } from '../support/throwing.ts'
import { drive, output, type Script, topologyOf } from '../support/topology.ts'

const texts: Topic<string, string> = topic('texts', { key: string(), value: string() })
const deadLetters = topic('test-driver.dead-letters', { key: string(), value: string() })

const refuseBad: Check = (value) => {
  if (value === 'bad') throw new Error('not this one')
}

/** Throws for a value the first `times` times that it sees it. */
function refuseAtFirst(times: number): Check {
  const seen = new Map<string, number>()
  return (value) => {
    const count = (seen.get(value) ?? 0) + 1
    seen.set(value, count)
    if (value === 'bad' && count <= times) throw new Error(`not at attempt ${count}`)
  }
}

describe.each(Object.entries(throwingVerbs))('%s', (_verb, { operator, put }) => {
  const drivenBy = (onError: OnError, check: Check = refuseBad): TopologyTestDriver =>
    drive((builder) => put(builder.stream(texts), check).to(output), { onError })
  const pipe = (driver: TopologyTestDriver, ...values: readonly string[]): void => {
    for (const value of values) driver.inputTopic(texts).pipeInput({ key: 'a', value, timestamp: 1 })
  }
  const valuesOf = (driver: TopologyTestDriver): string[] =>
    driver
      .outputTopic(output)
      .readRecords()
      .map(({ value }) => value)
  const code = /store|sink/.test(_verb) ? 'encode_failed' : 'user_function_threw'

  test('under fail stops, with the place and the cause', () => {
    const driver = drivenBy('fail')
    pipe(driver, 'x')
    const error = errorOf(() => pipe(driver, 'bad'))
    expect(error).toMatchObject({ code, operator, topic: 'texts', partition: 0, offset: 1 })
    expect(error.message).toContain('texts[0] offset 1: ')
    expect(error.message).toContain('not this one')
    expect(error.cause).toMatchObject({ message: expect.stringContaining('not this one') })
    expect(valuesOf(driver)).toEqual(['x'])
    expect(errorOf(() => pipe(driver, 'y'))).toBe(error)
  })

  test('under skip passes over the record and counts it', () => {
    const driver = drivenBy('skip')
    pipe(driver, 'x', 'bad', 'y')
    expect(valuesOf(driver)).toEqual(['x', 'y'])
    expect(driver.metrics()).toMatchObject({ failed: { [operator]: { [code]: 1 } }, consumed: { texts: 3 } })
  })

  test('under deadLetter writes the record aside', () => {
    const driver = drivenBy('deadLetter')
    pipe(driver, 'x', 'bad', 'y')
    expect(valuesOf(driver)).toEqual(['x', 'y'])
    expect(driver.outputTopic(deadLetters).readRecords()).toMatchObject([{ key: 'a', value: 'bad', timestamp: 1 }])
    expect(driver.metrics()).toMatchObject({ failed: { [operator]: { [code]: 1 } } })
  })

  test('under retries is tried again, and nothing of the first attempt is left', () => {
    const driver = drivenBy({ retries: 1, then: 'fail' }, refuseAtFirst(1))
    pipe(driver, 'x', 'bad', 'y')
    expect(valuesOf(driver)).toEqual(['x', 'bad', 'y'])
    expect(driver.metrics().failed).toEqual({})
  })

  test('under retries that do not help does what comes then', () => {
    const driver = drivenBy({ retries: 2, then: 'skip' }, refuseAtFirst(3))
    pipe(driver, 'x', 'bad', 'y', 'bad')
    expect(valuesOf(driver)).toEqual(['x', 'y', 'bad'])
    expect(driver.metrics().failed).toEqual({ [operator]: { [code]: 1 } })
  })

  test('asks a function what to do', () => {
    const failures: Failure[] = []
    const answers: FailureAnswer[] = ['skip', 'deadLetter', 'fail']
    const driver = drivenBy((failure) => {
      failures.push(failure)
      return answers[failures.length - 1] ?? 'fail'
    })
    pipe(driver, 'x', 'bad', 'bad', 'y')
    expect(errorOf(() => pipe(driver, 'bad'))).toMatchObject({ code, offset: 4 })
    expect(failures.map(({ topic: name, partition, offset, operator: at }) => [name, partition, offset, at])).toEqual([
      ['texts', 0, 1, operator],
      ['texts', 0, 2, operator],
      ['texts', 0, 4, operator],
    ])
    for (const { error } of failures) expect(error).toBeInstanceOf(MillraceError)
    expect(driver.outputTopic(deadLetters).readRecords()).toHaveLength(1)
    expect(valuesOf(driver)).toEqual(['x', 'y'])
  })
})

describe('onError', () => {
  test('is checked when the application starts', () => {
    const wrong: readonly unknown[] = [
      'ignore',
      '',
      {},
      { retries: 1 },
      { retries: -1, then: 'skip' },
      { retries: 1.5, then: 'skip' },
      { retries: 1_001, then: 'skip' },
      { retries: 1, then: 'retry' },
      { retires: 1, then: 'skip' },
      5,
      true,
    ]
    const topology = topologyOf((builder) => builder.stream(texts).to(output))
    for (const onError of wrong) {
      expect(errorOf(() => new TopologyTestDriver(topology, { onError: onError as OnError }))).toMatchObject({
        code: 'bad_option',
      })
    }
  })

  const answering = (answer: unknown): (() => void) => {
    const driver = drive((builder) => builder.stream(texts).foreach(({ value }) => refuseBad(value)), {
      onError: () => answer as FailureAnswer,
    })
    return () => driver.inputTopic(texts).pipeInput({ key: 'a', value: 'bad', timestamp: 1 })
  }

  const circular: { self?: unknown } = {}
  circular.self = circular
  test.each<readonly [string, unknown, string]>([
    ['a name that is no answer', 'ignore', 'onError returned "ignore"; it must return one of "fail", "skip", '],
    ['nothing', undefined, 'onError returned undefined;'],
    ['what has no JSON form', 5n, 'onError returned 5n;'],
    ['what refers to itself', circular, 'onError returned <ref'],
    ['the options of retries', { retries: 1, then: 'skip' }, "onError returned { retries: 1, then: 'skip' };"],
    [
      'a promise',
      Promise.resolve('skip'),
      'onError returned a promise, but it must be synchronous; it must return one of "fail", ',
    ],
    ['a promise of its own kind', { then: () => undefined }, 'onError returned a promise, but it must be synchronous;'],
  ])(
    'that answers %s stops the application, and the failure that it was asked about is told too',
    (_, answer, words) => {
      const pipe = answering(answer)
      const error = errorOf(pipe)
      expect(error).toMatchObject({
        code: 'bad_option',
        operator: 'foreach-1',
        topic: 'texts',
        partition: 0,
        offset: 0,
      })
      expect(error.message).toContain(words)
      expect(error.message).toContain('not this one')
      expect(error.cause).toMatchObject({ code: 'user_function_threw' })
      expect(errorOf(pipe)).toBe(error)
    },
  )

  test('that throws stops the application with what it threw', () => {
    const thrown = new Error('from the handler')
    let calls = 0
    const driver = drive((builder) => builder.stream(texts).foreach(({ value }) => refuseBad(value)), {
      onError: () => {
        calls++
        throw thrown
      },
    })
    const pipe = (): void => driver.inputTopic(texts).pipeInput({ key: 'a', value: 'bad', timestamp: 1 })
    expect(pipe).toThrow(thrown)
    expect(pipe).toThrow(thrown)
    expect(calls).toBe(1)
  })
})

describe('the error that a handler sees', () => {
  const seenBy = (script: Script, value: Uint8Array, key = 'a'): MillraceError | undefined => {
    const seen: MillraceError[] = []
    const onError: OnError = ({ error }) => {
      seen.push(error)
      return 'skip'
    }
    const raw = topic(texts.name, { key: string(), value: bytes() })
    drive(script, { onError }).inputTopic(raw).pipeInput({ key, value, timestamp: 1 })
    return seen[0]
  }

  test('has what the serde threw as its cause, on the way in and on the way out', () => {
    const refused = new RangeError('not these bytes')
    const refuse = (): never => {
      throw refused
    }
    const broken: Serde<string> = { name: 'broken', encode: refuse, decode: refuse }
    const unreadable = topic(texts.name, { key: string(), value: broken })
    const unwritable = topic('unwritable', { key: string(), value: broken })
    const read = seenBy((builder) => builder.stream(unreadable).peek(({ value }) => value), Buffer.from('x'))
    expect(read).toMatchObject({ code: 'undecodable', operator: 'peek-1', topic: 'texts', offset: 0, cause: refused })
    const written = seenBy(
      (builder) =>
        builder
          .stream(texts)
          .mapValues(() => 'x')
          .to(unwritable),
      Buffer.from('x'),
    )
    expect(written).toMatchObject({
      code: 'encode_failed',
      operator: 'to-1',
      topic: 'texts',
      offset: 0,
      cause: refused,
    })
  })

  test('names the store that a key is too long for', () => {
    const store = keyValueStore('short', { key: string(), value: int64() })
    const count: Script = (builder) => builder.stream(texts).groupByKey().count({ store })
    const error = seenBy(count, Buffer.from('x'), 'k'.repeat(5_000))
    expect(error).toMatchObject({ code: 'key_too_long', store: 'short', operator: 'texts.count' })
  })
})

test('a function that throws what throws when it is looked at fails its record, and onError is asked', () => {
  const thrown = revoked()
  const failures: Failure[] = []
  const driver = drive(
    (builder) =>
      builder
        .stream(texts)
        .mapValues(({ value }) => {
          // oxlint-disable-next-line typescript/only-throw-error -- a program without types throws anything
          if (value === 'bad') throw thrown
          return value
        })
        .to(output),
    {
      onError: (failure) => {
        failures.push(failure)
        return 'skip'
      },
    },
  )
  driver.inputTopic(texts).pipeInput({ key: 'a', value: 'bad', timestamp: 0 })
  driver.inputTopic(texts).pipeInput({ key: 'a', value: 'good', timestamp: 0 })
  expect(failures.map(({ error, operator }) => [error.code, operator])).toEqual([
    ['user_function_threw', 'mapValues-1'],
  ])
  expect(driver.outputTopic(output).readRecords()).toMatchObject([{ value: 'good' }])
})

test.each([
  ['an item that is a proxy without a target', () => [revoked()]],
  ['an item whose getters throw', () => [throwing()]],
  ['a list whose length throws', () => new Proxy([], { get: () => throwing().then })],
])('a flatMap that returns %s fails its record, and the application goes on', (_, answer) => {
  const driver = drive(
    (builder) =>
      builder
        .stream(texts)
        .flatMap((record) => (record.value === 'bad' ? (answer() as { key: string; value: string }[]) : [record]))
        .to(output),
    { onError: 'skip' },
  )
  driver.inputTopic(texts).pipeInput({ key: 'a', value: 'bad', timestamp: 0 })
  driver.inputTopic(texts).pipeInput({ key: 'a', value: 'good', timestamp: 0 })
  expect(driver.outputTopic(output).readRecords()).toMatchObject([{ value: 'good' }])
})

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

function throwing(): { readonly then: unknown } {
  return {
    get then(): unknown {
      throw new Error('looked at')
    },
  }
}
