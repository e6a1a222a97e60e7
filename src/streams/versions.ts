/**
 * The versions of rows: what was the newest at any time within the history. A delete is a version too.
 *
 * The newest version of a key is a row of one store, which never expires: read as of now, it costs what a row of any
 * table does. Every version that another one has followed is in a second store, under the time at which it ended, with
 * the time at which it began as its timestamp. So it expires with the last moment that it can be asked for. A delete
 * that is the newest has no row in the first store. It is a mark in the second one, under its own time with the
 * number 1, and expires when no older version can follow.
 *
 *     put a at 10, b at 30, a delete at 50:
 *         newest   –
 *         history  [30] a from 10   [50] b from 30   [50 #1] deleted from 50
 *
 * The versions of a key follow each other without gaps, from the oldest that has not expired.
 */
import type { Codec } from '../core/serde.ts'
import { VersionCodec } from '../core/version-codec.ts'
import type { OperatorContext } from '../plan/operator.ts'
import {
  historyOf,
  type KeyOf,
  ordered,
  type OrderedRow,
  type OrderedStore,
  type Row,
  type Store,
  type StoreSpec,
} from '../plan/store.ts'
import { keyLayout, segmentLayout } from '../plan/store-layout.ts'
import { type ErasedStore, storeSpec } from './store-spec.ts'

/** The numbers of rows of the history. */
const ended = 0
const newestDelete = 1

/** The two stores of a table of versions: the newest, and the history. */
export type VersionStores = readonly [newest: StoreSpec, history: StoreSpec]

export function versionStores(
  id: string,
  constant: ErasedStore | undefined,
  historyMs: number,
  keyCodec: Codec<unknown>,
  valueCodec: Codec<unknown>,
): VersionStores {
  const newest = storeSpec(id, constant, { kind: 'versionedStore', keyCodec, valueCodec, layout: keyLayout() })
  const history = storeSpec(historyOf(newest.name), undefined, {
    kind: 'versionedStore',
    keyCodec,
    valueCodec: new VersionCodec(valueCodec),
    layout: segmentLayout(historyMs, { isNumbered: true }),
  })
  return [newest, history]
}

export class Versions {
  readonly #newest: Store<unknown, unknown>
  readonly #history: OrderedStore<unknown, unknown>

  constructor(context: Pick<OperatorContext, 'state'>, [newest, history]: VersionStores) {
    this.#newest = context.state(newest)
    this.#history = ordered(context.state(history))
  }

  /** The newest version; it does not exist where that is a delete. */
  newest(key: KeyOf<unknown>): Row<unknown> {
    return this.#newest.row(key)
  }

  /** The version that was the newest at a time within the history; undefined where that is a delete, or none. */
  asOf(key: KeyOf<unknown>, time: number): Pick<Row<unknown>, 'value' | 'timestamp'> | undefined {
    const newest = this.#newest.row(key)
    if (newest.exists && newest.timestamp <= time) return newest
    // Stream time has passed it by more than the history, so what is left is not all that was.
    if (time < this.#history.expiredBefore - 1) return undefined
    const found = this.#endedAfter(key, time)
    return found !== undefined && found.timestamp <= time && found.value !== null ? found : undefined
  }

  /**
   * Puts a version; null is a delete. One of the same time takes the place of the other. Its time is not older than the
   * history, and the stream time of the stores takes it into account already.
   *
   * @param newest the row that {@link newest} gave
   * @returns whether it is the newest now
   */
  put(key: KeyOf<unknown>, newest: Row<unknown>, value: unknown, timestamp: number): boolean {
    const mark = newest.exists ? undefined : this.#newestDelete(key)
    const newestTime = mark?.timestamp ?? newest.timestamp
    if (timestamp < newestTime) {
      this.#putOlder(key, value, timestamp, newestTime)
      return false
    }
    if (newestTime >= 0 && timestamp > newestTime) {
      const before = newest.exists ? newest.value : null
      this.#history.put(this.#history.row(key, timestamp, ended), before, newestTime)
    }
    if (mark !== undefined) this.#history.remove(mark)
    if (value !== null) this.#newest.put(newest, value, timestamp)
    else {
      this.#newest.remove(newest)
      this.#history.put(this.#history.row(key, timestamp, newestDelete), null, timestamp)
    }
    return true
  }

  /** One that lies between others ends the one before it, and ends where the next one begins. */
  #putOlder(key: KeyOf<unknown>, value: unknown, timestamp: number, newestTime: number): void {
    const after = this.#endedAfter(key, timestamp)
    const isInside = after !== undefined && after.timestamp <= timestamp
    if (isInside && after.timestamp < timestamp) {
      this.#history.put(this.#history.row(key, timestamp, ended), after.value, after.timestamp)
    }
    const end = after === undefined ? newestTime : isInside ? after.at : after.timestamp
    this.#history.put(this.#history.row(key, end, ended), value, timestamp)
  }

  /** The first version that ended after a time: the one of that time, or where none is known, the first after it. */
  #endedAfter(key: KeyOf<unknown>, time: number): OrderedRow<unknown> | undefined {
    const first = this.#history.firstOf(key, time + 1, Number.MAX_SAFE_INTEGER)
    // The mark of a delete comes after all that have ended.
    return first?.number === ended ? first : undefined
  }

  #newestDelete(key: KeyOf<unknown>): OrderedRow<unknown> | undefined {
    const last = this.#history.lastOf(key, 0, Number.MAX_SAFE_INTEGER)
    return last?.number === newestDelete ? last : undefined
  }
}
