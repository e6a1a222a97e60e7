/**
 * join and leftJoin of a stream with a global table: each record meets the row that it refers to, as it is when the
 * record comes.
 *
 * Semantics: Kafka Streams'. The record need not have a key, and keeps the one it has; it lies in whatever partition.
 * One that refers to nothing joins nothing, or in a left join null.
 */
import type { Subscriber } from 'rxjs'
import { checkedFunction, checkName, checkOptions } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { keyOf } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { functionOf, refusePromise } from './answers.ts'
import type { JoinVerb } from './join-keys.ts'
import type { GlobalTableParts, StreamParts } from './parts.ts'
import type { RowReader, TableRows } from './table-rows.ts'

/** A joiner, whatever the types of its sides. */
export type GlobalJoiner = (left: unknown, right: unknown, key: unknown, tableKey: unknown) => unknown
type TableKey = (record: StreamRecord<unknown, unknown>) => unknown

interface Options {
  readonly tableKey?: TableKey | undefined
  readonly name?: string | undefined
}

/** Checks everything before it adds a node, so that a refused call changes nothing. */
export function joinWithGlobalTable(
  verb: JoinVerb,
  left: StreamParts,
  { node: tableNode, rows }: GlobalTableParts,
  joiner: GlobalJoiner,
  options: object,
): StreamParts {
  if (verb === 'outerJoin') {
    throw new MillraceError(
      'bad_option',
      'outerJoin takes two streams or two tables: a global table has no records of its own',
    )
  }
  const { tableKey, name }: Options = checkOptions(verb, options, ['tableKey', 'name'])
  if (name !== undefined) checkName('the name of an operator', name)
  const keyFor = checkedFunction(`tableKey of ${verb}`, tableKey) as TableKey
  const comesAlone = verb === 'leftJoin'
  const operator = lookingUp(rows, keyFor, joiner, comesAlone)
  const parts = { stores: rows.stores, operator, takesNullKeys: comesAlone }
  const node = left.plan.stateful(verb, left.node, name, () => parts, [tableNode])
  return { ...left, node, valueCodec: undefined }
}

function lookingUp(rows: TableRows, tableKey: TableKey, joiner: GlobalJoiner, comesAlone: boolean): OperatorFactory {
  return (context) =>
    operate((out) => new LookUpSubscriber(out, context, rows.reader(context), tableKey, joiner, comesAlone))
}

class LookUpSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #rows: RowReader
  readonly #tableKey: TableKey
  readonly #joiner: GlobalJoiner
  readonly #comesAlone: boolean
  readonly #what: string

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    rows: RowReader,
    tableKey: TableKey,
    joiner: GlobalJoiner,
    comesAlone: boolean,
  ) {
    super(out)
    this.#context = context
    this.#rows = rows
    this.#tableKey = tableKey
    this.#joiner = joiner
    this.#comesAlone = comesAlone
    this.#what = functionOf(context)
  }

  protected override _next(carrier: Carrier): void {
    const { operator } = this.#context
    if (carrier.isValueNull) return this.#context.drop('null_value', carrier)
    let joined: unknown
    try {
      const tableKey = this.#tableKey(carrier.view())
      refusePromise(this.#what, tableKey)
      const isNowhere = tableKey === null || tableKey === undefined
      if (isNowhere && !this.#comesAlone) return this.#context.drop('null_key', carrier)
      const row = isNowhere ? undefined : this.#rows.get(keyOf<unknown>(tableKey))
      if (row === undefined && !this.#comesAlone) return
      joined = this.#joiner(carrier.value, row === undefined ? null : row.value, carrier.key, tableKey ?? null)
      refusePromise(this.#what, joined)
    } catch (error) {
      throw operatorError(operator, error)
    }
    this.out.next(carrier.withValue(joined, undefined))
  }
}
