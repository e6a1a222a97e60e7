// Where it is asked for, what an operator drops becomes a dead letter too: the record as it was read, in its own commit.
import { readFileSync } from 'node:fs'
import { bytes, JoinWindows, keyValueStore, nullable, string, TimeWindows, topic, UnlimitedWindows } from 'millrace'
import { type TestDriverOptions, TopologyTestDriver } from 'millrace/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { withNodes } from '../../src/plan/with-nodes.ts'
import { start } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { drive, input, topologyOf, type Script } from '../support/topology.ts'

const nulls = topic('input', { key: nullable(string()), value: nullable(string()) })
const letters = topic('test-driver.dead-letters', { key: nullable(bytes()), value: nullable(bytes()) })
const late = topic('late', { key: string(), value: string() })
const windows = TimeWindows.of({ size: 20, advance: 10 })

const text = (from: Uint8Array | null): string | null => (from === null ? null : Buffer.from(from).toString())

/** Each letter: its key, value and timestamp, and its headers by name. */
function lettersOf(driver: TopologyTestDriver) {
  return driver
    .outputTopic(letters)
    .readRecords()
    .map(({ key, value, timestamp, headers }) => [
      `${text(key)}=${text(value)}@${timestamp}`,
      Object.fromEntries(headers.map((header) => [header.key, text(header.value)])),
    ])
}

const options: TestDriverOptions = { deadLetterDrops: true, commit: 'manual' }

/** Upper case by first letter, counted in windows. */
const counting: Script = (builder) =>
  builder
    .stream(nulls)
    .filter(({ value }) => value !== 'unwanted')
    .mapValues(({ value }) => value?.toUpperCase() ?? null)
    .groupBy(({ key }) => (key === null ? null : key.slice(0, 1)), { key: string(), value: nullable(string()) })
    .windowedBy(windows)
    .count({ name: 'counted' })

test('a letter is the record as it was read, with reason, operator and place; a record that is filtered out is none', () => {
  const driver = drive(counting, options)
  const pipe = driver.inputTopic(nulls)
  pipe.pipeInput({ key: 'abc', value: 'on time', timestamp: 70 })
  pipe.pipeInput({ key: 'abc', value: 'late', timestamp: 5, headers: [{ key: 'own', value: Buffer.from('h') }] })
  pipe.pipeInput({ key: null, value: 'keyless', timestamp: 6 })
  pipe.pipeInput({ key: 'abc', value: null, timestamp: 7 })
  pipe.pipeInput({ key: 'abc', value: 'unwanted', timestamp: 8 })
  driver.crash()
  driver.commit()
  const place = (reason: string, offset: number, operator = 'counted') => ({
    'millrace.reason': reason,
    'millrace.operator': operator,
    'millrace.topic': 'input',
    'millrace.partition': '0',
    'millrace.offset': String(offset),
  })
  expect(lettersOf(driver)).toEqual([
    ['abc=late@5', { own: 'h', ...place('late', 1) }],
    ['null=keyless@6', place('null_key', 2, 'input.groupBy')],
    ['abc=null@7', place('null_value', 3)],
  ])
  expect(driver.metrics().dropped).toMatchObject({ counted: { late: 1, null_value: 1 } })
  expect(driver.metrics().produced).toMatchObject({ 'test-driver.dead-letters': 3 })
})

describe('each reason for which a record is dropped has its letter', () => {
  const grouped: Script = (builder) => builder.stream(nulls).groupByKey().count({ name: 'drops' })
  const groups = { key: string(), value: string() }
  const rows: Readonly<Record<string, readonly [script: Script, dropped: string, ...before: string[]]>> = {
    null_key: [grouped, 'null=x@5'],
    null_value: [grouped, 'a=null@5'],
    late: [
      (builder) => builder.stream(input).groupByKey().windowedBy(windows).count({ name: 'drops' }),
      'a=x@5',
      'a=x@70',
    ],
    no_window: [
      (builder) =>
        builder
          .stream(input)
          .groupByKey()
          .windowedBy(UnlimitedWindows.of({ start: 50 }))
          .count({ name: 'drops' }),
      'a=x@5',
      'a=x@50',
    ],
    duplicate: [
      (builder) => builder.stream(input).distinct({ id: ({ value }) => value, within: 10, name: 'drops' }),
      'b=x@5',
      'a=x@5',
    ],
    expired: [
      (builder) => builder.table(input, { ttlMs: 10, store: keyValueStore('drops', groups) }),
      'a=x@5',
      'a=x@20',
    ],
    older_version: [
      (builder) =>
        builder
          .table(input, { versioned: { historyMs: 50 } })
          .groupBy((row) => row, { ...groups, name: 'group' })
          .count({ name: 'counts' }),
      'a=x@5',
      'a=x@20',
    ],
    null_foreign_key: [
      (builder) => {
        const table = builder.table(input)
        table.join(table, (left) => left, { foreignKey: (value) => (value === 'x' ? null : value), name: 'drops' })
      },
      'a=x@5',
      'a=y@5',
    ],
    skipped: [(builder) => builder.stream(input).mapAsync(() => '', { name: 'drops' }), 'a=x@5'],
  }
  const recordOf = (line: string) => {
    const [, key, value, time] = /^(.*)=(.*)@(.*)$/.exec(line) ?? []
    const part = (given: string | undefined): string | null => (given === undefined || given === 'null' ? null : given)
    return { key: part(key), value: part(value), timestamp: Number(time) }
  }

  test('and none is forgotten here', () => {
    const source = readFileSync(new URL('../../src/plan/operator.ts', import.meta.url), 'utf8')
    const [, union = ''] = /type DropReason =\n((?: +\| '\w+'\n)+)/.exec(source) ?? []
    const reasons = [...union.matchAll(/'(\w+)'/g)].map(([, reason = '']) => reason)
    // What could not be decided goes on, and is counted.
    expect(Object.keys(rows).toSorted()).toEqual(reasons.filter((reason) => reason !== 'undecided').toSorted())
  })

  test.each(Object.entries(rows))('%s', (reason, [script, dropped, ...before]) => {
    const skipping = withNodes(topologyOf(script), (node) =>
      reason === 'skipped' && node.kind === 'operator' && node.effect !== undefined
        ? { ...node, operator: node.effect.skipped }
        : node,
    )
    const driver = new TopologyTestDriver(skipping, { deadLetterDrops: true })
    onTestFinished(() => driver.close())
    for (const line of [...before, dropped]) driver.inputTopic(nulls).pipeInput(recordOf(line))
    const { key, value, timestamp } = recordOf(dropped)
    const operator = reason === 'older_version' ? expect.any(String) : expect.stringMatching(/drops|input/)
    expect(driver.deadLetters()).toMatchObject([
      { reason, operator, source: { topic: 'input', partition: 0, offset: before.length }, timestamp },
    ])
    expect(driver.deadLetters().map((letter) => [text(letter.key), text(letter.value)])).toEqual([[key, value]])
    expect(Object.values(driver.metrics().dropped).map((counts) => counts[reason])).toContain(1)
    driver.crash()
    expect(driver.deadLetters()).toHaveLength(1)
  })
})

