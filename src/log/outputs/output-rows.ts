/**
 * The records of an output of a version: what it shares with another up to some offsets, then a topic of its own.
 */
import { present } from '../../core/assert.ts'
import type { BatchCursor } from '../format/batch-cursor.ts'
import { partitionsOf, type PartitionedTopic, type PartitionId } from '../format/partition-id.ts'
import { RecordWalk } from '../consumer/record-walk.ts'
import type { StoredRecords } from '../contract.ts'
import type { OutputBase } from '../kept/application-rows.ts'

/** An output of a version, as its row says it. */
export interface VersionOutput {
  /** The topic that the version writes; undefined: it has written nothing of its own. */
  readonly topic: PartitionedTopic | undefined
  /** What came before: another topic, up to an offset in each partition; `gone` when that was deleted. */
  readonly base?: SharedOutput | 'gone' | undefined
}

/** The topic of another version up to some offsets. */
export interface SharedOutput extends Omit<OutputBase, 'topicId'> {
  readonly topic: PartitionedTopic
}

/** A stretch of a partition; `to` is not part of it. */
export interface Stretch {
  readonly partition: PartitionId
  readonly from: number
  readonly to: number
  /** Compaction up to here leaves what counts of it. */
  readonly keptTo: number
}

/** What an output holds now, by partition; what is before an end does not change, except by deletion and compaction. */
export function stretchesOf(records: StoredRecords, { topic, base }: VersionOutput): readonly (readonly Stretch[])[] {
  const own = (topic === undefined ? [] : partitionsOf(topic)).map((partition) =>
    stretch(records, partition, records.endOffset(partition)),
  )
  if (base === undefined || base === 'gone') return own.map((one) => [one])
  const { ends, keptTo = ends } = base
  const before = partitionsOf(base.topic).map((partition, at) =>
    stretch(records, partition, ends[at] ?? 0, keptTo[at] ?? 0),
  )
  return Array.from({ length: Math.max(own.length, before.length) }, (_, at) =>
    [before[at], own[at]].filter((one) => one !== undefined),
  )
}

function stretch(records: StoredRecords, partition: PartitionId, to: number, keptTo: number = to): Stretch {
  return { partition, from: Math.min(to, records.startOffset(partition)), to, keptTo }
}

/** Why what an output held cannot be known any longer. */
export function lossOf(records: StoredRecords, output: VersionOutput): string | undefined {
  const { base } = output
  if (base === undefined) return undefined
  if (base === 'gone') return 'the topic that it begins with was deleted'
  const isCompacted = stretchesOf(records, { topic: undefined, base })
    .flat()
    .some(({ partition, keptTo }) => records.compactedTo(partition) > keptTo)
  return isCompacted ? `it begins with a part of "${base.topic.name}", and compaction has gone past that` : undefined
}

/** Whether records are gone that were there when the stretches were looked at. */
export function haveLost(records: StoredRecords, stretches: readonly (readonly Stretch[])[]): boolean {
  return stretches
    .flat()
    .some(
      ({ partition, from, keptTo }) => records.startOffset(partition) > from || records.compactedTo(partition) > keptTo,
    )
}

/** Goes over the records of one partition of an output. */
export class OutputWalk {
  readonly #records: StoredRecords
  readonly #stretches: readonly Stretch[]
  #at = 0
  #walk: RecordWalk | undefined

  constructor(records: StoredRecords, stretches: readonly Stretch[]) {
    this.#records = records
    this.#stretches = stretches
  }

  /** The current record. */
  get cursor(): BatchCursor {
    return present(this.#walk, 'there is a record only after next()').cursor
  }

  /** Moves to the next record; false at the end. Throws as {@link RecordWalk.next}. */
  next(): boolean {
    for (;;) {
      const stretch = this.#stretches[this.#at]
      if (stretch === undefined) return false
      this.#walk ??= new RecordWalk(this.#records, stretch.partition, stretch.from)
      if (this.#walk.offset < stretch.to && this.#walk.next() && this.#walk.cursor.offset < stretch.to) return true
      this.#at++
      this.#walk = undefined
    }
  }
}
