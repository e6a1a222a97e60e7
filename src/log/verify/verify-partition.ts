/**
 * Checks a partition: its row, every segment, and that nothing lies outside its segments.
 */
import type { Environment } from '../../storage/environment.ts'
import { numberOfKey, partitionKey, partitionNumberKey } from '../../storage/keys.ts'
import { Findings } from './findings.ts'
import { decodePartitionRow, decodeSegment, type PartitionRow } from '../kept/partition-row.ts'
import { afterSegment, segmentOfTime, timeRange } from '../kept/time-rows.ts'
import { checkSegment, segmentFrom } from './verify-segment.ts'
import type { PartitionId } from '../format/partition-id.ts'

const rowsMax = 1_000_000

/** Rests with the bytes of each page that is done; writers may come in between. */
export function* checkPartition(
  environment: Environment,
  partition: PartitionId,
  deep: boolean,
  findings: Findings,
): Generator<number> {
  const place = { topic: partition.topic, partition: partition.partition }
  findings.counts.partitions++
  checkRow(environment, partition, findings)
  for (let from = 0; ;) {
    yield 0
    const row = readRow(environment, partition)
    if (row === undefined) return // damaged, as was said above, or deleted meanwhile
    const range = segmentFrom(environment, partition, row, from)
    if (range === undefined) return
    if (!Number.isSafeInteger(range.baseOffset)) {
      return findings.add(
        'wrong_segment',
        `${place.topic}[${place.partition}] has a segment at ${range.baseOffset}, which is not an offset`,
        place,
      )
    }
    from = range.baseOffset + 1
    if (range.endOffset <= row.startOffset) continue // it is empty, or being removed
    const found = yield* checkSegment(environment, partition, row, range, deep)
    if (found.isSound) findings.merge(found)
    else checkInOneSnapshot(environment, partition, range.baseOffset, deep, findings)
  }
}

/** What looked wrong may be half of two states: only what is wrong without a rest is. */
function checkInOneSnapshot(
  environment: Environment,
  partition: PartitionId,
  baseOffset: number,
  deep: boolean,
  findings: Findings,
): void {
  const row = readRow(environment, partition)
  const range = row && segmentFrom(environment, partition, row, baseOffset)
  if (row === undefined || range?.baseOffset !== baseOffset || range.endOffset <= row.startOffset) return
  const check = checkSegment(environment, partition, row, range, deep)
  for (;;) {
    const step = check.next()
    if (step.done !== true) continue
    findings.merge(step.value)
    return
  }
}

/** Undefined when there is none, or it is damaged. */
function readRow(environment: Environment, { topicId, partition }: PartitionId): PartitionRow | undefined {
  const key = partitionKey(topicId, partition)
  const stored = environment.get('partitions', key)
  return stored && decodePartitionRow(key, stored)
}

/** What the row says, against itself and the rows of the segments; in one snapshot. */
function checkRow(environment: Environment, partition: PartitionId, findings: Findings): void {
  const { topic, topicId, partition: index } = partition
  const wrong = (kind: Parameters<Findings['add']>[0], message: string, offset?: number): void =>
    findings.add(kind, `${topic}[${index}]: ${message}`, {
      topic,
      partition: index,
      ...(offset === undefined ? {} : { offset }),
    })
  // Deleted meanwhile, or a case for the check of orphans.
  if (environment.get('partitions', partitionKey(topicId, index)) === undefined) return
  const row = readRow(environment, partition)
  if (row === undefined) return wrong('wrong_partition', 'its row is damaged: where it ends is not known')
  const { startOffset, endOffset, gapsEnd, bytes, active } = row
  if (!(startOffset <= endOffset && gapsEnd <= endOffset && active.baseOffset <= endOffset)) {
    wrong('wrong_partition', `its row contradicts itself: ${JSON.stringify(row)}`)
  }
  const closed = environment.storedRange(
    'segments',
    partitionNumberKey(topicId, index, 0),
    partitionNumberKey(topicId, index + 1, 0),
    rowsMax,
  )
  const bases = [...closed.map(({ key }) => numberOfKey(key)), active.baseOffset]
  const kept = closed.filter((_, at) => (bases[at + 1] as number) > startOffset)
  const segments = kept.map(({ key, value }) => decodeSegment(key, value))
  if (segments.every((segment) => segment !== undefined)) {
    const total = segments.reduce((sum, segment) => sum + segment.bytes, active.bytes)
    if (total !== bytes) wrong('wrong_partition', `its row says ${bytes} bytes, and its segments have ${total}`)
  }
  for (const outside of batchesOutside(environment, partition, bases[0] as number, endOffset)) {
    wrong('misplaced_batch', `the batch at offset ${outside} belongs to no segment`, outside)
  }
  for (const base of timesOutside(environment, partition, new Set(bases))) {
    wrong('wrong_time_index', `the index by time has entries for a segment at offset ${base}, which is not there`, base)
  }
}

/** Base offsets of the first batch before the first segment, and of the first one past the end. */
function batchesOutside(
  environment: Environment,
  { topicId, partition }: PartitionId,
  firstBase: number,
  endOffset: number,
): number[] {
  const key = (offset: number): Buffer => partitionNumberKey(topicId, partition, offset)
  const ranges = [
    [key(0), key(firstBase)],
    [key(endOffset), partitionKey(topicId, partition + 1)],
  ] as const
  return ranges.flatMap(([from, to]) =>
    environment.storedRange('batches', from, to, 1).map((entry) => numberOfKey(entry.key)),
  )
}

function timesOutside(
  environment: Environment,
  { topicId, partition }: PartitionId,
  bases: ReadonlySet<number>,
): number[] {
  const outside: number[] = []
  for (let from: Buffer = timeRange({ topicId, partition }, 0)[0]; ;) {
    const [entry] = environment.storedRange('times', from, partitionKey(topicId, partition + 1), 1)
    if (entry === undefined) return outside
    const base = segmentOfTime(entry.key)
    if (!bases.has(base)) outside.push(base)
    from = afterSegment(entry.key)
  }
}
