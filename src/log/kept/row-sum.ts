/**
 * A count and a digest of a set of rows. If the rows that are found later do not match, one of them is hidden or out of
 * date.
 */
import { readInt32, writeInt32 } from '../../core/bytes.ts'
import { crc32c } from '../../core/checksum.ts'

export interface RowSum {
  readonly count: number
  /** The exclusive or of the checksums of all rows, so that one row can be taken out and another put in. */
  readonly digest: number
}

export const noRows: RowSum = { count: 0, digest: 0 }

/** With one row more; without a value, there is no such row. */
export function sumWith({ count, digest }: RowSum, key: Buffer, value: Buffer | undefined): RowSum {
  return value === undefined ? { count, digest } : { count: count + 1, digest: digest ^ checksumOf(key, value) }
}

/** With one row less; without a value, there was no such row. */
export function sumWithout({ count, digest }: RowSum, key: Buffer, value: Buffer | undefined): RowSum {
  return value === undefined ? { count, digest } : { count: count - 1, digest: digest ^ checksumOf(key, value) }
}

function checksumOf(key: Buffer, value: Buffer): number {
  return crc32c(value, crc32c(key))
}

const sumBytes = 8

export function encodeSum({ count, digest }: RowSum): Buffer {
  const row = Buffer.allocUnsafe(sumBytes)
  writeInt32(row, 0, count)
  writeInt32(row, 4, digest)
  return row
}

/** The sum of no rows when there is no such row. */
export function decodeSum(row: Buffer | undefined): RowSum {
  return row?.length === sumBytes ? { count: readInt32(row, 0), digest: readInt32(row, 4) } : noRows
}

export function equalSums(one: RowSum, other: RowSum): boolean {
  return one.count === other.count && one.digest === other.digest
}
