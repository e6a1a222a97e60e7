// What a log directory holds, read through the public API alone: records as bytes, and the counter's stores and counters.
import { createHash } from 'node:crypto'
import {
  bytes,
  type Header,
  type KeyValueStore,
  type Log,
  type Metrics,
  nullable,
  startStreams,
  topic,
  type Topic,
  type WindowStore,
} from '../../src/index.ts'
import { lineOf } from './model.ts'
import { type AnyTopic, applicationId, countStore, everyTopic, summaryStore, totalStore } from './topics.ts'
import { countOrders } from './topology.ts'

export interface StoredRecord {
  readonly offset: number
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly Header[]
}

/** The records of a topic, by partition. */
export type Partitions = readonly (readonly StoredRecord[])[]

/** What the application keeps beside its outputs, as of its last commit. */
export interface Kept {
  readonly metrics: Pick<Metrics, 'consumed' | 'produced' | 'dropped' | 'failed' | 'streamTimes'>
  /** The rows of a store as lines, in the order of its keys. */
  readonly counts: readonly string[]
  readonly totals: readonly string[]
  readonly summary: readonly string[]
}

export interface Contents {
  readonly topics: ReadonlyMap<string, Partitions>
  /** Undefined where the application was not asked. */
  readonly kept: Kept | undefined
}

/** The same topic for a reader of bytes. */
export function asBytes({ name }: { readonly name: string }): Topic<Uint8Array | null, Uint8Array | null> {
  return topic(name, { key: nullable(bytes()), value: nullable(bytes()) })
}

/** Reads the topics in this order, each as of one moment; those that do not exist are left out. */
export async function readTopics(
  log: Log,
  names: readonly { readonly name: string }[] = everyTopic,
): Promise<Map<string, Partitions>> {
  const known = new Map((await log.admin.listTopics()).map(({ name, partitions }) => [name, partitions]))
  const topics = new Map<string, Partitions>()
  for (const { name } of names) {
    const count = known.get(name)
    if (count === undefined) continue
    const partitions: StoredRecord[][] = Array.from({ length: count }, () => [])
    for await (const { partition, records } of log.read(asBytes({ name })).batches()) {
      for (const { offset, timestamp, key, value, headers } of records) {
        partitions[partition]?.push({ offset, timestamp, key, value, headers })
      }
    }
    topics.set(name, partitions)
  }
  return topics
}

/** Asks the application itself, between its start and its first record. Fences whoever runs it. */
export async function readKept(log: Log): Promise<Kept> {
  const app = await startStreams(countOrders({ run: 0, pauseEvery: 0 }), { log, applicationId, onError: 'deadLetter' })
  const { consumed, produced, dropped, failed, streamTimes } = app.metrics()
  const rows = <K>(store: KeyValueStore<K, number>): string[] =>
    [...app.store(store).range()].map(({ key, value, timestamp }) => lineOf(timestamp, key, value))
  const windows = (store: WindowStore<string, number>): string[] =>
    [...app.store(store).range()].map(({ key, value, timestamp }) => lineOf(timestamp, key, value))
  const kept = {
    metrics: { consumed, produced, dropped, failed, streamTimes },
    counts: windows(countStore),
    totals: rows(totalStore),
    summary: rows(summaryStore),
  }
  await app.close()
  return kept
}

/** A stored record as the line that the model makes of it. */
export function decodedLine(of: AnyTopic, { timestamp, key, value }: StoredRecord): string {
  try {
    return lineOf(timestamp, key && of.key.decode(key), value && of.value.decode(value))
  } catch (error) {
    return `${timestamp} undecodable: ${String(error)}`
  }
}

export const decodable: ReadonlyMap<string, AnyTopic> = new Map(everyTopic.map((one) => [one.name, one]))

/** A digest over the first records of a partition: equal for two readers that saw the same. */
export class Chain {
  readonly #hash = createHash('sha1')

  add({ offset, timestamp, key, value, headers }: StoredRecord): void {
    const head = `${offset} ${timestamp} ${key?.length ?? -1} ${value?.length ?? -1} ${headers.length}\n`
    this.#hash.update(head)
    if (key !== null) this.#hash.update(key)
    if (value !== null) this.#hash.update(value)
    for (const header of headers)
      this.#hash.update(`${header.key} ${header.value?.length ?? -1}\n`).update(header.value ?? '')
  }

  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}
