// The naive model: what the counter must have written and must keep after working on a sequence of records. Maps and
// loops, and nothing of millrace.
import { ModelBeside } from './beside-model.ts'
import { type InputRecord, isMalformed } from './input.ts'
import { digestModulus, graceMs, regions, windowMs } from './topics.ts'

/** An input record and the place that it gets in the log. */
export interface PlacedRecord extends InputRecord {
  readonly partition: number
  readonly offset: number
}

export const partitionCounts = { orders: 4, returns: 2, counts: 3, totals: 4, summary: 2 } as const
const tasks = 4

/** A record as one line: timestamp, then key and value as JSON. */
export type Line = string

export function lineOf(timestamp: number, key: unknown, value: unknown): Line {
  return `${timestamp} ${JSON.stringify(key)} ${JSON.stringify(value)}`
}

/** Kafka's default partitioner, written down once more. */
export function partitionFor(text: string, partitions: number): number {
  const key = Buffer.from(text)
  const m = 0x5bd1e995
  let hash = 0x9747b28c ^ key.length
  const whole = key.length - (key.length % 4)
  for (let at = 0; at < whole; at += 4) {
    let word = Math.imul(key.readInt32LE(at), m)
    word = Math.imul(word ^ (word >>> 24), m)
    hash = Math.imul(hash, m) ^ word
  }
  const rest = key.subarray(whole)
  for (let at = rest.length - 1; at >= 0; at--) hash ^= (rest[at] as number) << (8 * at)
  if (rest.length > 0) hash = Math.imul(hash, m)
  hash = Math.imul(hash ^ (hash >>> 13), m)
  return ((hash ^ (hash >>> 15)) & 0x7fffffff) % partitions
}

/** Gives every input record its partition and offset. */
export function placed(input: readonly InputRecord[]): readonly PlacedRecord[] {
  const ends = new Map<string, number>()
  return input.map((record) => {
    const partition = partitionFor(record.key, partitionCounts[record.topic])
    const lane = `${record.topic}/${partition}`
    const offset = ends.get(lane) ?? 0
    ends.set(lane, offset + 1)
    return { ...record, partition, offset }
  })
}

/** The one sequence over all partitions of an input that is complete: the smallest head first, ties by topic, partition. */
export function sequenceOf(records: readonly PlacedRecord[]): readonly PlacedRecord[] {
  const lanes = new Map<string, PlacedRecord[]>()
  for (const record of records) {
    const name = `${record.topic}/${record.partition}`
    const lane = lanes.get(name)
    if (lane === undefined) lanes.set(name, [record])
    else lane.push(record)
  }
  const inOrder = [...lanes].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, lane]) => lane)
  const heads = inOrder.map(() => 0)
  return records.map(() => {
    let best = -1
    for (const [i, lane] of inOrder.entries()) {
      const head = lane[heads[i] as number]
      if (head === undefined) continue
      const bestHead = inOrder[best]?.[heads[best] as number]
      if (bestHead === undefined || head.timestamp < bestHead.timestamp) best = i
    }
    const at = heads[best] as number
    heads[best] = at + 1
    return inOrder[best]?.[at] as PlacedRecord
  })
}

interface Row {
  readonly value: number
  readonly timestamp: number
}

interface Regrouped {
  readonly to: 'by-item' | 'by-region'
  readonly partition: number
  readonly key: string
  readonly value: number
  readonly timestamp: number
}

