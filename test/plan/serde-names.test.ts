// A stored plan knows a serde by its name: what it depends on must have one, and what it does not may do without.
import { int64, json, keyValueStore, nullable, type Serde, string, topic, tuple, TimeWindows, windowed } from 'millrace'
import { describe, expect, test } from 'vitest'
import { comparePlans } from '../../src/plan/comparison.ts'
import { storedPlan } from '../../src/plan/plan-to-store.ts'
import type { StoredPlan } from '../../src/core/stored-plan.ts'
import { errorOf } from '../support/thrown.ts'
import { input, type Script, topologyOf } from '../support/topology.ts'

const unnamed: Serde<string> = {
  encode: (text) => Buffer.from(text),
  decode: (bytes) => Buffer.from(bytes).toString(),
}
const named: Serde<string> = { ...unnamed, name: 'text' }

const reading = (key: Serde<string>, value: Serde<string>): Script => {
  return (builder) => builder.stream(topic('t', { key, value }))
}
const regrouping = (key: Serde<string>, value: Serde<string>): Script => {
  return (builder) => builder.stream(input).repartition({ key, value, name: 'moved' })
}
const storing = (value: Serde<string>): Script => {
  const store = keyValueStore('st', { key: string(), value })
  return (builder) =>
    builder
      .stream(input)
      .groupByKey()
      .aggregate({ initializer: () => '', aggregator: (_key, text) => text, value, store })
}
const storingKeys = (key: Serde<unknown>): Script => {
  return (builder) =>
    builder
      .stream(input)
      .selectKey((): never => undefined as never)
      .groupByKey({ key, value: string() })
      .count({ name: 'c' })
}

const refused: readonly (readonly [string, Script, string])[] = [
  ['the keys of a topic that is read', reading(unnamed, string()), 'the keys of topic "t"'],
  ['the values of a topic that is read', reading(string(), unnamed), 'the values of topic "t"'],
  ['the keys of a regrouping', regrouping(unnamed, string()), 'the keys of regrouping "moved"'],
  ['the values of a regrouping', regrouping(string(), unnamed), 'the values of regrouping "moved"'],
  ['the values of a store', storing(unnamed), 'the values of store "st"'],
  ['a name that is empty', storing({ ...unnamed, name: '' }), 'the values of store "st"'],
  ['one inside of nullable()', reading(string(), nullable(unnamed) as never), 'the values of topic "t"'],
  ['one inside of tuple()', storingKeys(tuple(string(), unnamed) as never), 'the keys of regrouping'],
  [
    'one inside of windowed()',
    (builder) =>
      builder.stream(topic('t', { key: windowed(unnamed, { size: 10 }), value: string() })).foreach(() => undefined),
    'the keys of topic "t"',
  ],
  [
    'the keys of windows',
    (builder) =>
      builder
        .stream(input)
        .groupByKey({ key: unnamed } as never)
        .windowedBy(TimeWindows.of({ size: 10 }))
        .count({ name: 'c' }),
    'the keys of store "c"',
  ],
]

describe('a serde without a name is refused when the topology is built', () => {
  test.each(refused)('for %s', (_what, script, what) => {
    expect(errorOf(() => topologyOf(script))).toMatchObject({
      code: 'topology_invalid',
      message: expect.stringMatching(new RegExp(`${what}[^]*name: '…'`)),
    })
  })

  test('but not where nothing depends on it: what is only written', () => {
    const sink = topic('out', { key: unnamed, value: unnamed })
    expect(() => topologyOf((builder) => builder.stream(input).to(sink))).not.toThrow()
  })
})

describe('a serde with a name', () => {
  const compare = (before: Script, after: Script): unknown => {
    const planOf = (script: Script): StoredPlan => storedPlan(topologyOf(script), () => 1)
    return comparePlans('app', planOf(before), planOf(after)).added.size === 0 ? 'same' : 'extended'
  }

  test('is the same as itself, and another than one of another name', () => {
    expect(compare(storing(named), storing({ ...named }))).toBe('same')
    expect(() => compare(storing(named), storing({ ...named, name: 'other' }))).toThrow(
      'store "st": value was text, is other',
    )
  })

  test('of the built-in ones is one format, with a schema or without', () => {
    const schema = { '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value }) } } as const
    expect(compare(storing(json<string>()), storing(json(schema) as unknown as Serde<string>))).toBe('same')
    expect(() => compare(storing(json<string>()), storing(int64() as unknown as Serde<string>))).toThrow('is int64')
  })
})
