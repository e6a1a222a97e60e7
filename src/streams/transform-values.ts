/**
 * A table's transformValues: a new value for every change, made by an operator of the user's that may keep stores, ask
 * for schedules, and remember.
 *
 * Semantics: Kafka Streams', which calls it for deletes too. Unlike there it is called once for a change, and never for
 * the value that was there before: what remembers would answer something else than it did then. So old values and rows
 * are only to be had from a store that keeps what it made.
 */
import type { Subscriber } from 'rxjs'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorContext, OperatorFactory } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { functionOf, refusePromise } from './answers.ts'
import type { RowTransformer } from './dsl/transform-values.ts'
import { type Deriving, keepingDerived } from './kept-rows.ts'
import { makeOwn, OwnContext } from './processor-context.ts'
import { ProcessorTurn } from './processor-turn.ts'

/** A transformer, as a program without types hands it in. */
export type AnyTransformer = (context: OwnContext) => RowTransformer<unknown, unknown, unknown>

/**
 * @param stores that the transformer names
 * @param kept keeps what it made
 */
export function transforming(
  transformer: AnyTransformer,
  stores: readonly StoreSpec[],
  kept: StoreSpec | undefined,
): OperatorFactory {
  const deriving: Deriving = (context) => valuesOf(context, transformer, stores)
  if (kept !== undefined) return keepingDerived(kept, deriving, false)
  return (context) => operate((out) => new TransformSubscriber(out, deriving(context)))
}

function valuesOf(
  context: OperatorContext,
  transformer: AnyTransformer,
  stores: readonly StoreSpec[],
): (carrier: Carrier) => unknown {
  const what = functionOf(context)
  const turn = new ProcessorTurn(context)
  const own = makeOwn<RowTransformer<unknown, unknown, unknown>>(context, turn, 'transform', () =>
    transformer(new OwnContext(context, turn, stores)),
  )
  return (carrier) => {
    let value: unknown
    turn.run(carrier, () => {
      value = own.transform(carrier.view())
      refusePromise(what, value)
    })
    return value
  }
}

class TransformSubscriber extends CarrierSubscriber {
  readonly #valueOf: (carrier: Carrier) => unknown

  constructor(out: Subscriber<Carrier>, valueOf: (carrier: Carrier) => unknown) {
    super(out)
    this.#valueOf = valueOf
  }

  protected override _next(carrier: Carrier): void {
    const value = this.#valueOf(carrier)
    this.out.next(
      carrier.isOlderVersion ? carrier.withOlderVersion(value, undefined) : carrier.withValue(value, undefined),
    )
  }
}
