/**
 * Goes over the records of a partition from an offset on, whatever batches hold them, and for as long as there are
 * more.
 *
 * Whatever reads a log reads it with this. A damaged batch is told with a way past it, and is told again when the walk
 * goes on from the same place.
 */
import { MillraceError } from '../../core/errors.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import type { PartitionId } from '../format/partition-id.ts'
import type { RecordSource } from '../kept/record-source.ts'

export class RecordWalk {
  readonly partition: PartitionId
  /** The current record. */
  readonly cursor: BatchCursor
  readonly #source: RecordSource
  /** Where the next record is looked for. */
  #offset: number
  /** Whether the cursor stands before #offset, in the batch that holds it. */
  #isLoaded = false
  #readBytes = 0

  constructor(source: RecordSource, partition: PartitionId, offset: number) {
    this.#source = source
    this.partition = partition
    this.cursor = new BatchCursor(partition)
    this.#offset = offset
  }

  /** The offset after the last record, or where the walk was sent. */
  get offset(): number {
    return this.#offset
  }

  /** Whether a batch is under way. */
  get isInBatch(): boolean {
    return this.#isLoaded
  }

  /** Bytes of the batches that were read since the walk began, as they are stored. */
  get readBytes(): number {
    return this.#readBytes
  }

  /** Goes on from an offset, and reads again what is stored there. */
  moveTo(offset: number): void {
    this.#offset = offset
    this.#isLoaded = false
  }

  /**
   * Moves to the next record; false when there is none yet.
   *
   * @throws MillraceError `damaged`, whose offset is the last one of the batch, and as {@link RecordSource.batchAt}
   */
  next(): boolean {
    while (this.enterBatch()) if (this.nextInBatch()) return true
    return false
  }

  /**
   * Begins the batch that holds the next record, unless one is under way; false when there is none yet. Throws as
   * {@link next}.
   */
  enterBatch(): boolean {
    if (this.#isLoaded) return true
    let at = this.#offset
    try {
      const stored = this.#source.batchAt(this.partition, at)
      if (stored === undefined) return false
      at = stored.baseOffset
      this.cursor.load(stored.bytes, at)
      this.#readBytes += stored.bytes.length
      this.#isLoaded = true
      return true
    } catch (error) {
      throw this.#withWayPast(at, error)
    }
  }

  /** Moves to the next record of the batch that is under way; false at its end. Throws as {@link next}. */
  nextInBatch(): boolean {
    const { cursor } = this
    try {
      while (cursor.next()) {
        if (cursor.offset < this.#offset) continue
        this.#offset = cursor.offset + 1
        return true
      }
    } catch (error) {
      this.#isLoaded = false
      throw this.#withWayPast(cursor.baseOffset, error)
    }
    this.moveTo(cursor.endOffset)
    return false
  }

  /** The error of a damaged batch, with the offset that a reader has to get past to go on; any other error as it is. */
  #withWayPast<E>(baseOffset: number, error: E): E | MillraceError {
    if (!(error instanceof MillraceError) || error.code !== 'damaged') return error
    const { topic, partition } = this.partition
    const next = this.#source.baseOffsetAfter(this.partition, baseOffset)
    return new MillraceError('damaged', `${error.message}; to skip it, read from offset ${next}`, {
      topic,
      partition,
      offset: next - 1,
      cause: error,
    })
  }
}

/** The timestamp of the first record at or after an offset; undefined where there is none. */
export function nextTimestamp(source: RecordSource, partition: PartitionId, offset: number): number | undefined {
  const walk = new RecordWalk(source, partition, offset)
  return walk.next() ? walk.cursor.timestamp : undefined
}

/**
 * Whether a record is left at or after an offset: there may be none before the end, where compaction has taken those
 * that were there. One that cannot be read is left too; reading says so.
 */
export function isRecordLeft(source: RecordSource, partition: PartitionId, offset: number): boolean {
  try {
    return new RecordWalk(source, partition, offset).next()
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'damaged') return true
    throw error
  }
}
