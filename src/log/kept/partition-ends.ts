/**
 * The ends of all partitions of a topic, for those who ask again and again: one range of rows is read, and only a row
 * that has changed is looked at.
 */
import { equalBytes } from '../../core/bytes.ts'
import type { Environment } from '../../storage/environment.ts'
import { partitionKey } from '../../storage/keys.ts'
import type { PartitionedTopic } from '../format/partition-id.ts'
import type { Partitions } from './partitions.ts'

/** A row as it was, and the end that it gave. */
interface Known {
  readonly row: Buffer
  readonly endOffset: number
}

export class PartitionEnds {
  readonly #environment: Environment
  readonly #partitions: Partitions
  /** By the object that stands for the topic: it goes with the one who asks. */
  readonly #known = new WeakMap<PartitionedTopic, Known[]>()

  constructor(environment: Environment, partitions: Partitions) {
    this.#environment = environment
    this.#partitions = partitions
  }

  /** @throws MillraceError `topic_unknown`, `damaged`, as for one partition */
  of(topic: PartitionedTopic): number[] {
    const { id: topicId, partitions } = topic
    let known = this.#known.get(topic)
    if (known === undefined) this.#known.set(topic, (known = []))
    const from = partitionKey(topicId, 0)
    const rows = this.#environment.range('partitions', from, partitionKey(topicId, partitions), partitions)
    const ends: number[] = []
    for (let partition = 0; partition < partitions; partition++) {
      // Where rows are missing, others stand in their places; they differ, because their checksums cover their keys.
      const row = rows[partition]?.value ?? noRow
      const before = known[partition]
      const isKnown = before !== undefined && equalBytes(row, 0, row.length, before.row, 0, before.row.length)
      const endOffset = isKnown
        ? before.endOffset
        : this.#partitions.endOffset({ topic: topic.name, topicId, partition })
      if (!isKnown) known[partition] = { row, endOffset }
      ends.push(endOffset)
    }
    return ends
  }
}

const noRow = Buffer.alloc(0)