test('a record that some windows took, or that has a topic of its own, is only counted', () => {
  const driver = drive((builder) => builder.stream(input).groupByKey().windowedBy(windows).count({ late }), options)
  for (const timestamp of [20, 15, 70, 15]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'x', timestamp })
  driver.commit()
  expect(driver.metrics().dropped).toEqual({ 'input.count': { late: 3 } })
  expect(driver.outputTopic(late).readRecords()).toHaveLength(1)
  expect(() => driver.outputTopic(letters)).toThrow('there is no topic')
})

test('a late record of a join goes to the topic of its side alone; where its side has none it becomes a letter', () => {
  const window = JoinWindows.of({ difference: 5 })
  const serdes = { key: string(), value: string(), otherValue: string() }
  const other = topic('other', { key: string(), value: string() })
  const join: Script = (builder) =>
    builder
      .stream(input)
      .leftJoin(builder.stream(other), (left) => left, { ...serdes, window, late: { left: late }, name: 'joined' })
  const driver = drive(join, options)
  for (const timestamp of [100, 1]) driver.inputTopic(input).pipeInput({ key: 'a', value: 'left', timestamp })
  driver.inputTopic(other).pipeInput({ key: 'a', value: 'right', timestamp: 2 })
  driver.commit()
  expect(driver.metrics().dropped).toEqual({ joined: { late: 2 } })
  expect(driver.outputTopic(late).readRecords()).toMatchObject([{ value: 'left', timestamp: 1 }])
  expect(lettersOf(driver).map(([record]) => record)).toEqual(['a=right@2'])
})

test('a letter is undone with a turn that fails later', () => {
  const script: Script = (builder) => {
    const stream = builder.stream(nulls)
    stream.groupByKey().count()
    stream.foreach(({ value }) => {
      if (value === 'bad') throw new Error('not this one')
    })
  }
  const driver = drive(script, { ...options, onError: 'deadLetter' })
  for (const value of ['bad', 'good']) driver.inputTopic(nulls).pipeInput({ key: null, value, timestamp: 1 })
  driver.commit()
  expect(lettersOf(driver).map(([record, headers]) => [record, Object(headers)['millrace.reason']])).toEqual([
    ['null=bad@1', 'user_function_threw'],
    ['null=good@1', 'null_key'],
  ])
})

test('what a job emitted and an operator then dropped has a letter that names the job', async () => {
  const { log } = openTestLog()
  const topology = topologyOf((builder) =>
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(TimeWindows.of({ size: 10 }))
      .emitStrategy('onWindowClose')
      .count({ name: 'final' })
      .toStream()
      .selectKey(() => null)
      .repartition({ key: nullable(string()), name: 'again' }),
  )
  await log.producer().send(input, { key: 'a', value: 'x', timestamp: 3 })
  const app = await start(log, topology, { deadLetterDrops: true, until: 'end' })
  await app.stopped
  const [letter, ...more] = await collect(
    log.read(topic('app.dead-letters', { key: letters.key, value: letters.value })),
  )
  expect(more).toEqual([])
  expect(letter).toMatchObject({ key: null, value: null, timestamp: 3 })
  expect(letter?.headers.map(({ key, value }) => [key, value && text(value)])).toEqual([
    ['millrace.reason', 'null_key'],
    ['millrace.operator', 'again'],
    ['millrace.kind', 'release'],
    ['millrace.partition', '0'],
  ])
})

test('by default nothing is written, and an application writes to the topic that it is given', async () => {
  const { log } = openTestLog()
  const topology = topologyOf((builder) => builder.stream(nulls).groupByKey().count())
  await log.producer().send(nulls, { key: null, value: 'x', timestamp: 1 })
  const silent = await start(log, topology)
  await silent.caughtUp()
  await silent.close()
  expect((await log.admin.listTopics()).map(({ name }) => name)).toEqual(['input'])
  const dropped = topic('dropped', { key: nullable(string()), value: string() })
  const options = { deadLetterDrops: true, deadLetterTopic: dropped.name, applicationId: 'telling' }
  const telling = await start(log, topology, options)
  await telling.caughtUp()
  await telling.close()
  expect((await collect(log.read(dropped))).map(({ value }) => value)).toEqual(['x'])
})
