/**
 * join and leftJoin of a stream with a table: each record meets the row of its key, as it is when the record comes.
 *
 * Semantics: Kafka Streams'. The table's changes join nothing; they change what later records meet. A joined record has
 * the key, the timestamp and the headers of the stream's record. Of a table of versions it meets the one that was the
 * newest at the time of the record.
 */
import type { Subscriber } from 'rxjs'
import { checkName, checkOptions } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Carrier } from '../plan/carrier.ts'
import { type OperatorContext, type OperatorFactory, operatorError } from '../plan/operator.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { functionOf, refusePromise } from './answers.ts'
import { type JoinVerb, joinKeyCodec, regrouped } from './join-keys.ts'
import { requireCodec, type StreamParts, type TableParts } from './parts.ts'
import type { Joiner } from './stream-join-operator.ts'
import type { RowReader, TableRows } from './table-rows.ts'

/** The options, whatever the types of the sides. */
interface Options {
  readonly key?: object | undefined
  readonly value?: object | undefined
  readonly name?: string | undefined
}

/** Checks everything before it adds a node, so that a refused call changes nothing. */
export function joinWithTable(
  verb: JoinVerb,
  left: StreamParts,
  { node: tableNode, keyCodec: tableKeys, untouchedKeys, rows }: TableParts,
  joiner: Joiner,
  options: object,
): StreamParts {
  if (verb === 'outerJoin') {
    throw new MillraceError(
      'bad_option',
      'outerJoin takes two streams or two tables: a table has no records of its own',
    )
  }
  const { key, value, name }: Options = checkOptions(verb, options, ['key', 'value', 'name'])
  if (name !== undefined) checkName('the name of an operator', name)
  const right = { plan: left.plan, node: tableNode, keyCodec: tableKeys, untouchedKeys, rekeyed: false }
  const keyCodec = joinKeyCodec(verb, key, left, right)
  const comesAlone = verb === 'leftJoin'
  const { plan, faces, rekeyed } = left
  const valueCodec = rekeyed || value !== undefined ? requireCodec(verb, 'value', value, left.valueCodec) : undefined
  const node =
    rekeyed && valueCodec !== undefined
      ? regrouped(verb, name && `${name}-left`, left, keyCodec, valueCodec, comesAlone)
      : left.node
  const made = plan.stateful(
    verb,
    node,
    name,
    () => ({ stores: rows.stores, operator: joiningRows(rows, joiner, comesAlone) }),
    [tableNode],
  )
  return {
    faces,
    plan,
    node: made,
    keyCodec,
    valueCodec: undefined,
    untouchedKeys: left.untouchedKeys,
    rekeyed: false,
  }
}

function joiningRows(rows: TableRows, joiner: Joiner, comesAlone: boolean): OperatorFactory {
  return (context) => {
    const reader = rows.reader(context)
    return operate(
      (out) => new StreamTableSubscriber(out, context, reader, rows.historyMs !== undefined, joiner, comesAlone),
    )
  }
}

class StreamTableSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #rows: RowReader
  readonly #isVersioned: boolean
  readonly #joiner: Joiner
  readonly #comesAlone: boolean
  readonly #what: string

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    rows: RowReader,
    isVersioned: boolean,
    joiner: Joiner,
    comesAlone: boolean,
  ) {
    super(out)
    this.#context = context
    this.#rows = rows
    this.#isVersioned = isVersioned
    this.#joiner = joiner
    this.#comesAlone = comesAlone
    this.#what = functionOf(context)
  }

  protected override _next(carrier: Carrier): void {
    const { isKeyNull } = carrier
    if (isKeyNull && !this.#comesAlone) return this.#context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.#context.drop('null_value', carrier)
    let joined: unknown
    try {
      const row = isKeyNull ? undefined : this.#rows.get(carrier, this.#isVersioned ? carrier.timestamp : undefined)
      if (row === undefined && !this.#comesAlone) return
      joined = this.#joiner(carrier.value, row === undefined ? null : row.value, carrier.key)
      refusePromise(this.#what, joined)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
    this.out.next(carrier.withValue(joined, undefined))
  }
}
