/**
 * What is stored of a producer: its last batches in each partition, and who holds a transactional id.
 */
import { writeUint64 } from '../../core/bytes.ts'
import { namedKey } from '../../storage/keys.ts'
import { decodeNumbers, encodeNumbers } from './number-row.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'

/** A batch that a producer has appended, by its sequence numbers. */
export interface AppendedBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
}

/** What a producer did in a partition. */
export interface ProducerState {
  readonly epoch: number
  readonly lastAppendMs: number
  /** The last {@link batchesKept} of its epoch, in order. */
  readonly batches: readonly AppendedBatch[]
}

/** Who may write under a transactional id. */
export interface TransactionalOwner {
  readonly producerId: number
  readonly epoch: number
  readonly lastUsedMs: number
}

/** As many batches as a Kafka producer may have under way. */
export const batchesKept = 5

const stateName = 'state'
const ownerName = 'owner'
/** All keys of states, and all of owners, begin with these. */
export const statePrefix: Buffer = namedKey(stateName, '')
export const ownerPrefix: Buffer = namedKey(ownerName, '')

export function stateKeyOf(producerId: number, { topicId, partition }: PartitionNumbers): Buffer {
  const rest = Buffer.allocUnsafe(16)
  writeUint64(rest, 0, producerId)
  rest.writeUInt32BE(topicId, 8)
  rest.writeUInt32BE(partition, 12)
  return namedKey(stateName, rest)
}

export function ownerKeyOf(transactionalId: string): Buffer {
  return namedKey(ownerName, transactionalId)
}

export function encodeState(key: Buffer, { epoch, lastAppendMs, batches }: ProducerState): Buffer {
  const numbers = [epoch, lastAppendMs]
  for (const { firstSequence, lastSequence, baseOffset } of batches) {
    numbers.push(firstSequence, lastSequence, baseOffset)
  }
  return encodeNumbers(key, numbers)
}

/** Undefined when the bytes are damaged. */
export function decodeState(key: Buffer, stored: Buffer): ProducerState | undefined {
  const [epoch, lastAppendMs, ...rest] = decodeNumbers(key, stored) ?? []
  if (epoch === undefined || lastAppendMs === undefined || rest.length % 3 !== 0) return undefined
  const batches: AppendedBatch[] = []
  for (let at = 0; at < rest.length; at += 3) {
    const [firstSequence, lastSequence, baseOffset] = rest.slice(at, at + 3) as [number, number, number]
    batches.push({ firstSequence, lastSequence, baseOffset })
  }
  return { epoch, lastAppendMs, batches }
}

export function encodeOwner(key: Buffer, { producerId, epoch, lastUsedMs }: TransactionalOwner): Buffer {
  return encodeNumbers(key, [producerId, epoch, lastUsedMs])
}

/** Undefined when the bytes are damaged. */
export function decodeOwner(key: Buffer, stored: Buffer): TransactionalOwner | undefined {
  const numbers = decodeNumbers(key, stored, 3)
  if (numbers === undefined) return undefined
  const [producerId, epoch, lastUsedMs] = numbers as [number, number, number]
  return { producerId, epoch, lastUsedMs }
}
