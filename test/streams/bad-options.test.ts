// A mistake in a topology script is an error of the line that makes it, with a code, for a program without types too.
import { int64, JoinWindows, keyValueStore, StreamsBuilder, string, windowStore } from 'millrace'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { input } from '../support/topology.ts'
import { call } from '../support/untyped.ts'
import { bareVerbs, callVerb, receiverOf, titleOf, verbs } from '../support/verbs.ts'

const newStream = (): object => new StreamsBuilder().stream(input)
const fn = (): undefined => undefined

const table = (stream: object): object => receiverOf('table', stream)
const windowed = (stream: object): object => receiverOf('windowed', stream)

describe.each(verbs.map((verb) => [titleOf(verb), verb] as const))('%s', (_, verb) => {
  const callWith = (options: unknown): unknown =>
    callVerb(verb, newStream(), Object(options) === options ? { ...verb.needs, ...(options as object) } : options)
  const plain = verb.verb

  test('refuses an option that it does not know, and says which it takes: those of the list', () => {
    const { code, message } = errorOf(() => callWith({ nmae: 'x' }))
    expect({ code, message }).toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(new RegExp(`^${plain} has no option "nmae"; it takes .*name`)),
    })
    const said = /it takes (?<options>[^.?]*)/.exec(message)?.groups?.['options']?.split(', ')
    const listed = [...verb.takes, ...Object.keys(verb.needs ?? {})]
    expect(said?.toSorted(), `the row of ${titleOf(verb)} in test/support/verbs.ts`).toEqual(listed.toSorted())
  })

  test('refuses a name that is none', () => {
    for (const name of ['', 'two words', 'a/b', 'ä', '.', '..', 'x'.repeat(250), 5, null]) {
      expect(errorOf(() => callWith({ name }))).toMatchObject({ code: 'bad_option' })
    }
  })

  test('refuses options that are no object', () => {
    for (const options of [null, 'name', 5])
      expect(errorOf(() => callWith(options))).toMatchObject({ code: 'bad_option' })
  })

  test('takes a name', () => {
    expect(() => callWith({ name: 'a.b_c-1' })).not.toThrow()
  })
})

describe.each([
  'filter',
  'filterNot',
  'map',
  'mapValues',
  'flatMap',
  'flatMapValues',
  'selectKey',
  'peek',
  'foreach',
  'groupBy',
])('%s', (verb) => {
  test('refuses what is no function', () => {
    for (const wrong of [undefined, null, 'value', {}]) {
      expect(
        errorOf(() => call(newStream(), verb, wrong, { name: 'x', ...(verb === 'groupBy' ? { key: string() } : {}) })),
      ).toMatchObject({ code: 'bad_option', message: expect.stringContaining(verb) })
    }
  })
})

test('every verb is in the list that these tests go through', () => {
  const methodsOf = (object: object): string[] => {
    const above = Object.getPrototypeOf(object) as object
    return above === Object.prototype ? [] : [...Object.getOwnPropertyNames(above), ...methodsOf(above)]
  }
  const receivers = new Set(verbs.map(({ on }) => on))
  const found = [...receivers].flatMap((on) => methodsOf(receiverOf(on, newStream())).map((verb) => `${on}.${verb}`))
  const listed = new Set([...verbs.map(titleOf), ...bareVerbs])
  const missing = found.filter((name) => !listed.has(name) && !/\.(constructor|aggregateBy)$/.test(name))
  expect(missing, 'verbs without a row in test/support/verbs.ts').toEqual([])
})

