// What applications run on: a directory, or a log in memory that is slow at its edges. Both take and give bytes.
import type { Log } from 'millrace'
import {
  type ApplicationLog,
  bindApplicationLog,
  type Commit,
  type EngineTopicRequest,
} from '../../src/log/contract.ts'
import { MillraceError } from '../../src/core/errors.ts'
import { type HexRecord, readBatch } from './batches.ts'
import { MemoryLog } from './memory-log.ts'
import { openDurableLog } from './open.ts'
import { temporaryDirectory } from './temporary-directory.ts'

export interface ApplicationCluster {
  /** What a process of its own holds. */
  connect(): ApplicationLog
  /** Writes a batch, if there is one; the topic is created where it is missing. */
  append(topic: EngineTopicRequest, partition: number, batch: Buffer | undefined): void
  /** Every batch of a topic, by partition; nothing when there is no such topic. */
  batchesOf(topic: string): readonly (readonly Buffer[])[]
  /** Offset, timestamp, key, value and headers of every record, by `topic/partition`. */
  linesOf(topics: readonly string[]): Readonly<Record<string, readonly string[]>>
}

export interface ApplicationImplementation {
  readonly name: string
  readonly start: () => ApplicationCluster
}

export const directories: ApplicationImplementation = {
  name: 'a directory',
  start() {
    const dir = temporaryDirectory()
    const { embedded } = openDurableLog(dir)
    const partitionsOf = (name: string) => {
      embedded.refresh()
      const topic = embedded.topics.find(name)
      return Array.from({ length: topic?.partitions ?? 0 }, (_, partition) => ({
        topic: name,
        topicId: topic?.id ?? 0,
        partition,
      }))
    }
    const batchesAt = (name: string) =>
      partitionsOf(name).map((partition) => {
        const batches = []
        for (let at = 0; at < embedded.endOffset(partition);) {
          const batch = embedded.batchAt(partition, at)
          if (batch === undefined) break
          batches.push(batch)
          at = batch.baseOffset + batch.bytes.readInt32BE(23) + 1
        }
        return { partition, batches }
      })
    return {
      connect: () => openDurableLog(dir).embedded,
      append(request, index, batch) {
        embedded.ensureTopics([request])
        if (batch === undefined) return
        const partition = partitionsOf(request.name)[index]
        if (partition === undefined) throw new Error(`${request.name} has no partition ${index}`)
        embedded.environment.write((transaction) => {
          embedded.partitions.append(transaction, partition, [Buffer.from(batch)], { nowMs: 0 })
        })
      },
      batchesOf: (name) => batchesAt(name).map(({ batches }) => batches.map(({ bytes }) => bytes)),
      linesOf: (names) => linesOf(names.flatMap(batchesAt)),
    }
  },
}

export function memory(seed: number): ApplicationImplementation {
  return { name: `a log in memory, seed ${seed}`, start: () => clusterOf(new MemoryLog(seed)) }
}

export function clusterOf(log: MemoryLog): ApplicationCluster {
  const batchesAt = (name: string) => {
    const topic = log.findTopic(name)
    return Array.from({ length: topic?.partitions ?? 0 }, (_, index) => {
      const partition = { topic: name, topicId: topic?.id ?? 0, partition: index }
      return { partition, batches: log.batches(partition) }
    })
  }
  return {
    connect: () => log,
    append(request, partition, batch) {
      const { name, id } = log.ensureTopic(request)
      if (batch !== undefined) log.append({ topic: name, topicId: id, partition }, [batch])
    },
    batchesOf: (name) => batchesAt(name).map(({ batches }) => batches.map(({ bytes }) => bytes)),
    linesOf: (names) => linesOf(names.flatMap(batchesAt)),
  }
}

interface ReadPartition {
  readonly partition: { readonly topic: string; readonly topicId: number; readonly partition: number }
  readonly batches: readonly { readonly baseOffset: number; readonly bytes: Buffer }[]
}

function linesOf(partitions: readonly ReadPartition[]): Record<string, string[]> {
  const lines = partitions.map(({ partition, batches }) => {
    const records = batches.flatMap(({ baseOffset, bytes }) => readBatch(bytes, baseOffset, partition))
    return [`${partition.topic}/${partition.partition}`, records.map(lineOf)] as const
  })
  return Object.fromEntries(lines.filter(([, records]) => records.length > 0))
}

function lineOf({ offset, timestamp, key, value, headers }: HexRecord & { readonly offset: number }): string {
  return [offset, timestamp, key, value, ...headers.flatMap((header) => [header.key, header.value])]
    .map(String)
    .join(' ')
}

/** A process that holds a log, and whose commits can be made to fail. */
export interface ApplicationClient {
  /** For `startStreams`. */
  readonly log: Log
  /** How the next commits end: `lost` with nothing written, `unheard` with everything written and no answer. */
  failing: 'lost' | 'unheard' | undefined
  /** What was committed, also by commits that failed. */
  readonly commits: Commit[]
}

export function connect(cluster: ApplicationCluster): ApplicationClient {
  const log = cluster.connect()
  const client: ApplicationClient = { log: {} as Log, failing: undefined, commits: [] }
  bindApplicationLog(client.log, {
    topicNames: () => log.topicNames(),
    copyLive: (id) => log.copyLive(id),
    removeVersion: (id) => log.removeVersion(id),
    find: (applicationId) => log.find(applicationId),
    records: log.records,
    async open(wanted, topics, begin) {
      const opened = await log.open(wanted, topics, begin)
      const { session } = opened
      const commit = session.commit.bind(session)
      session.commit = (one) => {
        client.commits.push(one)
        const { failing } = client
        if (failing === undefined) return commit(one)
        const failure = new MillraceError('storage_failed', `the commit is ${failing}`)
        const committing = failing === 'lost' ? undefined : commit(one)
        if (committing === undefined) throw failure
        return committing.then(() => {
          throw failure
        })
      }
      return opened
    },
  })
  return client
}
