/**
 * join and leftJoin of a stream with a table: each record meets the row of its key, as it is when the record comes.
 *
 * Semantics: Kafka Streams'. The table's changes join nothing; they change what later records meet. A joined record has
 * the key, the timestamp and the headers of the stream's record. Of a table of versions it meets the one that was the
 * newest at the time of the record.
 */
import type { Subscriber } from 'rxjs'
import { checkName, checkOptions, checkWhole } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { graceFact } from '../core/stored-plan.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, OperatorFactory } from '../plan/operator.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { graceOf, joiningAfterGrace } from './join-after-grace.ts'
import { type JoinVerb, joinKeyCodec, regrouped } from './join-keys.ts'
import { requireCodec, type StreamParts, type TableParts } from './parts.ts'
import { RowJoin } from './row-join.ts'
import type { Joiner } from './stream-join-operator.ts'
import type { TableRows } from './table-rows.ts'

/** The options, whatever the types of the sides. */
interface Options {
  readonly key?: object | undefined
  readonly value?: object | undefined
  readonly graceMs?: number | undefined
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
  const { key, value, graceMs, name }: Options = checkOptions(verb, options, ['key', 'value', 'graceMs', 'name'])
  if (name !== undefined) checkName('the name of an operator', name)
  if (graceMs !== undefined) checkGrace(verb, graceMs, rows.historyMs)
  const right = { plan: left.plan, node: tableNode, keyCodec: tableKeys, untouchedKeys, rekeyed: false }
  const keyCodec = joinKeyCodec(verb, key, left, right)
  const comesAlone = verb === 'leftJoin'
  const { plan, faces, rekeyed } = left
  const needsValues = rekeyed || value !== undefined || graceMs !== undefined
  const valueCodec = needsValues ? requireCodec(verb, 'value', value, left.valueCodec) : undefined
  const node =
    rekeyed && valueCodec !== undefined
      ? regrouped(verb, name && `${name}-left`, left, keyCodec, valueCodec)
      : left.node
  const made = plan.stateful(
    verb,
    node,
    name,
    (id) => {
      if (graceMs === undefined || valueCodec === undefined)
        return { stores: rows.stores, operator: joiningRows(rows, joiner, comesAlone), takesNullKeys: comesAlone }
      const grace = graceOf(id, graceMs, keyCodec, valueCodec)
      return {
        stores: [grace.buffer, ...rows.stores],
        operator: joiningAfterGrace(grace, rows, joiner, comesAlone),
        takesNullKeys: comesAlone,
        facts: { [graceFact]: graceMs },
      }
    },
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
    newest: false,
  }
}

/** Nothing older than its history can be asked of a table. */
function checkGrace(verb: JoinVerb, graceMs: number, historyMs: number | undefined): void {
  const checkedMs = checkWhole(`graceMs of ${verb}`, graceMs, 0)
  if (historyMs === undefined) {
    throw new MillraceError(
      'bad_option',
      `${verb} with graceMs takes a table of versions: make it with { versioned: { historyMs } }, or leave graceMs out`,
    )
  }
  if (checkedMs <= historyMs) return
  throw new MillraceError(
    'bad_option',
    `graceMs of ${verb} is ${checkedMs}, but the table keeps versions for ${historyMs} ms only: raise its historyMs`,
  )
}

function joiningRows(rows: TableRows, joiner: Joiner, comesAlone: boolean): OperatorFactory {
  return (context) =>
    operate(
      (out) => new StreamTableSubscriber(out, context, new RowJoin(context, rows, joiner, comesAlone), comesAlone),
    )
}

class StreamTableSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #join: RowJoin
  readonly #comesAlone: boolean

  constructor(out: Subscriber<Carrier>, context: OperatorContext, join: RowJoin, comesAlone: boolean) {
    super(out)
    this.#context = context
    this.#join = join
    this.#comesAlone = comesAlone
  }

  protected override _next(carrier: Carrier): void {
    if (carrier.isKeyNull && !this.#comesAlone) return this.#context.drop('null_key', carrier)
    if (carrier.isValueNull) return this.#context.drop('null_value', carrier)
    this.#join.emit(carrier, this.out)
  }
}
