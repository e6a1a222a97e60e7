// A version of an application with what it has to write and to keep after each of its records, as the naive evaluator of the
// model says it. It shares no code with replays, comparisons and switches.
import { int64, keyValueStore, type StorePosition, string, type Topology } from 'millrace'
import type { Case, InputRecord } from '../model/cases.ts'
import { Grown } from '../model/grown.ts'
import { partitionOf, shownKey } from '../model/naive.ts'
import type { NumberTopic } from '../model/sides.ts'

/** What each version keeps of its last step. */
export const kept = keyValueStore('kept', { key: string(), value: int64() })

export class ModelledVersion {
  readonly topology: Topology
  readonly inputs: readonly NumberTopic[]
  /** Only its records are determined, not those of views. */
  outputs: readonly NumberTopic[]
  /** The topics of views. */
  readonly views: readonly string[]
  /** The rows of {@link kept} after this many records, in the order of their keys. */
  readonly rows: readonly (readonly string[])[]
  /** By topic: what it has written after this many records. */
  readonly #written: ReadonlyMap<string, readonly (readonly string[])[]>

  constructor(drawn: Case, writesTables: boolean) {
    const grown = new Grown(drawn, kept, writesTables)
    const { topology, sources, naive } = grown
    const sinks = grown.outputs.flatMap((output) => ('sink' in output ? [output] : []))
    const written = new Map<string, (readonly string[])[]>(sinks.map(({ topic }) => [topic.name, []]))
    const rows: (readonly string[])[] = []
    const note = (): void => {
      for (const { topic, sink } of sinks) written.get(topic.name)?.push([...sink.written])
      rows.push(rowsOf(grown))
    }
    note()
    for (const { topic, ...record } of drawn.records) {
      const source = sources[topic]
      if (source !== undefined) naive.feed(source, { ...record, old: null })
      note()
    }
    this.topology = topology
    this.inputs = grown.inputs
    this.outputs = sinks.map(({ topic }) => topic)
    this.views = grown.outputs.flatMap((output) => ('sink' in output ? [] : [output.topic.name]))
    this.rows = rows
    this.#written = written
  }

  /** These topics are of views in another version, so what they hold is not determined. */
  leaveOut(names: readonly string[]): void {
    this.outputs = this.outputs.filter(({ name }) => !names.includes(name))
  }

  /** What the records from one on, up to another, make it write to a topic. */
  written(topic: string, from: number, to: number): readonly string[] {
    const all = this.#written.get(topic)
    return all?.[to]?.slice(all[from]?.length) ?? []
  }
}

function rowsOf({ naive, kept: node, partitions }: Grown): readonly string[] {
  if (node === undefined) return []
  const rows = Array.from({ length: partitions }, (_, partition) => {
    const keys = new Set((node.given.get(partition) ?? []).map(({ event }) => event.key))
    return [...keys].flatMap((key) => {
      const row = naive.rowOf(node, partition, key)
      return row === null ? [] : [`${shownKey(key)}=${row.value}@${row.timestamp}`]
    })
  })
  return rows.flat().toSorted()
}

/** Input whose order is the same however it is read: each record is later than the one before, or all are in one partition. */
export function inOrder(drawn: Case, isSpread: boolean): Case {
  if (!isSpread) {
    return { ...drawn, partitions: 1, records: drawn.records.map((record) => ({ ...record, topic: 0 })) }
  }
  let timestamp = 0
  // A global table is read whole before all else.
  const records = drawn.records.filter(({ topic }) => topic !== 2)
  const later = (one: InputRecord): InputRecord => {
    timestamp += 1 + (one.timestamp % 5)
    return { ...one, timestamp, key: drawn.partitions === 1 ? one.key : (one.key ?? 'null') }
  }
  return { ...drawn, records: records.map(later) }
}

/** How many records lie before a position. It has to be one at which all before have been read, and none after. */
export function countAt({ partitions, records }: Case, position: StorePosition): number {
  const left = new Map(Object.entries(position).map(([topic, offsets]) => [topic, [...offsets]]))
  let count = 0
  for (const [index, { topic, key }] of records.entries()) {
    const partition = key === null ? 0 : partitionOf(key, partitions)
    const offsets = left.get(`in-${topic}`)
    const offset = offsets?.[partition]
    if (offsets === undefined || offset === undefined) continue // a topic that it does not read
    if (offset === 0) break
    offsets[partition] = offset - 1
    count = index + 1
  }
  if ([...left.values()].flat().some((offset) => offset !== 0)) {
    throw new Error(`${JSON.stringify(position)} is no moment of the input: after ${count} records there is a gap`)
  }
  return count
}
