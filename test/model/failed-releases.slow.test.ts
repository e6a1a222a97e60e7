// What fails after an operator that lets go of rows fails alone: neither the other rows are lost, nor the record that made them
// go, and the dead letter shows the row.
import fc from 'fast-check'
import { bytes, nullable, StreamsBuilder, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { type Case, cases, type InputRecord } from './cases.ts'
import { bytesOf, type Event, type Key, partitionOf, shown, type Value, type Work } from './naive.ts'
import { releasing } from './releasing.ts'
import { numbers, type NumberTopic } from './sides.ts'

interface Failing extends Case {
  readonly family: number
  readonly detail: number
}

interface Outcome {
  readonly lines: readonly string[]
  readonly letters: readonly string[]
}

const deadLetters = topic('test-driver.dead-letters', {
  key: nullable(bytes()),
  value: nullable(bytes()),
  partitions: 1,
})

const isBad = (value: Value, detail: number): boolean => Math.abs(value ?? 0) % 7 === detail % 7

const hex = (given: Uint8Array | null): string => (given === null ? 'null' : Buffer.from(given).toString('hex'))

function letter(key: Key, value: Value, timestamp: number): string {
  const number = Buffer.alloc(8)
  if (value !== null) number.writeBigInt64BE(BigInt(value) ^ (-1n << 63n)) // in the order of bytes
  return `${hex(key === null ? null : bytesOf(key))}=${value === null ? 'null' : hex(number)}@${timestamp}`
}

/** The topology of a case as far as to the operator that lets go of rows. */
function built({ partitions, family, detail }: Failing) {
  const builder = new StreamsBuilder()
  const inputs = [numbers('in-0', partitions), numbers('in-1', partitions)] as const
  const build = releasing[family % releasing.length] as (typeof releasing)[number]
  return { builder, inputs, ...build(builder.stream(inputs[0]), builder.stream(inputs[1]), detail) }
}

/** A record without a key is of no partition: where there are several, none is without. */
function inputsOf({ records, partitions }: Case, isJoin: boolean): readonly InputRecord[] {
  return records.map((one) => ({
    ...one,
    topic: isJoin ? one.topic % 2 : 0,
    key: partitions === 1 ? one.key : (one.key ?? 'null'),
  }))
}

function played(one: Failing): Outcome {
  const { detail, crashEvery, policy } = one
  const { builder, inputs, stream, isJoin } = built(one)
  const output = numbers('out', 1)
  const checked = (value: Value): Value => {
    if (isBad(value, detail)) throw new Error(`${value} is not wanted`)
    return value
  }
  stream.mapValues(({ value }) => checked(value)).to(output)
  using driver = new TopologyTestDriver(builder.build(), {
    onError: crashEvery % 2 === 0 ? policy : { retries: 2, then: policy },
  })
  for (const [index, { topic, key, value, timestamp, headers }] of inputsOf(one, isJoin).entries()) {
    const [name = '', text = ''] = headers.split('=')
    const list = headers === '' ? [] : [{ key: name, value: Buffer.from(text) }]
    driver.inputTopic(inputs[topic] as NumberTopic).pipeInput({ key, value, timestamp, headers: list })
    if (crashEvery > 0 && index % crashEvery === 0) driver.crash()
  }
  // Where nothing has failed, there is no such topic yet.
  driver.inputTopic(deadLetters)
  return {
    lines: driver
      .outputTopic(output)
      .readRecords()
      .map((record) => {
        const headers = record.headers.map(({ key, value }) => `${key}=${Buffer.from(value ?? []).toString()}`).join()
        return shown({ ...record, old: null, headers })
      }),
    letters: driver
      .outputTopic(deadLetters)
      .readRecords()
      .map(({ key, value, timestamp }) => `${hex(key)}=${hex(value)}@${timestamp}`),
  }
}

/** What the works of a partition give for a record; the last one says which rows it has let go of. */
function through([work, ...others]: readonly Work[], event: Event, input: number): Event[] {
  if (work === undefined) return [event]
  const outs: Event[] = []
  for (const out of work.take(event, input)) if (out.isLate !== true) outs.push(...through(others, out, 0))
  return outs
}

function evaluated(one: Failing): Outcome {
  const { partitions, detail, policy } = one
  const { make, keepsHeaders, isJoin } = built(one)
  const lines: string[] = []
  const letters: string[] = []
  const taken = Array.from({ length: partitions }, (): { event: Event; input: number }[] => [])
  const works = taken.map(make)
  for (const { topic, ...record } of inputsOf(one, isJoin)) {
    const event: Event = { ...record, old: null }
    const partition = record.key === null ? 0 : partitionOf(record.key, partitions)
    const before = taken[partition] ?? []
    const outs = through(works[partition] ?? [], event, topic)
    const isRow = (out: Event): boolean => !isJoin || out.waited !== undefined
    const own = outs.filter((out) => !isRow(out))
    if (own.some(({ value }) => isBad(value, detail))) {
      letters.push(letter(event.key, event.value, event.timestamp))
      // As if it had not come.
      works[partition] = make()
      for (const { event, input } of before) through(works[partition], event, input)
      continue
    }
    before.push({ event, input: topic })
    if (outs.every(({ value }) => !isBad(value, detail))) {
      lines.push(...outs.map(shown))
      continue
    }
    lines.push(...own.map(shown))
    for (const row of outs.filter(isRow)) {
      if (!isBad(row.value, detail)) lines.push(shown(keepsHeaders ? row : { ...row, headers: '' }))
      else letters.push(letter(row.key, row.waited === undefined ? row.value : row.waited, row.timestamp))
    }
  }
  return { lines, letters: policy === 'deadLetter' ? letters : [] }
}

// MODEL_RUNS and MODEL_SEED draw more cases, and others.
const { MODEL_RUNS = 60, MODEL_SEED = 1 } = process.env

test('a row that fails fails alone', () => {
  const failing = fc.record({ family: fc.nat({ max: 99 }), detail: fc.nat({ max: 99 }) })
  const property = fc.property(cases, failing, (one, more) => {
    const given: Failing = { ...one, ...more, policy: one.policy === 'fail' ? 'skip' : one.policy }
    expect(played(given)).toEqual(evaluated(given))
  })
  fc.assert(property, { numRuns: Number(MODEL_RUNS), endOnFailure: true, seed: Number(MODEL_SEED) })
})
