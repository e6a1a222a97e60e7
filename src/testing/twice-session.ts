/**
 * A session that reads the records of one log and keeps everything else in another: what it appends goes to a listener
 * and is not kept at all.
 */
import type { MillraceError } from '../core/errors.ts'
import type { InstanceFigures } from '../core/figures.ts'
import type {
  Commit,
  PartitionId,
  Position,
  Session,
  SessionInstance,
  StateReader,
  StoredBatch,
  StoredRecords,
  StoreSize,
  TopicDescription,
  EngineTopicRequest,
} from '../log/contract.ts'
import { BatchCursor } from '../log/format/batch-cursor.ts'
import { completeHeader, placeMark } from '../log/format/header.ts'
import type { PartitionedTopic } from '../log/format/partition-id.ts'

/** The input of both runs. */
export interface TwiceInput {
  readonly records: StoredRecords
  /** Where a partition is read from, and to. */
  rangeOf(partition: PartitionId): { readonly start: number; readonly end: number }
  /** A topic as it is in the log, or as it would be created. */
  topicOf(request: EngineTopicRequest): TopicDescription
}

/** Gets each record that is written, in the order of its partition. */
export type OutputListener = (partition: PartitionId, cursor: BatchCursor, hasAppendTime: boolean) => void

export class TwiceSession implements Session {
  readonly #kept: Session
  readonly #input: TwiceInput
  readonly #wrote: OutputListener

  constructor(kept: Session, input: TwiceInput, wrote: OutputListener) {
    this.#kept = kept
    this.#input = input
    this.#wrote = wrote
  }

  get instance(): SessionInstance {
    return this.#kept.instance
  }

  get state(): StateReader {
    return this.#kept.state
  }

  get stateBytes(): number {
    return this.#kept.stateBytes
  }

  storeId(name: string): number | undefined {
    return this.#kept.storeId(name)
  }

  storeSize(name: string): StoreSize | undefined {
    return this.#kept.storeSize(name)
  }

  refresh(): void {
    this.#kept.refresh()
    this.#input.records.refresh()
  }

  /** The ends do not move, so there is no more to look for. */
  newestCommit(): number {
    return 0
  }

  positions(): readonly Position[] {
    return this.#kept.positions()
  }

  endOffset(partition: PartitionId): number {
    return this.#input.rangeOf(partition).end
  }

  endOffsets({ name, id, partitions }: PartitionedTopic): readonly number[] {
    return Array.from({ length: partitions }, (_, partition) => this.endOffset({ topic: name, topicId: id, partition }))
  }

  offsetAtTime(partition: PartitionId, timestamp: number): number {
    return this.#input.records.offsetAtTime(partition, timestamp)
  }

  batchAt(partition: PartitionId, offset: number): StoredBatch | 'later' | undefined {
    return this.#input.records.batchAt(partition, offset)
  }

  findTopic(name: string): TopicDescription {
    return this.#input.topicOf({ name })
  }

  topicsVersion(): number {
    return 0
  }

  ensureTopic(topic: EngineTopicRequest): TopicDescription {
    return this.#input.topicOf(topic)
  }

  get isFenced(): boolean {
    return this.#kept.isFenced
  }

  get hasStores(): boolean {
    return this.#kept.hasStores
  }

  fence(): MillraceError {
    return this.#kept.fence()
  }

  commit(commit: Commit): void | Promise<void> {
    for (const { partition, batches, usesAppendTime = false } of commit.appends) {
      const cursor = new BatchCursor(partition)
      for (const batch of batches) {
        completeHeader(batch, placeMark(partition), 0)
        cursor.load(batch, 0)
        while (cursor.next()) this.#wrote(partition, cursor, usesAppendTime)
      }
    }
    return this.#kept.commit({ ...commit, newTopics: [], appends: [] })
  }

  leaveFigures(figures: InstanceFigures): void | Promise<void> {
    return this.#kept.leaveFigures(figures)
  }

  onNews(): () => void {
    return () => undefined
  }

  close(): void | Promise<void> {
    return this.#kept.close()
  }
}