/** Everything that the counter has written and keeps. */
export class Model {
  readonly outputs: { readonly counts: Line[][]; readonly totals: Line[][]; readonly summary: Line[][] } = {
    counts: Array.from({ length: partitionCounts.counts }, () => []),
    totals: Array.from({ length: partitionCounts.totals }, () => []),
    summary: Array.from({ length: partitionCounts.summary }, () => []),
  }
  /** By customer. */
  readonly totals: Map<string, Row> = new Map()
  /** By `start item`. */
  readonly counts: Map<string, Row & { readonly item: string; readonly start: number }> = new Map()
  /** By region. */
  readonly summary: Map<string, Row> = new Map()
  /** Of the windowed count, by partition. */
  readonly streamTimes: number[] = Array.from({ length: tasks }, () => -1)
  /** What is beside the counts, for each partition of the orders, which is one of each output too. */
  readonly beside: readonly ModelBeside[] = Array.from({ length: partitionCounts.orders }, () => new ModelBeside())
  late = 0
  #waiting: Regrouped[] = []

  /** Works on records in this order; malformed ones leave nothing. */
  constructor(sequence: readonly InputRecord[]) {
    for (const record of sequence) {
      if (isMalformed(record)) continue
      const { topic, timestamp, value } = record
      if (topic === 'orders') this.#total(record)
      this.#regroup('by-item', value.item, 0, timestamp)
      for (let next = this.#next(); next !== undefined; next = this.#next()) {
        if (next.to === 'by-item') this.#count(next)
        else this.#digest(next)
      }
    }
  }

  #regroup(to: Regrouped['to'], key: string, value: number, timestamp: number): void {
    this.#waiting.push({ to, partition: partitionFor(key, tasks), key, value, timestamp })
  }

  /** Each regrouping and partition is a queue; the queue with the earliest head goes next, ties by name and partition. */
  #next(): Regrouped | undefined {
    const seen = new Set<string>()
    let best: Regrouped | undefined
    let bestQueue = ''
    for (const record of this.#waiting) {
      const queue = `${record.to}/${record.partition}`
      if (seen.has(queue)) continue
      seen.add(queue)
      const before = best === undefined ? -1 : record.timestamp - best.timestamp
      if (before > 0 || (before === 0 && bestQueue < queue)) continue
      best = record
      bestQueue = queue
    }
    this.#waiting = this.#waiting.filter((record) => record !== best)
    return best
  }

  #total({ key, timestamp, value }: InputRecord): void {
    const before = this.totals.get(key)
    const row = rowAfter(before, (before?.value ?? 0) + value.quantity, timestamp)
    this.totals.set(key, row)
    this.beside[partitionFor(key, partitionCounts.orders)]?.take(key, value.quantity, timestamp, row)
    write(this.outputs.totals, key, lineOf(row.timestamp, key, row.value))
    this.#regroup('by-region', `region-${Number(key.split('-')[1]) % regions}`, row.value, row.timestamp)
  }

  #count({ key: item, partition, timestamp }: Regrouped): void {
    const streamTime = Math.max(this.streamTimes[partition] as number, timestamp)
    this.streamTimes[partition] = streamTime
    const start = timestamp - (timestamp % windowMs)
    const end = start + windowMs
    if (streamTime >= end + graceMs) {
      this.late++
      return
    }
    const before = this.counts.get(`${start} ${item}`)
    const row = rowAfter(before, (before?.value ?? 0) + 1, timestamp)
    this.counts.set(`${start} ${item}`, { ...row, item, start })
    write(this.outputs.counts, item, lineOf(row.timestamp, { key: item, window: { start, end } }, row.value))
    this.#regroup('by-region', `region-${(start / windowMs) % regions}`, row.value, row.timestamp)
  }

  #digest({ key, value, timestamp }: Regrouped): void {
    const before = this.summary.get(key)
    const row = rowAfter(before, ((before?.value ?? 0) * 31 + value) % digestModulus, timestamp)
    this.summary.set(key, row)
    write(this.outputs.summary, key, lineOf(row.timestamp, key, row.value))
  }
}

/** A row carries the larger timestamp. */
function rowAfter(before: Row | undefined, value: number, timestamp: number): Row {
  return { value, timestamp: Math.max(before?.timestamp ?? 0, timestamp) }
}

function write(topic: Line[][], key: string, line: Line): void {
  topic[partitionFor(key, topic.length)]?.push(line)
}
