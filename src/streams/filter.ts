/**
 * filter and filterNot: which records go on.
 */
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorNode } from '../plan/node.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { functionOf, refuseLater } from './answers.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Predicate } from './dsl/functions.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import type { Subscriber } from 'rxjs'

export function filtering<K, V>(predicate: Predicate<K, V>, wanted: boolean): OperatorFactory {
  return (context) =>
    operate((out) => new FilterSubscriber(out, context, predicate as Predicate<unknown, unknown>, wanted))
}

/**
 * Of a table: a row that does not pass goes on as a deleted one. Where old values are known, a row that did not pass
 * before either is nothing downstream and does not go on; of a table of versions it does, because that is a version.
 */
export function filteringRows<K, V>(predicate: Predicate<K, V>, wanted: boolean, isVersioned = false): OperatorFactory {
  return (context) =>
    operate(
      (out) => new RowFilterSubscriber(out, context, predicate as Predicate<unknown, unknown>, wanted, isVersioned),
    )
}

/** A row as it passes: its value, or null where it does not. For who reads a table that keeps no rows. */
export function filteredRow<K, V>(
  node: Pick<OperatorNode, 'id' | 'verb'>,
  predicate: Predicate<K, V>,
  wanted: boolean,
): (row: StreamRecord<unknown, unknown>) => unknown {
  const { id, verb } = node
  const what = functionOf({ verb })
  return (row) => (passes(id, what, predicate as Predicate<unknown, unknown>, wanted, row) ? row.value : null)
}

function passes(
  operator: string,
  what: string,
  predicate: Predicate<unknown, unknown>,
  wanted: boolean,
  record: StreamRecord<unknown, unknown>,
): boolean {
  try {
    const answer: unknown = predicate(record)
    if (typeof answer !== 'boolean') refuseLater(what, answer)
    return Boolean(answer) === wanted
  } catch (error) {
    throw operatorError(operator, error)
  }
}

class FilterSubscriber extends CarrierSubscriber {
  readonly #operator: string
  readonly #what: string
  readonly #predicate: Predicate<unknown, unknown>
  readonly #wanted: boolean

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    predicate: Predicate<unknown, unknown>,
    wanted: boolean,
  ) {
    super(out)
    this.#operator = context.operator
    this.#what = functionOf(context)
    this.#predicate = predicate
    this.#wanted = wanted
  }

  protected passes(record: StreamRecord<unknown, unknown>): boolean {
    return passes(this.#operator, this.#what, this.#predicate, this.#wanted, record)
  }

  protected override _next(carrier: Carrier): void {
    if (this.passes(carrier.view())) this.out.next(carrier)
  }
}

class RowFilterSubscriber extends FilterSubscriber {
  readonly #wantsOld: boolean
  readonly #isVersioned: boolean

  constructor(
    out: Subscriber<Carrier>,
    context: OperatorContext,
    predicate: Predicate<unknown, unknown>,
    wanted: boolean,
    isVersioned: boolean,
  ) {
    super(out, context, predicate, wanted)
    this.#wantsOld = context.wantsOld
    this.#isVersioned = isVersioned
  }

  protected override _next(carrier: Carrier): void {
    const isDelete = carrier.isValueNull
    const passes = !isDelete && this.passes(carrier.view())
    if (carrier.isOlderVersion) this.out.next(passes ? carrier : carrier.withOlderVersion<unknown>(null, undefined))
    else if (this.#wantsOld) this.#nextChange(carrier, isDelete, passes)
    else this.out.next(isDelete || passes ? carrier : carrier.withValue<unknown>(null, undefined))
  }

  #nextChange(carrier: Carrier, isDelete: boolean, passes: boolean): void {
    const { old } = carrier
    const passed = old !== null && this.passes(carrier.oldView())
    if (passes) this.out.next(passed || old === null ? carrier : carrier.withOld(null))
    else if (passed) this.out.next(isDelete ? carrier : carrier.withChange<unknown>(null, old, undefined))
    else if (this.#isVersioned) this.out.next(carrier.withChange<unknown>(null, null, undefined))
  }
}
