/**
 * Which dead letters of an application were sent again, so that none is sent twice: one bit for each, in rows of many.
 */
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix, namedKey, partitionNumberKey } from '../../storage/keys.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'

/** Where a letter lies. */
export interface PlacedLetter extends PartitionNumbers {
  readonly offset: number
}

const word = 'redriven'
/** How many offsets a row holds, 8 in a byte. */
const rowOffsets = 4_096
const rowBytes = rowOffsets / 8
const pageRows = 512

function prefixOf(applicationId: string): Buffer {
  return namedKey(applicationId, namedKey(word, ''))
}

function keyOf(applicationId: string, { topicId, partition, offset }: PlacedLetter): Buffer {
  const number = Math.floor(offset / rowOffsets)
  return namedKey(applicationId, namedKey(word, partitionNumberKey(topicId, partition, number)))
}

export function wasRedriven(
  environment: Pick<Environment, 'get'>,
  applicationId: string,
  letter: PlacedLetter,
): boolean {
  const bit = letter.offset % rowOffsets
  const row = environment.get('applications', keyOf(applicationId, letter))
  return row !== undefined && ((row[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0
}

/** In the transaction that sends it. */
export function markRedriven(
  environment: Pick<Environment, 'get'>,
  transaction: WriteTransaction,
  applicationId: string,
  letter: PlacedLetter,
): void {
  const bit = letter.offset % rowOffsets
  const key = keyOf(applicationId, letter)
  const row = Buffer.from(environment.get('applications', key) ?? Buffer.alloc(rowBytes))
  row[bit >> 3] = (row[bit >> 3] ?? 0) | (1 << (bit & 7))
  transaction.put('applications', key, row)
}

/** The application is deleted. */
export function forgetRedriven(environment: Environment, transaction: WriteTransaction, applicationId: string): void {
  const prefix = prefixOf(applicationId)
  const pages = [...environment.pages('applications', prefix, afterPrefix(prefix), pageRows)]
  for (const { key } of pages.flat()) transaction.remove('applications', key)
}

/** Whether a row of an application is one of these; what is wrong with it, for verification. */
export function redrivenProblem(applicationId: string, key: Buffer, value: Buffer): string | false | undefined {
  const prefix = prefixOf(applicationId)
  if (!key.subarray(0, prefix.length).equals(prefix)) return false
  return key.length === prefix.length + 16 && value.length === rowBytes ? undefined : 'it says nothing of dead letters'
}