describe('an aggregation', () => {
  test('and its table refuse what is no function', () => {
    const grouped = call(newStream(), 'groupByKey')
    const wrong: readonly (() => unknown)[] = [
      () => call(table(newStream()), 'filter'),
      () => call(table(newStream()), 'filterNot', 5),
      () => call(table(newStream()), 'mapValues', {}),
      () => call(grouped, 'reduce'),
      () => call(grouped, 'reduce', 'sum', {}),
      () => call(grouped, 'aggregate', { value: int64(), initializer: fn }),
      () => call(grouped, 'aggregate', { value: int64(), aggregator: fn }),
      () => call(grouped, 'aggregate', { value: int64(), initializer: 0, aggregator: fn }),
    ]
    for (const attempt of wrong) expect(errorOf(attempt)).toMatchObject({ code: 'bad_option' })
  })

  test('refuses a store of the other kind, of other keys, and what is no store', () => {
    const totals = keyValueStore('totals', { key: string(), value: int64() })
    const windows = windowStore('windows', { key: string(), value: int64() })
    const byNumber = keyValueStore('by-number', { key: int64(), value: int64() })
    const count = (store: unknown): unknown => call(call(newStream(), 'groupByKey'), 'count', { store })
    expect(errorOf(() => count(windows))).toMatchObject({
      code: 'topology_invalid',
      message: '"windows" is a windowStore, but input.count needs a keyValueStore',
    })
    expect(errorOf(() => call(windowed(newStream()), 'count', { store: totals }))).toMatchObject({
      code: 'topology_invalid',
      message: '"totals" is a keyValueStore, but input.count needs a windowStore',
    })
    expect(errorOf(() => count(byNumber))).toMatchObject({
      code: 'topology_invalid',
      store: 'by-number',
      operator: 'input.count',
      message: expect.stringContaining('are int64, but those of input.count are string'),
    })
    for (const store of [null, 'totals', input, {}]) {
      expect(errorOf(() => count(store))).toMatchObject({
        code: expect.stringMatching(/^(bad_option|topology_invalid)$/),
      })
    }
  })

  test('refuses a store whose values it does not make', () => {
    const texts = keyValueStore('texts', { key: string(), value: string() })
    expect(errorOf(() => call(call(newStream(), 'groupByKey'), 'count', { store: texts }))).toMatchObject({
      code: 'topology_invalid',
      store: 'texts',
    })
  })
})

describe('other arguments', () => {
  test('that are no serdes are refused', () => {
    for (const serde of ['string', {}, { encode: fn }]) {
      for (const attempt of [
        () => call(newStream(), 'groupBy', fn, { key: serde }),
        () => call(newStream(), 'repartition', { key: serde }),
        () => call(newStream(), 'groupByKey', { value: serde }),
        () => call(call(newStream(), 'groupByKey'), 'aggregate', { initializer: fn, aggregator: fn, value: serde }),
      ]) {
        expect(errorOf(attempt)).toMatchObject({ code: 'bad_option' })
      }
    }
  })

  test('that are no topics, streams or windows are refused', () => {
    const builder = new StreamsBuilder()
    for (const wrong of [undefined, null, 'clicks', 5, {}]) {
      for (const attempt of [
        () => call(builder, 'stream', wrong),
        () => call(builder, 'stream', [wrong]),
        () => call(newStream(), 'to', wrong),
        () => call(newStream(), 'merge', wrong),
        () => call(call(newStream(), 'groupByKey'), 'windowedBy', wrong),
      ]) {
        expect(errorOf(attempt)).toMatchObject({ code: 'bad_option' })
      }
    }
  })

  test('that stand where Kafka Streams takes them are told what this takes', () => {
    const stream = newStream()
    const bare = errorOf(() => call(stream, 'join', stream, fn, JoinWindows.of({ difference: 5 })))
    expect(bare.message).toContain('takes a window such as { window: JoinWindows.of(')
    const functions = errorOf(() => call(call(newStream(), 'groupByKey'), 'aggregate', fn, fn))
    expect(functions.message).toMatch(/takes its options as an object, not .*; it takes .*initializer, aggregator/)
  })

  test('of pipe that are no operators are refused', () => {
    for (const wrong of [[], [undefined], ['map'], [fn, {}]]) {
      expect(errorOf(() => call(newStream(), 'pipe', ...wrong))).toMatchObject({ code: 'bad_option' })
    }
  })

  test('that count partitions are whole and in bounds', () => {
    for (const partitions of [0, -1, 1.5, 1_025, '4', Number.NaN]) {
      expect(errorOf(() => call(newStream(), 'repartition', { partitions }))).toMatchObject({
        code: 'bad_option',
        message: expect.stringContaining('the number of partitions'),
      })
    }
  })
})
