/**
 * What a record of a stream meets in a table: the row of its key, joined by the user's function.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, operatorError } from '../plan/operator.ts'
import { functionOf, refusePromise } from './answers.ts'
import type { Joiner } from './stream-join-operator.ts'
import type { RowReader, TableRows } from './table-rows.ts'

export class RowJoin {
  readonly #operator: string
  readonly #what: string
  readonly #rows: RowReader
  readonly #isVersioned: boolean
  readonly #joiner: Joiner
  readonly #comesAlone: boolean

  /** @param comesAlone whether a record that meets no row is joined with null */
  constructor(context: OperatorContext, rows: TableRows, joiner: Joiner, comesAlone: boolean) {
    this.#operator = context.operator
    this.#what = functionOf(context)
    this.#rows = rows.reader(context)
    this.#isVersioned = rows.historyMs !== undefined
    this.#joiner = joiner
    this.#comesAlone = comesAlone
  }

  /** Emits what a record and its row make; of a table of versions it is the row as of the record's time. */
  emit(carrier: Carrier, out: Subscriber<Carrier>): void {
    let joined: unknown
    try {
      const asOf = this.#isVersioned ? carrier.timestamp : undefined
      const row = carrier.isKeyNull ? undefined : this.#rows.get(carrier, asOf)
      if (row === undefined && !this.#comesAlone) return
      joined = this.#joiner(carrier.value, row === undefined ? null : row.value, carrier.key)
      refusePromise(this.#what, joined)
    } catch (error) {
      throw operatorError(this.#operator, error)
    }
    out.next(carrier.withValue(joined, undefined))
  }
}
