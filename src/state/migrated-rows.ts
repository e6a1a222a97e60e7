/**
 * The rows of a store as its codec would write them now: what a store with versions holds of older ones.
 */
import { ByteWriter, copyBytes } from '../core/bytes.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { StateReader } from '../storage/state-rows.ts'
import { keyLayoutOf } from './layout.ts'
import { valueBegin } from './row.ts'

/** A row whose bytes are others now. */
export interface MigratedRow {
  readonly key: Buffer
  readonly value: Buffer
}

export interface MigratedPage {
  readonly rows: readonly MigratedRow[]
  /** What the first row threw that could not be migrated; it stays as it is. */
  readonly error: unknown
  /** The last key of the page; undefined at the end of the store. */
  readonly last: Buffer | undefined
}

const scratch = new ByteWriter(1_024)

/** Looks at the next rows after a key, at most `max`, as of the last commit. */
export function migratedPage(
  { layout, valueCodec }: StoreSpec,
  reader: StateReader,
  storeId: number,
  partition: number,
  after: Buffer | undefined,
  max: number,
): MigratedPage {
  const { firstKey, endKey } = keyLayoutOf(layout)
  const from = after === undefined ? firstKey : Buffer.concat([after, Buffer.of(0)])
  const page = reader.range(storeId, partition, from, endKey, max)
  const begin = valueBegin(layout)
  const rows: MigratedRow[] = []
  let error: unknown
  for (const { key, value } of page) {
    try {
      scratch.at = 0
      scratch.ensure(begin)
      copyBytes(value, 0, begin, scratch.bytes, 0)
      scratch.at = begin
      valueCodec.write(valueCodec.read(value, begin, value.length), scratch)
      const migrated = scratch.copyFrom(0)
      if (!migrated.equals(value)) rows.push({ key, value: migrated })
    } catch (thrown) {
      error ??= thrown
    }
  }
  return { rows, error, last: page.length < max ? undefined : page.at(-1)?.key }
}
