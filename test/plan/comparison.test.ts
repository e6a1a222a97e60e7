// An application goes on with what an older topology left only where the new one fits it.
import {
  int64,
  json,
  keyValueStore,
  type KStream,
  minutes,
  msgpack,
  seconds,
  type Serde,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowStore,
} from 'millrace'
import { describe, expect, test } from 'vitest'
import { parsePlan, type StoredPlan } from '../../src/core/stored-plan.ts'
import { comparePlans } from '../../src/plan/comparison.ts'
import type { PlanNode } from '../../src/plan/node.ts'
import { storedPlan } from '../../src/plan/plan-to-store.ts'
import { errorOf } from '../support/thrown.ts'
import { input, output, type Script, topologyOf } from '../support/topology.ts'

/** A plan as it comes back from the log. */
function planOf(topology: Topology, partitions: (node: PlanNode) => number = () => 1): StoredPlan {
  return JSON.parse(JSON.stringify(storedPlan(topology, partitions))) as StoredPlan
}

const compare = (before: Script, after: Script): 'same' | 'extended' =>
  comparePlans('app', planOf(topologyOf(before)), planOf(topologyOf(after))).added.size === 0 ? 'same' : 'extended'

const words: Script = (builder) =>
  builder
    .stream(input)
    .groupBy(({ value }) => value, { key: string() })
    .count()

describe('a topology is the same', () => {
  test('when nothing changed', () => expect(compare(words, words)).toBe('same'))

  test('when only function bodies and stateless operators changed', () => {
    const after: Script = (builder) => {
      const stream = builder.stream(input).filter(({ key }) => key !== '')
      stream.to(output)
      stream.groupBy(({ value }) => value.toUpperCase(), { key: string() }).count()
    }
    expect(compare(words, after)).toBe('same')
    expect(compare(after, words)).toBe('same')
  })

  test('when only the order of the topics of a source changed', () => {
    const other = topic('other', { key: string(), value: string() })
    const reading = (topics: readonly (typeof other)[]): Script => {
      return (builder) => builder.stream(topics, { name: 'both' }).groupByKey().count()
    }
    expect(compare(reading([input, other]), reading([other, input]))).toBe('same')
  })

  test('when only the grace of a window changed', () => {
    expect(compare(windows({ size: 1_000, grace: minutes(1) }), windows({ size: 1_000 }))).toBe('same')
  })

  test('when only the retention of a window changed', () => {
    const counts = (retentionMs: number): Script => {
      const windows = TimeWindows.of({ size: seconds(1) })
      return (builder) => builder.stream(input).groupByKey().windowedBy(windows).count({ retentionMs })
    }
    expect(compare(counts(seconds(5)), counts(seconds(9)))).toBe('same')
  })
})

test('any legal name is compared, also one that JavaScript objects have', () => {
  const counting = (names: readonly string[], value: Serde<string> = string()): Script => {
    return (builder) => {
      for (const name of names)
        builder
          .stream(topic(name, { key: string(), value }))
          .groupByKey()
          .count()
    }
  }
  for (const name of ['__proto__', 'constructor', 'toString']) {
    expect(() => compare(counting([name]), counting([name], msgpack<string>()))).toThrow(
      `values of ${name} was string, is msgpack`,
    )
    expect(compare(counting(['other']), counting(['other', name]))).toBe('extended')
    expect(() => compare(counting([name, 'other']), counting(['other']))).toThrow(`"${name}" (stream) is gone`)
  }
})

describe('a topology is extended', () => {
  test('by a store on a source that had none', () => {
    const copying: Script = (builder) => builder.stream(input).to(output)
    const counting: Script = (builder) => {
      copying(builder)
      builder.stream(input).groupByKey().count()
    }
    expect(compare(copying, counting)).toBe('extended')
  })

  test('by a source, by a regrouping, by a store', () => {
    const other = topic('other', { key: string(), value: string() })
    const more: readonly Script[] = [
      (builder) => builder.stream(other),
      (builder) => builder.stream(input).repartition(),
      (builder) => builder.stream(input).groupByKey().count(),
    ]
    for (const script of more) {
      const after: Script = (builder) => {
        words(builder)
        script(builder)
      }
      expect(compare(words, after)).toBe('extended')
    }
  })
})

