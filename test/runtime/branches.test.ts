// A throw anywhere in a topology fails the turn: whatever joins, branches and regroups between the source and the throw.
import { type KStream, string, topic, type Topic } from 'millrace'
import { map } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, output, type Script } from '../support/topology.ts'

type Text = KStream<string, string>

const texts: Topic<string, string> = topic('texts', { key: string(), value: string() })
const early: Topic<string, string> = topic('early', { key: string(), value: string() })

const throwing = (stream: KStream<string, string>): void =>
  stream.foreach(
    ({ value }) => {
      if (value === 'bad') throw new Error('not this one')
    },
    { name: 'throws' },
  )

/** Makes branches behind a node: one that writes, the one that throws, and one behind it. */
function branch(stream: KStream<string, string>): void {
  stream.to(early)
  throwing(stream)
  stream.to(output)
}

const same = ({ key, value }: { readonly key: string; readonly value: string }): { key: string; value: string } => ({
  key,
  value,
})

/** What stands between the source and the branches; records pass it unchanged. */
const shapes: Readonly<Record<string, (stream: Text) => KStream<string, string>>> = {
  'a source': (stream) => stream,
  filter: (stream) => stream.filter(() => true),
  map: (stream) => stream.map(same),
  flatMapValues: (stream) => stream.flatMapValues(({ value }) => [value]),
  peek: (stream) => stream.peek(() => undefined),
  pipe: (stream) => stream.pipe(map(same)),
  'pipe, then map': (stream) => stream.pipe(map(same)).map(same),
  'a merge': (stream) => stream.filter(() => true).merge(stream.filter(() => false)),
  'a merge of merges': (stream) => {
    const left = stream.filter(() => true).merge(stream.filter(() => false))
    return left.merge(stream.filter(() => false)).peek(() => undefined)
  },
  'branches of branches': (stream) => {
    const first = stream.filter(() => true)
    first.foreach(() => undefined)
    const second = first.peek(() => undefined)
    second.foreach(() => undefined)
    return second.mapValues(({ value }) => value)
  },
  'a regrouping': (stream) => stream.repartition(),
  'a regrouping of branches': (stream) => {
    const first = stream.filter(() => true)
    first.foreach(() => undefined)
    return first.repartition({ partitions: 3 }).filter(() => true)
  },
  'an aggregation': (stream) =>
    stream
      .groupByKey()
      .reduce((_left, right) => right)
      .toStream()
      .mapValues(({ value }) => value ?? ''),
  'a table': (stream) =>
    stream
      .groupByKey()
      .reduce((_left, right) => right)
      .filter(() => true)
      .mapValues(({ value }) => value)
      .toStream()
      .mapValues(({ value }) => value ?? ''),
}

describe.each(Object.entries(shapes))('behind %s', (_shape, between) => {
  const script: Script = (builder) => branch(between(builder.stream(texts)))

  test('a throw stops the application under fail', () => {
    const driver = drive(script)
    driver.inputTopic(texts).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    const bad = (): void => driver.inputTopic(texts).pipeInput({ key: 'a', value: 'bad', timestamp: 2 })
    expect(errorOf(bad)).toMatchObject({ code: 'user_function_threw', operator: 'throws', topic: 'texts', offset: 1 })
    for (const one of [early, output]) expect(briefly(driver.outputTopic(one).readRecords())).toEqual(['a=x@1'])
  })

  test('a throw undoes all branches under skip', () => {
    const driver = drive(script, { onError: 'skip' })
    for (const value of ['x', 'bad', 'y']) driver.inputTopic(texts).pipeInput({ key: 'a', value, timestamp: 1 })
    for (const one of [early, output])
      expect(briefly(driver.outputTopic(one).readRecords())).toEqual(['a=x@1', 'a=y@1'])
    expect(driver.metrics().failed).toEqual({ throws: { user_function_threw: 1 } })
  })
})
