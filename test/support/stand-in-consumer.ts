// The smallest consumer that a transaction can take positions of: reads one partition of a topic for a group.
import type { LogRecord } from '../../src/core/record.ts'
import { codecOf } from '../../src/core/serde.ts'
import type { Topic } from '../../src/core/topic.ts'
import { BatchCursor } from '../../src/log/format/batch-cursor.ts'
import { decodeRecord } from '../../src/log/format/decode.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import type { OffsetSource, OffsetStage } from '../../src/log/producer/offset-source.ts'
import type { PartitionId } from '../../src/log/format/partition-id.ts'

export class StandInConsumer<K, V> implements OffsetSource {
  readonly #log: EmbeddedLog
  readonly #topic: Topic<K, V>
  readonly #group: string
  readonly #partition: PartitionId
  /** Of the next record. */
  position: number
  /** What it was told is committed. */
  committed = -1

  constructor(log: EmbeddedLog, topic: Topic<K, V>, group: string, partition: number = 0) {
    this.#log = log
    this.#topic = topic
    this.#group = group
    this.#partition = { topic: topic.name, topicId: log.describeTopic(topic.name).id, partition }
    this.position = log.positions.get(group, this.#partition)?.offset ?? 0
  }

  /** Up to so many of the next records. */
  poll(limit: number): LogRecord<K, V>[] {
    const records: LogRecord<K, V>[] = []
    this.#log.refresh()
    while (records.length < limit) {
      const stored = this.#log.batchAt(this.#partition, this.position)
      if (stored === undefined) break
      const cursor = new BatchCursor(this.#partition)
      cursor.load(stored.bytes, stored.baseOffset)
      while (records.length < limit && cursor.next()) {
        if (cursor.offset < this.position) continue
        records.push(decodeRecord(cursor, this.#partition, codecOf(this.#topic.key), codecOf(this.#topic.value)))
        this.position = cursor.offset + 1
      }
    }
    return records
  }

  stageOffsets(): OffsetStage {
    const offset = this.position
    return {
      write: (transaction) => {
        this.#log.positions.checkNotApplication(this.#group)
        this.#log.positions.put(transaction, this.#group, this.#partition, { offset, committedMs: 0, metadata: '' })
      },
      committed: () => {
        this.committed = offset
      },
    }
  }
}