const windows = (options: { readonly size: number; readonly advance?: number; readonly grace?: number }): Script => {
  return (builder) => builder.stream(input).groupByKey().windowedBy(TimeWindows.of(options)).count({ name: 'counts' })
}
const folded = (script: 'json' | 'msgpack'): Script => {
  const value = script === 'json' ? json<number>() : msgpack<number>()
  return (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .aggregate({ name: 'sum', initializer: () => 0, aggregator: () => 1, value })
}
const stored = (name: string): Script => {
  const store = keyValueStore(name, { key: string(), value: int64() })
  return (builder) => builder.stream(input).groupByKey().count({ store })
}
const regrouped = (key: 'json' | 'string'): Script => {
  const serde = key === 'json' ? json<string>() : string()
  return (builder) =>
    builder
      .stream(input)
      .selectKey(({ value }) => value)
      .repartition({ name: 'by-value', key: serde })
}
const values = (value: 'json' | 'string'): Script => {
  const other = topic('input', { key: string(), value: value === 'json' ? json<string>() : string() })
  return (builder) => builder.stream(other)
}

/** What changed, the topologies before and after, and what the refusal says of it. */
const refusals: readonly (readonly [string, Script, Script, string])[] = [
  [
    'a store is gone',
    words,
    (builder) => builder.stream(input).groupBy(({ value }) => value, { key: string() }),
    '"input.groupBy.count" (count) is gone',
  ],
  [
    'a regrouping is gone',
    words,
    (builder) => builder.stream(input).groupByKey().count(),
    '"input.groupBy" (groupBy) is gone',
  ],
  ['a source is gone', words, (builder) => builder.stream(output).groupByKey().count(), '"input" (stream) is gone'],
  [
    'another verb stands there',
    (builder) => builder.stream(input).groupByKey().count({ name: 'x' }),
    (builder) =>
      builder
        .stream(input)
        .groupByKey()
        .reduce((left) => left, { name: 'x' }),
    '"x": verb was count, is reduce',
  ],
  ['the serde of a store changed', folded('json'), folded('msgpack'), 'store "sum": value was json, is msgpack'],
  ['the serde of a regrouping changed', regrouped('string'), regrouped('json'), '"by-value": key was string, is json'],
  ['the serde of a source changed', values('string'), values('json'), '"input": values of input was string, is json'],
  ['a store was renamed', stored('one'), stored('two'), 'store "one" of "input.count" is gone'],
  [
    'the size of a window changed',
    windows({ size: 1_000 }),
    windows({ size: 2_000, advance: 1_000 }),
    'store "counts": window size was 1000, is 2000',
  ],
  [
    'the advance of a window changed',
    windows({ size: 1_000 }),
    windows({ size: 1_000, advance: 500 }),
    'store "counts": window advance was 1000, is 500',
  ],
  [
    'windows were taken away',
    windows({ size: 1_000 }),
    (builder) => builder.stream(input).groupByKey().count({ name: 'counts' }),
    'store "counts": window size was 1000, is not there',
  ],
  [
    'windows were put in',
    (builder) => builder.stream(input).groupByKey().count({ name: 'counts' }),
    windows({ size: 1_000 }),
    'store "counts": window size is 1000, was not there',
  ],
]

describe('the way by which the keys of a named store come to their partitions', () => {
  const other = topic('other', { key: string(), value: string() })
  const counted = (stream: KStream<string, string>): unknown => stream.groupByKey().count({ name: 'c' })
  const direct: Script = (builder) => counted(builder.stream(input))
  const regrouped: Script = (builder) => counted(builder.stream(input).repartition({ name: 'rp' }))
  const renamed: Script = (builder) => counted(builder.stream(input).repartition({ name: 'again' }))
  /** Both regroupings are there, and the store goes by another one than before. */
  const crossed: Script = (builder) => {
    renamed(builder)
    builder.stream(input).repartition({ name: 'rp' })
  }
  const both: Script = (builder) => {
    counted(builder.stream(input))
    builder.stream(other).foreach(() => undefined)
  }
  const moved: Script = (builder) => {
    counted(builder.stream(other))
    builder.stream(input).foreach(() => undefined)
  }
  const behind: Script = (builder) =>
    counted(
      builder
        .stream(input)
        .groupByKey()
        .reduce((left) => left, { name: 'r' })
        .toStream()
        .mapValues(({ value }) => value ?? '')
        .filter(() => true)
        .repartition({ name: 'rp', value: string() }),
    )

  test.each([
    ['a regrouping is put in', direct, regrouped, '"input", and come by "rp"'],
    ['another regrouping stands there', regrouped, crossed, '"rp", and come by "again"'],
    ['another source stands there', both, moved, '"input", and come by "other"'],
    ['a regrouping and another store are put in', direct, behind, '"input", and come by "rp"'],
  ])('is refused to change: %s', (_what, before, after, message) => {
    expect(errorOf(() => compare(before, after))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining(`store "c": its keys came to their partitions by ${message}`),
    })
  })

  test('is refused to go, with what it led through', () => {
    expect(() => compare(regrouped, direct)).toThrow('"rp" (repartition) is gone')
  })

  test('is the same whatever keeps nothing on it, and may get company', () => {
    const filtered: Script = (builder) => counted(builder.stream(input).filter(() => true))
    const merged: Script = (builder) => counted(builder.stream(input).merge(builder.stream(other)))
    expect(compare(direct, filtered)).toBe('same')
    expect(compare(direct, merged)).toBe('extended')
    expect(compare(both, merged)).toBe('same')
    expect(() => compare(merged, both)).toThrow('by "input", "other", and come by "input"')
  })
})

