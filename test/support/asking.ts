// Operators that ask for jobs, for plans that are built by hand: they pass records on, and what their jobs emit.
import { string, type Topology } from 'millrace'
import { type Codec, codecOf } from '../../src/core/serde.ts'
import type { Carrier } from '../../src/plan/carrier.ts'
import {
  type CarrierObserver,
  type OperatorContext,
  operatorError,
  type OperatorFactory,
} from '../../src/plan/operator.ts'
import type { PlanBuilder } from '../../src/plan/plan-builder.ts'
import { operate, PassingSubscriber } from '../../src/plan/subscriber.ts'
import { planned, planTopic } from './plans.ts'
import { input, output } from './topology.ts'

/** What an asking operator emits with. */
export type Emit = (job: Carrier, key: string, value: string) => void

/** What it does with a record beside passing it on. */
export type OnRecord = (carrier: Carrier) => void

/**
 * An operator that asks for jobs when it is made.
 *
 * @param ask may return what is to be done with each record before it goes on
 */
export function asking(ask: (context: OperatorContext, emit: Emit) => OnRecord | void): OperatorFactory {
  return (context) => {
    let to: CarrierObserver | undefined
    const text = codecOf(string()) as Codec<unknown>
    const onRecord = ask(context, (job, key, value) =>
      to?.next(job.withKeyAndValue<unknown, unknown>(key, text, value, text)),
    )
    return operate((out) => {
      to = out
      return new PassingSubscriber({
        next(carrier) {
          try {
            onRecord?.(carrier)
          } catch (error) {
            throw operatorError(context.operator, error)
          }
          out.next(carrier)
        },
      })
    })
  }
}

/** From `input` through an asking operator, `asker`, to `output`. */
export function plan(ask: Parameters<typeof asking>[0]): (builder: PlanBuilder) => void {
  return (builder) => {
    const source = builder.source([planTopic(input)], 'earliest', undefined)
    builder.sink(builder.stateless('ask', source, 'asker', asking(ask)), planTopic(output), undefined)
  }
}

export function topologyOfAsking(ask: Parameters<typeof asking>[0]): Topology {
  return planned(plan(ask))
}
