// Random topologies of verbs of all families give what a naive evaluator computes, which remembers everything and shares no
// code with src: record by record, for input with nulls, ties and disorder, in several partitions, with functions that throw,
// with crashes.
import fc from 'fast-check'
import { type Header, MillraceError } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { type Case, cases } from './cases.ts'
import { Grown, numberOf } from './grown.ts'
import { shown } from './naive.ts'
import { numbers, type NumberTopic } from './sides.ts'

/** What came out of each step, in its order; of a view, its rows. */
interface Outcome {
  readonly outputs: readonly { readonly verb: string; readonly records: readonly string[] }[]
  readonly letters: readonly string[]
}

const deadLetters = numbers('test-driver.dead-letters', 1)

function played({ records, partitions, crashEvery, policy }: Case, { topology, inputs, outputs }: Grown): Outcome {
  using driver = new TopologyTestDriver(topology, {
    onError: crashEvery % 2 === 0 ? policy : { retries: 2, then: policy },
  })
  for (const [index, { topic, key, value, timestamp, headers }] of records.entries()) {
    const [name = '', text = ''] = headers.split('=')
    const list = headers === '' ? [] : [{ key: name, value: Buffer.from(text) }]
    const record = given({ key, value, timestamp, headers: list }, partitions)
    try {
      driver.inputTopic(inputs[topic] as NumberTopic).pipeInput(record)
    } catch (error) {
      if (policy === 'fail' && error instanceof MillraceError && error.code === 'user_function_threw') break
      throw error
    }
    if (crashEvery > 0 && index % crashEvery === 0) driver.crash()
  }
  // Where nothing has failed, there is no such topic yet.
  if (policy === 'deadLetter') driver.inputTopic(deadLetters)
  const read = (topic: NumberTopic) => driver.outputTopic(topic).readRecords()
  return {
    outputs: outputs.map((output) => {
      const { verb, topic } = output
      if ('sink' in output) return { verb, records: read(topic).map(linesOf) }
      const rows = new Map(read(topic).map(({ key, value }) => [key, value]))
      const left = [...rows].filter(([, value]) => value !== null)
      return { verb, records: left.map(([key, value]) => `${key}=${value}`).toSorted() }
    }),
    letters: policy === 'deadLetter' ? read(deadLetters).map(linesOf) : [],
  }
}

/** As the naive evaluator shows a record, without the headers that say why a letter is one. */
function linesOf(record: { key: string | null; value: number | null; timestamp: number; headers: readonly Header[] }) {
  const own = record.headers.filter(({ key }) => !key.startsWith('millrace.'))
  const headers = own.map(({ key, value }) => `${key}=${Buffer.from(value ?? []).toString()}`).join()
  return shown({ ...record, old: null, headers })
}

/** Where a record without a key goes is for the producer to say, so that only one partition takes any. */
function given<R extends { readonly key: string | null }>(record: R, partitions: number): R {
  return partitions === 1 ? record : { ...record, key: record.key ?? 'null' }
}

function evaluated({ records, partitions }: Case, { naive, sources, outputs }: Grown): Outcome {
  for (const { topic, ...record } of records) {
    const source = sources[topic]
    if (source !== undefined && !naive.feed(source, { ...given(record, partitions), old: null })) break
  }
  return {
    outputs: outputs.map((output) => {
      const { verb } = output
      return { verb, records: 'sink' in output ? [...output.sink.written] : output.rows().toSorted() }
    }),
    letters: naive.letters,
  }
}

function check(one: Case): void {
  const grown = new Grown(one)
  expect(played(one, grown)).toEqual(evaluated(one, grown))
}

// What was found once, shrunk, and is not to come back.
const found: readonly (readonly [string, Case])[] = [
  [
    'the ids 0 and -0 of distinct are one',
    {
      partitions: 1,
      steps: [{ verb: 6, from: 0, other: 0, detail: 0 }],
      records: [
        { topic: 0, key: null, value: -9, timestamp: 48, headers: '' },
        { topic: 0, key: null, value: 0, timestamp: 48, headers: '' },
      ],
      crashEvery: 0,
      policy: 'fail',
    },
  ],
  [
    'a filter of a table that is joined with itself knows what its rows were',
    {
      partitions: 1,
      steps: [
        { verb: numberOf('stream', 'toTable'), from: 0, other: 0, detail: 0 },
        { verb: numberOf('table', 'joinOwnRows'), from: 2, other: 0, detail: 0 },
        { verb: 698, from: 8, other: 5, detail: 0 },
        { verb: 0, from: 7, other: 0, detail: 0 },
      ],
      records: [{ topic: 0, key: 'a', value: 0, timestamp: 0, headers: '' }],
      crashEvery: 0,
      policy: 'skip',
    },
  ],
  [
    'a table that is joined with what a transformer made of its rows passes each change on once',
    {
      partitions: 1,
      steps: [
        { verb: numberOf('stream', 'toTable'), from: 0, other: 0, detail: 0 },
        { verb: numberOf('table', 'transformValues'), from: 2, other: 0, detail: 0 },
        { verb: numberOf('table', 'join'), from: 2, other: 3, detail: 0 },
      ],
      records: [{ topic: 0, key: 'a', value: null, timestamp: 0, headers: '' }],
      crashEvery: 0,
      policy: 'skip',
    },
  ],
  [
    'a left join after suppress leaves a delete of nothing out',
    {
      partitions: 1,
      steps: [
        { verb: numberOf('stream', 'toTable'), from: 0, other: 0, detail: 0 },
        { verb: numberOf('table', 'joinOwnRows'), from: 2, other: 0, detail: 0 },
        { verb: 409, from: 8, other: 0, detail: 0 },
        { verb: 852, from: 3, other: 0, detail: 10 },
      ],
      records: [{ topic: 0, key: 'a', value: null, timestamp: 0, headers: '' }],
      crashEvery: 0,
      policy: 'skip',
    },
  ],
]

test.each(found)('%s', (_, one) => check(one))

// MODEL_RUNS and MODEL_SEED draw more cases, and others.
const { MODEL_RUNS = 60, MODEL_SEED = 1 } = process.env

test('any topology answers as the naive evaluator does', () => {
  fc.assert(fc.property(cases, check), { numRuns: Number(MODEL_RUNS), seed: Number(MODEL_SEED) })
})

test('a table that is joined with rows of its own does too: few random topologies have one', () => {
  const detailOf = fc.nat({ max: 99 })
  fc.assert(
    fc.property(cases, detailOf, (one, detail) => {
      const table = { verb: numberOf('stream', 'toTable'), from: 0, other: 0, detail }
      // After the two streams, the table is the first that there is.
      const join = { verb: numberOf('table', 'joinOwnRows'), from: 2, other: 0, detail }
      check({ ...one, steps: [table, join, ...one.steps.slice(0, 2)] })
    }),
    { numRuns: Math.ceil(Number(MODEL_RUNS) / 3), seed: Number(MODEL_SEED) },
  )
})

test('sliding windows do too, of which the late close while others are open', () => {
  const detailOf = fc.nat({ max: 999 })
  fc.assert(
    fc.property(cases, detailOf, (one, detail) => {
      // By their own keys, of which there are few.
      const sliding = { verb: numberOf('stream', 'sliding'), from: 0, other: 0, detail: detail * 2 }
      check({ ...one, steps: [sliding, ...one.steps.slice(0, 2)] })
    }),
    { numRuns: Math.ceil(Number(MODEL_RUNS) / 3), seed: Number(MODEL_SEED) },
  )
})
