// A turn that fails is undone whole: outputs, state, counters, stream times and regrouped records of every branch. A run
// with failed records is compared with one that never had them.
import fc from 'fast-check'
import {
  int64,
  keyValueStore,
  nullable,
  type StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topic,
  windowStore,
} from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { describe, expect, test } from 'vitest'
import { briefly, drive, output, topologyOf } from '../support/topology.ts'

/** What one branch does with a record says its value; `poison` names the branch that throws. */
interface Line {
  readonly word: string
  readonly poison: '' | 'early' | 'late' | 'regrouped'
}

const lines: Topic<string | null, string> = topic('lines', { key: nullable(string()), value: string() })
const outputs: readonly Topic<string | null, string | null>[] = ['early', 'words', 'totals'].map((name) =>
  topic(name, { key: nullable(string()), value: nullable(string()) }),
)
const [early, words, totals] = outputs as [
  Topic<string | null, string>,
  Topic<string | null, string>,
  Topic<string | null, string>,
]

const perKey = keyValueStore('per-key', { key: string(), value: int64() })
const perWindow = windowStore('per-window', { key: string(), value: int64() })
const perWord = keyValueStore('per-word', { key: string(), value: int64() })

const encode = ({ word, poison }: Line): string => `${word} ${poison}`
const refuse = (branch: Line['poison'], value: string): void => {
  if (value.split(' ')[1] === branch) throw new Error(`poison for ${branch}`)
}

/** Branches in the order of their calls: whatever the last ones throw undoes what the first ones did. */
function script(builder: StreamsBuilder): void {
  const all = builder.stream(lines)
  const stream = all.filter(({ value }) => value !== '').merge(all.filter(({ value }) => value === ''))
  stream.peek(({ value }) => refuse('early', value)).to(early)
  stream.groupByKey().count({ store: perKey, name: 'count-keys' })
  stream
    .groupByKey()
    .windowedBy(TimeWindows.of({ size: 10, grace: 5 }))
    .count({ store: perWindow, name: 'windows' })
  const byWord = stream.groupBy(({ value }) => (value.startsWith('-') ? null : (value.split(' ')[0] ?? '')), {
    key: string(),
    name: 'by-word',
  })
  const counted = byWord.count({ store: perWord, name: 'count-words' }).toStream()
  counted.mapValues(({ value }) => `${value}`).to(words)
  byWord
    .reduce((_left, right) => right, { name: 'last' })
    .toStream()
    .peek(({ value }) => refuse('regrouped', value ?? ''))
    .mapValues(({ value }) => `${value}`)
    .to(totals)
  stream.foreach(({ value }) => refuse('late', value))
}

interface Input {
  readonly key: string | null
  readonly line: Line
  readonly timestamp: number
}

/** Everything that a run leaves behind, except what counts the failures themselves. */
function traceOf(driver: TopologyTestDriver): unknown {
  const { dropped, streamTimes, produced } = driver.metrics()
  const counted = Object.entries(dropped).flatMap(([operator, reasons]) =>
    nonZero(reasons).map((reason) => `${operator} ${reason}`),
  )
  return {
    outputs: outputs.map((one) => briefly(driver.outputTopic(one).readRecords())),
    stores: [
      briefly(driver.store(perKey).range()),
      briefly(driver.store(perWindow).range()),
      briefly(driver.store(perWord).range()),
    ],
    dropped: counted.toSorted(),
    streamTimes,
    produced: nonZero(produced),
  }
}

const nonZero = (counts: Readonly<Record<string, number>>): string[] =>
  Object.entries(counts).flatMap(([name, count]) => (count === 0 ? [] : [`${name} ${count}`]))

function run(inputs: readonly Input[], commit: 'always' | 'manual'): unknown {
  using driver = new TopologyTestDriver(topologyOf(script), { onError: 'skip', commit })
  const pipe = driver.inputTopic(lines)
  for (const { key, line, timestamp } of inputs) pipe.pipeInput({ key, value: encode(line), timestamp })
  driver.commit()
  return traceOf(driver)
}

const inputs = fc.array(
  fc.record({
    key: fc.option(fc.constantFrom('a', 'b'), { freq: 6 }),
    line: fc.record({
      word: fc.constantFrom('x', 'y', '-'),
      poison: fc.constantFrom<Line['poison']>('', '', '', 'early', 'late'),
    }),
    timestamp: fc.nat({ max: 60 }),
  }),
  { minLength: 1, maxLength: 12 },
)

