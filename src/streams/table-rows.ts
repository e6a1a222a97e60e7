/**
 * How an operator reads the current rows of a table that is not its own: joins look rows up, processors read them.
 *
 * A table that keeps its rows is read from its store. A `filter` or `mapValues` that keeps none is read from the table
 * before it, with its function applied to what is found there.
 *
 * What a reader can rely on, and has to keep to
 * - Its node lists all {@link TableRows.stores}, so that both are in one sub-topology and see one store. Its factory
 *   makes the reader, once.
 * - A table puts its row before it emits the change. Who gets a change finds the new value in the table; the old value
 *   is only in the change, where `wantsOld` asks for it. The table on the other side of a join may be ahead of its
 *   changes: where both come from one table, its store already has what the second input will bring.
 * - A row is read, not kept: it is only good until the table changes. A value that could be changed in place is a fresh
 *   copy at each reading.
 * - The key that it asks with is not null. Its bytes are those of the table's keys: a carrier of a co-partitioned
 *   stream will do, and so will `keyOf(key)`. For a windowed table it is a key with its window.
 * - What a function of `filter` or `mapValues` throws on the way is an error of that verb.
 * - A row of windows that have expired is not there, whenever its bytes go.
 * - Only a table of versions (`historyMs`) answers `asOf`: with the version that was the newest at that time; with none
 *   where the row was deleted then, or the time lies before the history. Without `asOf` it is the newest version.
 * - Changes of a table of versions need care: see `Carrier.isOlderVersion`.
 */
import { assert } from '../core/assert.ts'
import { MillraceError } from '../core/errors.ts'
import { noHeaders } from '../core/headers.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Timestamp } from '../core/units.ts'
import type { WindowForm } from '../core/windows/window-form.ts'
import type { Windowed } from '../core/windows/window.ts'
import type { PlanNode } from '../plan/node.ts'
import type { OperatorContext } from '../plan/operator.ts'
import { type KeyOf, keyOf, ordered, type Row, type Store, type StoreSpec } from '../plan/store.ts'

/** The rows of a table, for operators that are not the table's own. */
export interface TableRows {
  /**
   * What a reader reads, and what its node therefore lists.
   *
   * @throws MillraceError `topology_invalid` of a table whose rows are not known
   */
  readonly stores: readonly StoreSpec[]
  /** For how long versions can be asked for; undefined of a table that has only the newest. */
  readonly historyMs: number | undefined
  /** For a factory. */
  reader(context: Pick<OperatorContext, 'state'>): RowReader
}

export interface RowReader {
  /**
   * @param asOf of a table of versions: which was the newest at this time, inclusive
   * @throws MillraceError `undecodable`, `encode_failed`, `key_too_long`, and what functions on the way throw
   */
  get(key: KeyOf<unknown>, asOf?: number): TableRow | undefined
}

/** A row that is there: its value is never null. */
export type TableRow = Pick<Row<unknown>, 'value' | 'timestamp'>

/** The rows of a table that its node keeps in one store, with windows or without. */
export function rowsOf({ stores }: PlanNode): TableRows {
  const [store] = stores
  assert(store !== undefined && stores.length === 1, 'the rows of a table are in the one store of its node')
  return rowsIn(store)
}

/** The rows that a store keeps. */
export function rowsIn(store: StoreSpec): TableRows {
  const { form } = store
  return {
    stores: [store],
    historyMs: undefined,
    reader: (context) => {
      const state = context.state<unknown, unknown>(store)
      return form === undefined ? new KeyReader(state) : new WindowReader(state, form)
    },
  }
}

class KeyReader implements RowReader {
  readonly #state: Store<unknown, unknown>

  constructor(state: Store<unknown, unknown>) {
    this.#state = state
  }

  get(key: KeyOf<unknown>): TableRow | undefined {
    const row = this.#state.row(key)
    return row.exists ? row : undefined
  }
}

class WindowReader implements RowReader {
  readonly #state: Store<unknown, unknown>
  readonly #form: WindowForm

  constructor(state: Store<unknown, unknown>, form: WindowForm) {
    this.#state = state
    this.#form = form
  }

  get({ key: windowedKey }: KeyOf<unknown>): TableRow | undefined {
    const { key, window } = windowedKey as Windowed<unknown>
    const at = this.#form.atOf(window)
    if (at < this.#state.expiredBefore) return undefined
    const number = this.#form.numberOf(window)
    const row = this.#form.isNumbered
      ? ordered(this.#state).row(keyOf(key), at, number)
      : this.#state.row(keyOf(key), at)
    return row.exists ? row : undefined
  }
}

/**
 * The rows of a table that keeps none, and of which nothing else tells.
 *
 * @param why a part of a sentence, for who asks for them all the same
 */
export function unknownRows(operator: string, why: string): TableRows {
  const refuse = (): never => {
    throw new MillraceError(
      'topology_invalid',
      `what follows "${operator}" reads its rows, but ${why}: let it keep them, with { store: … }`,
      { operator },
    )
  }
  return {
    get stores(): never {
      return refuse()
    },
    historyMs: undefined,
    reader: refuse,
  }
}

/** The value of a row, made of one of the table before; null is no row. It gets that as a record without headers. */
export type DerivedRow = (row: StreamRecord<unknown, unknown>) => unknown

/** The rows of a verb that keeps none: each is made of the row of the table before it. */
export function derivedRows(parent: TableRows, derive: DerivedRow): TableRows {
  return {
    get stores() {
      return parent.stores
    },
    historyMs: parent.historyMs,
    reader: (context) => {
      const before = parent.reader(context)
      return {
        get(key, asOf) {
          const row = before.get(key, asOf)
          if (row === undefined) return undefined
          const { value, timestamp } = row
          assert(timestamp >= 0, 'a row that is there has a timestamp')
          const record = { key: key.key, value, timestamp: timestamp as Timestamp, headers: noHeaders }
          const derived = derive(Object.freeze(record))
          return derived === null ? undefined : { value: derived, timestamp }
        },
      }
    },
  }
}