describe('a topology is refused', () => {
  test.each(refusals)('when %s', (_what, before, after, message) => {
    expect(errorOf(() => compare(before, after))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining(message),
    })
  })

  test('when a store lies in other partitions', () => {
    const topology = topologyOf(words)
    const wider = planOf(topology, (node) => (node.stores.length > 0 ? 4 : 1))
    expect(errorOf(() => comparePlans('app', planOf(topology), wider))).toMatchObject({
      code: 'plan_changed',
      message: expect.stringContaining('store "input.groupBy.count": partitions was 1, is 4'),
    })
  })

  test('with every change at once, and with what to do', () => {
    const before: Script = (builder) => {
      windows({ size: 1_000, grace: 5 })(builder)
      builder.stream(input).groupByKey().count({ name: 'old' })
    }
    const { message } = errorOf(() => compare(before, windows({ size: 500 })))
    for (const line of ['window size', 'window advance', '"old" (count) is gone']) {
      expect(message).toContain(line)
    }
    expect(message).toMatch(/^application "app" has stored data/)
    for (const way of ['rename: it only got', '{ name }', "{ drop: ['its id'] }", 'replay()'])
      expect(message).toContain(way)
  })
})

test('the plan of another version is refused, and not read as one of this', () => {
  const stored = planOf(topologyOf(words))
  expect(parsePlan('app', JSON.stringify(stored))).toEqual(stored)
  for (const version of [undefined, 0, 2, '1']) {
    expect(errorOf(() => parsePlan('app', JSON.stringify({ ...stored, version })))).toMatchObject({
      code: 'format_unknown',
      message: expect.stringMatching(new RegExp(`"app".*version ${version},.*reads 1`)),
    })
  }
})

test('a window store of another kind is another store', () => {
  const store = windowStore('totals', { key: string(), value: int64() })
  const windowed: Script = (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10 }))
      .count({ store, name: 'x' })
  const plain: Script = (builder) => {
    const rows = keyValueStore('totals', { key: string(), value: int64() })
    builder.stream(input).groupByKey().count({ store: rows, name: 'x' })
  }
  expect(errorOf(() => compare(windowed, plain))).toMatchObject({ code: 'plan_changed' })
})
