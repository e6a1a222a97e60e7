// A sound log without an engine: what a directory holds after a run that has come so far, made of the seed and the model.
import type { Serde } from '../../src/index.ts'
import { namesBeside } from './beside-model.ts'
import { decodable, type Kept, type StoredRecord } from './contents.ts'
import { type InputRecord, inputOf, isMalformed, type Plan, prefixEndsOf } from './input.ts'
import { lineOf, Model, placed, type PlacedRecord, sequenceOf } from './model.ts'
import { deadLetters, place, trace, windowMs } from './topics.ts'

export const plan: Plan = { seed: 5, records: 400, mode: 'complete' }

/** Steps of run 1 in the trace; the rest are of run 2. */
export const firstRunSteps = 100

/** A log to be doctored: everything in it may be changed in place. */
export interface SoundLog {
  readonly topics: Record<string, StoredRecord[][]>
  kept: Kept
}

const input = placed(inputOf(plan))
/** The part of the input that is counted. */
export const done: readonly PlacedRecord[] = sequenceOf(input).slice(0, 300)

export function soundLog(): SoundLog {
  const model = new Model(done)
  const topics: Record<string, StoredRecord[][]> = {
    orders: laneRecords('orders', 4),
    returns: laneRecords('returns', 2),
    place: [
      prefixEndsOf(plan)
        .slice(1)
        .map((end) => stored(place.name, 0, 'importer', end)),
    ],
    trace: [
      done
        .filter((record) => !isMalformed(record))
        .map(({ timestamp, value: { n } }, step) =>
          stored(trace.name, timestamp, null, { n, run: step < firstRunSteps ? 1 : 2 }),
        ),
    ],
    [deadLetters.name]: [done.filter(isMalformed).map(deadLetter)],
    ...Object.fromEntries(
      Object.entries(model.outputs).map(([name, lanes]) => [
        name,
        lanes.map((lines) => lines.map((line) => ofLine(name, line))),
      ]),
    ),
  }
  for (const name of namesBeside)
    topics[name] = model.beside.map(({ lines }) => lines[name].map((line) => ofLine(name, line)))
  for (const lane of Object.values(topics).flat()) renumber(lane)
  return { topics, kept: keptAfter(model, topics) }
}

/** Gives the records of a partition the offsets that they would have. */
export function renumber(lane: StoredRecord[]): void {
  for (const [offset, record] of lane.entries()) lane[offset] = { ...record, offset }
}

function stored(topic: string, timestamp: number, key: unknown, value: unknown): StoredRecord {
  const serdes = decodable.get(topic)
  const bytes = (serde: Serde<unknown> | undefined, part: unknown): Uint8Array | null =>
    part === null || serde === undefined ? null : serde.encode(part)
  return { offset: 0, timestamp, key: bytes(serdes?.key, key), value: bytes(serdes?.value, value), headers: [] }
}

function ofLine(topic: string, line: string): StoredRecord {
  const [timestamp, key, value] = line.split(' ').map((part) => JSON.parse(part) as unknown)
  return stored(topic, timestamp as number, key, value)
}

function laneRecords(topic: InputRecord['topic'], partitions: number): StoredRecord[][] {
  return Array.from({ length: partitions }, (_, lane) =>
    input
      .filter((record) => record.topic === topic && record.partition === lane)
      .map(({ timestamp, key, value }) => stored(topic, timestamp, key, value)),
  )
}

function deadLetter({ topic, partition, offset, timestamp, key, value }: PlacedRecord): StoredRecord {
  const headers = Object.entries({ topic, partition, offset }).map(([name, text]) => ({
    key: `millrace.${name}`,
    value: Buffer.from(String(text)),
  }))
  return { ...stored(deadLetters.name, timestamp, key, value), headers }
}

function keptAfter(model: Model, topics: SoundLog['topics']): Kept {
  const consumed = (topic: string): number => done.filter((record) => record.topic === topic).length
  return {
    metrics: {
      consumed: { orders: consumed('orders'), returns: consumed('returns') },
      produced: Object.fromEntries(Object.entries(topics).map(([name, lanes]) => [name, lanes.flat().length])),
      dropped: { 'per-window': { late: model.late } },
      failed: { map: { user_function_threw: done.filter(isMalformed).length } },
      streamTimes: Object.fromEntries(model.streamTimes.map((time, lane) => [`per-window/${lane}`, time])),
    },
    counts: [...model.counts.values()].map(({ item, start, value, timestamp }) =>
      lineOf(timestamp, { key: item, window: { start, end: start + windowMs } }, value),
    ),
    totals: [...model.totals].map(([key, { value, timestamp }]) => lineOf(timestamp, key, value)),
    summary: [...model.summary].map(([key, { value, timestamp }]) => lineOf(timestamp, key, value)),
  }
}
