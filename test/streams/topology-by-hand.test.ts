// A topology by hand: nodes that know each other by name, alone or after a builder's.
import { int64, keyValueStore, type Processor, StreamsBuilder, string, topic, Topology } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, input, output } from '../support/topology.ts'
import { call } from '../support/untyped.ts'

const pass: Processor<string, string> = (context) => ({ process: (record) => context.forward(record) })
const other = topic('other', { key: string(), value: string() })
const counts = keyValueStore('counts', { key: string(), value: int64() })

function driven(topology: Topology): TopologyTestDriver {
  const driver = new TopologyTestDriver(topology)
  onTestFinished(() => driver.close())
  return driver
}

const written = (driver: TopologyTestDriver, of = output): string[] => briefly(driver.outputTopic(of).readRecords())

test('takes records from sources through processors to sinks', () => {
  const upper: Processor<string, string> = (context) => ({
    process: ({ key, value }) => context.forward({ key, value: value.toUpperCase() }),
  })
  const topology = new Topology()
    .addSource('source', [input, other])
    .addProcessor('upper', upper, { parents: ['source'] })
    .addSink('sink', output, { parents: ['upper'] })
  const driver = driven(topology)
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  driver.inputTopic(other).pipeInput({ key: 'b', value: 'y', timestamp: 2 })
  expect(written(driver)).toEqual(['a=X@1', 'b=Y@2'])
})

test('grows by each call, whether or not the calls are chained; what runs stays as it was', () => {
  const topology = new Topology()
  topology.addSource('source', input)
  topology.addSink('sink', output, { parents: ['source'] })
  const driver = driven(topology)
  topology.addSink('second', output, { parents: ['source'] })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  driver.crash()
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'y', timestamp: 2 })
  expect(written(driver)).toEqual(['a=x@1', 'a=y@2'])
  expect(topology.describe()).toContain('Source source (topics: input) --> sink, second')
})

test('forward without a child reaches all in the order of the calls, with one that child alone', () => {
  const routing: Processor<string, string> = (context) => ({
    process: (record) => context.forward(record, record.value === 'all' ? undefined : record.value),
  })
  const tagged =
    (tag: string): Processor<string, string> =>
    (context) => ({ process: ({ key, value }) => context.forward({ key, value: `${tag}:${value}` }) })
  const driver = driven(
    new Topology()
      .addSource('source', input)
      .addProcessor('routing', routing, { parents: ['source'] })
      .addProcessor('left', tagged('left'), { parents: ['routing'] })
      .addProcessor('right', tagged('right'), { parents: ['routing'] })
      .addSink('sink', output, { parents: ['left', 'right', 'routing'] }),
  )
  for (const [at, value] of ['all', 'right', 'left', 'sink'].entries()) {
    driver.inputTopic(input).pipeInput({ key: 'a', value, timestamp: at })
  }
  expect(written(driver)).toEqual([
    'a=left:all@0',
    'a=right:all@0',
    'a=all@0',
    'a=right:right@1',
    'a=left:left@2',
    'a=sink@3',
  ])
})

test('a processor with several parents is one, and shares its store with others that name it', () => {
  const counting: Processor<string, string> = (context) => {
    const store = context.store(counts)
    return {
      process({ key, value }) {
        store.put(key, (store.get(key) ?? 0) + 1)
        context.forward({ key, value: `${value}${store.get(key)}` })
      },
    }
  }
  const driver = driven(
    new Topology()
      .addSource('one', input)
      .addSource('two', other)
      .addProcessor('first', pass, { parents: ['one'] })
      .addProcessor('counting', counting, { parents: ['first', 'two'], stores: [counts] })
      .addProcessor('again', counting, { parents: ['counting'], stores: [counts] })
      .addSink('sink', output, { parents: ['again'] }),
  )
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 0 })
  driver.inputTopic(other).pipeInput({ key: 'a', value: 'y', timestamp: 1 })
  driver.crash()
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'z', timestamp: 2 })
  expect(written(driver)).toEqual(['a=x12@0', 'a=y34@1', 'a=z56@2'])
  expect(driver.store(counts).get('a')).toBe(6)
})

test('goes on from the nodes of a builder, by their ids', () => {
  const builder = new StreamsBuilder()
  builder.stream(input).filter(({ value }) => value !== '', { name: 'filled' })
  const topology = builder
    .build()
    .addProcessor('own', pass, { parents: ['filled'] })
    .addSink('sink', output, { parents: ['own'] })
  const driver = driven(topology)
  driver.inputTopic(input).pipeInput({ key: 'a', value: '', timestamp: 0 })
  driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  expect(written(driver)).toEqual(['a=x@1'])
  expect(builder.build().nodes).toHaveLength(2)
})

describe('is refused, and stays as it was,', () => {
  const begun = (): Topology =>
    new Topology().addSource('source', input).addSink('sink', output, { parents: ['source'] })
  const refused: Readonly<Record<string, readonly [(topology: Topology) => unknown, string]>> = {
    'with a name that is taken': [
      (one) => one.addProcessor('source', pass, { parents: ['source'] }),
      'would both be called "source"',
    ],
    'with a name that is none': [(one) => one.addSource('a/b', other), '"a/b" cannot be the name of a node'],
    'with a parent that is not there': [
      (one) => one.addProcessor('own', pass, { parents: ['sorce'] }),
      '"own" stands after "sorce", which is not there; there are "source"',
    ],
    'with a sink as a parent': [(one) => one.addProcessor('own', pass, { parents: ['sink'] }), 'which is a sink'],
    'without a parent': [(one) => one.addSink('own', output, { parents: [] }), '"own" needs at least one parent'],
    'with a parent twice': [
      (one) => one.addSink('own', output, { parents: ['source', 'source'] }),
      'names a parent twice',
    ],
    'with a topic that is read already': [
      (one) => one.addSource('again', input),
      'topic "input" is read by "source" already: name that as a parent',
    ],
    'without a topic': [(one) => one.addSource('again', []), 'addSource needs at least one topic'],
    'without a processor': [(one) => call(one, 'addProcessor', 'own', {}, { parents: ['source'] }), 'takes a function'],
    'without options': [(one) => call(one, 'addProcessor', 'own', pass), 'addProcessor takes its options as an object'],
    'with an unknown option': [
      (one) => call(one, 'addSource', 'own', other, { rest: 'latest' }),
      'Did you mean "reset"?',
    ],
  }

  test.each(Object.entries(refused))('%s', (_, [add, says]) => {
    const topology = begun()
    const before = topology.describe()
    expect(errorOf(() => add(topology)).message).toContain(says)
    expect(topology.describe()).toBe(before)
  })

  test('when it is started without a node', () => {
    expect(errorOf(() => new TopologyTestDriver(new Topology()))).toMatchObject({ code: 'topology_invalid' })
  })
})
