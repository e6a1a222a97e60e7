/**
 * The right to write, while one callback runs.
 */
import { assert } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import type { DatabaseName } from './databases.ts'
import { keyBytesMax } from './keys.ts'
import type { PackedRows } from './packed-rows.ts'
import type { PendingRows } from './pending-rows.ts'
import { isSealed, seal } from './sealed-rows.ts'

/** The right to write, valid until the callback that it was given to returns. Keys and values are kept, not copied. */
export interface WriteTransaction {
  /**
   * @throws MillraceError `bad_option` for a key of more than {@link keyBytesMax} bytes, `defect` after the callback
   */
  put(database: DatabaseName, key: Uint8Array, value: Uint8Array): void
  /** As {@link put}, for a value that is sealed already (sealed-rows.ts). */
  putSealed(database: DatabaseName, key: Uint8Array, sealed: Uint8Array): void
  /** Writes all of these, whose keys are not too long; they are kept, not copied. */
  writeAll(database: DatabaseName, rows: PackedRows): void
  /** @throws MillraceError `defect` after the callback */
  remove(database: DatabaseName, key: Uint8Array): void
  /** Calls back when the commit is durable, before anyone else hears of it; not at all when it fails. */
  onDurable(callback: () => void): void
}

/** Notes what is to be written. */
export class NotingTransaction implements WriteTransaction {
  /** To be called when the commit is durable. */
  readonly durable: (() => void)[] = []
  readonly #pending: PendingRows
  #isOver = false

  constructor(pending: PendingRows) {
    this.#pending = pending
  }

  put(database: DatabaseName, key: Uint8Array, value: Uint8Array): void {
    this.putSealed(database, key, isSealed(database, key) ? seal(key, value) : value)
  }

  putSealed(database: DatabaseName, key: Uint8Array, sealed: Uint8Array): void {
    this.#checkOpen()
    if (key.length > keyBytesMax) throw keyTooLong(database, key)
    this.#pending.add(database, key as Buffer, sealed as Buffer)
  }

  writeAll(database: DatabaseName, rows: PackedRows): void {
    this.#checkOpen()
    this.#pending.addAll(database, rows)
  }

  remove(database: DatabaseName, key: Uint8Array): void {
    this.#checkOpen()
    if (key.length > keyBytesMax) return
    this.#pending.add(database, key as Buffer, undefined)
  }

  onDurable(callback: () => void): void {
    this.#checkOpen()
    this.durable.push(callback)
  }

  #checkOpen(): void {
    assert(!this.#isOver, 'a transaction is used only inside the callback that it was given to')
  }

  /** Everyone who still has it is refused from here on. */
  end(): void {
    this.#isOver = true
  }
}

/** Of a name without a limit of its own; nothing is wrong with the disk. */
export function keyTooLong(database: DatabaseName, key: Uint8Array): MillraceError {
  return new MillraceError(
    'bad_option',
    `a key of ${key.length} bytes is too long for a row of "${database}", which takes up to ${keyBytesMax}: use a shorter name`,
  )
}
