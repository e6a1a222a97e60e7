/**
 * Goes over the dead letters of a topic, forward or back, one stored batch at a time.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import { BatchCursor } from '../format/batch-cursor.ts'
import { partitionAt, type PartitionId, partitionsOf } from '../format/partition-id.ts'
import type { Partitions, StoredBatch } from '../kept/partitions.ts'
import type { TopicDescription } from '../kept/topic-row.ts'
import { letterAt } from './letter.ts'
import type { CheckedQuery } from './letter-query.ts'
import type { DeadLetter, LetterPlace } from './letters-face.ts'

/** What reading letters takes of a log. */
export interface LetterLog {
  readonly partitions: Partitions
  refresh(): void
}

/** The letters that a query means, batch by batch; some lists are empty. */
export async function* lettersOf(
  log: LetterLog,
  topic: TopicDescription,
  { fits, isNewestFirst, limit, after }: CheckedQuery,
): AsyncGenerator<readonly DeadLetter[]> {
  let left = limit
  const partitions = partitionsOf(topic).slice(after?.partition ?? 0)
  for (const partition of partitions) {
    log.refresh()
    const seen = after?.partition === partition.partition ? after.offset : undefined
    const batches = isNewestFirst ? backward(log, partition, seen) : forward(log, partition, seen)
    for (const batch of batches) {
      if (left === 0) return
      const found = batch.filter(fits).slice(0, left)
      left -= found.length
      yield found
      await yieldToEventLoop()
      log.refresh()
    }
  }
}

function* forward(log: LetterLog, partition: PartitionId, after: number | undefined): Generator<DeadLetter[]> {
  const { partitions } = log
  for (let at = after === undefined ? 0 : after + 1; ;) {
    at = Math.max(at, partitions.startOffset(partition)) // what is deleted meanwhile is passed over
    const stored = partitions.batchAt(partition, at)
    if (stored === undefined) return
    const cursor = new BatchCursor(partition)
    yield [...lettersIn(partition, cursor, stored.bytes, stored.baseOffset, at, Number.POSITIVE_INFINITY)]
    at = cursor.endOffset
  }
}

function* backward(log: LetterLog, partition: PartitionId, before: number | undefined): Generator<DeadLetter[]> {
  const { partitions } = log
  for (let end = before ?? partitions.endOffset(partition); ;) {
    const stored = partitions.batchBefore(partition, end)
    if (stored === undefined) return
    const { bytes, baseOffset } = stored
    const start = partitions.startOffset(partition)
    yield [...lettersIn(partition, new BatchCursor(partition), bytes, baseOffset, start, end)].toReversed()
    end = baseOffset
  }
}

/** The letters of a batch from one offset to before another. */
function* lettersIn(
  partition: PartitionId,
  cursor: BatchCursor,
  bytes: Buffer,
  baseOffset: number,
  from: number,
  to: number,
): Generator<DeadLetter> {
  cursor.load(bytes, baseOffset)
  while (cursor.next()) if (cursor.offset >= from && cursor.offset < to) yield letterAt(partition, cursor)
}

/**
 * The letter at each of these places, in their order; undefined where there is none. Each stored batch is read once,
 * however many of them lie in it.
 */
export async function lettersAt(
  log: LetterLog,
  topic: TopicDescription,
  places: readonly LetterPlace[],
): Promise<readonly (DeadLetter | undefined)[]> {
  const found = places.map((): DeadLetter | undefined => undefined)
  const wanted = places
    .map(({ partition, offset }, at) => ({ partition, offset, at }))
    .toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
  for (let next = 0; next < wanted.length;) {
    const [first, from] = [wanted[next], next]
    if (first === undefined || first.partition >= topic.partitions) break
    const partition = partitionAt(topic, first.partition)
    const cursor = new BatchCursor(partition)
    if (load(cursor, storedAt(log, partition, first.offset))) {
      while (cursor.next()) {
        for (let one = wanted[next]; one !== undefined && one.partition === first.partition; one = wanted[next]) {
          if (one.offset > cursor.offset) break
          if (one.offset === cursor.offset) found[one.at] = letterAt(partition, cursor)
          next++
        }
      }
      await yieldToEventLoop()
      log.refresh()
    }
    next = Math.max(next, from + 1)
  }
  return found
}

/** The batch at an offset, or the first one after it; undefined where nothing is kept there. */
function storedAt({ partitions }: LetterLog, partition: PartitionId, offset: number): StoredBatch | undefined {
  return offset < partitions.row(partition).startOffset ? undefined : partitions.batchAt(partition, offset)
}

function load(cursor: BatchCursor, stored: StoredBatch | undefined): boolean {
  if (stored !== undefined) cursor.load(stored.bytes, stored.baseOffset)
  return stored !== undefined
}