describe('a turn of a source record that fails in any branch', () => {
  test.each(['always', 'manual'] as const)('leaves nothing behind, with commits %s', (commit) => {
    fc.assert(
      fc.property(inputs, (records) => {
        const good = records.filter(({ line }) => line.poison === '')
        expect(run(records, commit)).toEqual(run(good, commit))
      }),
      { numRuns: 20 },
    )
  })

  test('that did everything before it failed leaves nothing behind', () => {
    const good: Input = { key: 'a', line: { word: 'x', poison: '' }, timestamp: 20 }
    const bad: Input[] = [
      { key: 'a', line: { word: 'x', poison: 'late' }, timestamp: 1_000 }, // moves stream time, state and outputs
      { key: 'b', line: { word: 'y', poison: 'late' }, timestamp: 1_000 }, // makes new rows
      { key: 'a', line: { word: 'x', poison: 'late' }, timestamp: 1 }, // is counted as late
      { key: null, line: { word: '-', poison: 'late' }, timestamp: 1 }, // is counted as dropped, twice
    ]
    for (const commit of ['always', 'manual'] as const) {
      expect(run([good, ...bad, good, ...bad], commit)).toEqual(run([good, good], commit))
    }
  })
})

describe('a regrouped turn that fails', () => {
  test('undoes itself and leaves the turn of its source record', () => {
    const driver = drive(script, { onError: 'skip' })
    driver.inputTopic(lines).pipeInput({ key: 'a', value: 'x regrouped', timestamp: 20 })
    expect(briefly(driver.outputTopic(early).readRecords())).toEqual(['a=x regrouped@20'])
    expect(driver.store(perKey).get('a')).toBe(1)
    expect(driver.store(perWord).get('x')).toBeUndefined()
    expect(briefly(driver.outputTopic(words).readRecords())).toEqual([])
    expect(driver.metrics().failed).toEqual({ 'peek-2': { user_function_threw: 1 } })
  })

  test('leaves other regrouped records of the same source record', () => {
    const driver = drive(
      (builder) =>
        builder
          .stream(lines)
          .flatMapValues(({ value }) => value.split(' '))
          .groupBy(({ value }) => value, { key: string(), value: string() })
          .reduce((left, right) => left + right)
          .toStream()
          .peek(({ key }) => {
            if (key === 'bad') throw new Error('not this one')
          })
          .mapValues(({ value }) => value ?? '')
          .to(output),
      { onError: 'skip' },
    )
    driver.inputTopic(lines).pipeInput({ key: 'a', value: 'x bad y bad x', timestamp: 1 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['x=x@1', 'y=y@1', 'x=xx@1'])
    expect(driver.metrics()).toMatchObject({ consumed: { lines: 1 }, failed: { 'peek-1': { user_function_threw: 2 } } })
  })

  test('is tried again alone', () => {
    let attempts = 0
    let sourceTurns = 0
    const driver = drive(
      (builder) =>
        builder
          .stream(lines)
          .peek(() => void sourceTurns++)
          .groupBy(({ value }) => value, { key: string() })
          .reduce((left, right) => left + right)
          .toStream()
          .mapValues(({ value }) => {
            if (++attempts < 3) throw new Error('not yet')
            return value ?? ''
          })
          .to(output),
      { onError: { retries: 2, then: 'fail' } },
    )
    driver.inputTopic(lines).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
    expect({ attempts, sourceTurns }).toEqual({ attempts: 3, sourceTurns: 1 })
    expect(briefly(driver.outputTopic(output).readRecords())).toEqual(['x=x@1'])
  })
})

test('what a turn wrote is undone also where its batch was full', () => {
  const driver = drive(
    (builder) => {
      const stream = builder.stream(lines)
      stream.flatMapValues(({ value }) => Array<string>(40).fill(value.repeat(1_000))).to(early)
      stream.foreach(({ value }) => {
        if (value === 'bad!') throw new Error('not this one')
      })
    },
    { onError: 'skip', commit: 'manual' },
  )
  const values = ['good', 'bad!', 'well', 'bad!', 'bad!', 'fine']
  for (const value of values) driver.inputTopic(lines).pipeInput({ key: 'a', value, timestamp: 1 })
  driver.commit()
  const read = driver.outputTopic(early).readRecords()
  const expected = ['good', 'well', 'fine'].flatMap((value) => Array<string>(40).fill(value.repeat(1_000)))
  expect(read.map(({ value }) => value)).toEqual(expected)
  expect(read.map(({ offset }) => offset)).toEqual(expected.map((_value, index) => index))
})

test('a crash after failures finds the counters of the last commit', () => {
  const driver = drive(script, { onError: 'skip', commit: 'manual' })
  const pipe = (value: string): void => driver.inputTopic(lines).pipeInput({ key: 'a', value, timestamp: 1 })
  pipe('x late')
  driver.commit()
  driver.crash()
  expect(driver.metrics()).toMatchObject({
    consumed: { lines: 1 },
    failed: { 'foreach-1': { user_function_threw: 1 } },
  })
  pipe('x late')
  driver.crash() // the second failure happens again, and is counted once
  driver.commit()
  expect(driver.metrics()).toMatchObject({
    consumed: { lines: 2 },
    failed: { 'foreach-1': { user_function_threw: 2 } },
  })
})
