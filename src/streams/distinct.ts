/**
 * distinct: a record goes on unless another of its id has gone on whose event time is less than `within` ms away.
 *
 * Each record that goes on leaves a row at its time. What decides about a record that is not older than stream time -
 * within is younger than stream time - 2 * within. Rows are kept for that long, so no answer depends on when they are
 * removed. An older record cannot be judged: it goes on, and is counted.
 */
import type { Subscriber } from 'rxjs'
import { checkedFunction, checkOptions, checkWhole } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import { int64, json } from '../core/serdes.ts'
import { shown } from '../core/shown.ts'
import { checkStore } from '../core/store-constants.ts'
import { sumMs } from '../core/units.ts'
import { SizedForm } from '../core/windows/window-form.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { OperatorNode } from '../plan/node.ts'
import { type OperatorContext, operatorError, type OperatorFactory } from '../plan/operator.ts'
import { segmentLayout } from '../plan/store-layout.ts'
import { keyOf, ordered, type OrderedStore, type StoreSpec } from '../plan/store.ts'
import { CarrierSubscriber, operate } from '../plan/subscriber.ts'
import { refusePromise } from './answers.ts'
import type { Named } from './dsl/functions.ts'
import type { StreamParts } from './parts.ts'
import { type ErasedStore, nameOf, storeSpec } from './store-spec.ts'

type IdOf = (record: StreamRecord<unknown, unknown>) => unknown

/** Serdes are invariant in their type, so they are erased where only the interface says which ones fit. */
export interface ErasedDistinctOptions extends Named {
  readonly id: (record: never) => unknown
  readonly within: number
  readonly store?: ErasedStore | undefined
}

/** @throws MillraceError `bad_option`, `topology_invalid` */
export function distinctNode({ plan, node }: StreamParts, given: ErasedDistinctOptions): OperatorNode {
  const options = checkOptions('distinct', given, ['id', 'within', 'store', 'name'])
  const id = checkedFunction('the id of distinct', options.id) as IdOf
  const within = checkWhole('within', options.within, 1)
  const constant = options.store === undefined ? undefined : checkStore('distinct', options.store)
  if (constant?.retentionMs !== undefined) {
    throw new MillraceError(
      'bad_option',
      `store "${constant.name}" says retentionMs, but distinct keeps rows for twice its within: leave it out`,
      { store: constant.name },
    )
  }
  return plan.stateful('distinct', node, nameOf({ name: options.name, store: constant }, node), (nodeId) => {
    const store = storeSpec(nodeId, constant, {
      kind: 'windowStore',
      // As JSON, 1 and '1' are two ids.
      keyCodec: codecOf((constant?.key ?? json<string | number>()) as Serde<unknown>),
      valueCodec: codecOf(int64()) as Codec<unknown>,
      layout: segmentLayout(sumMs(within, within)),
      form: new SizedForm(within),
      facts: { within },
    })
    // It compares the records of its own partition, whatever brings them there.
    const own = Object.freeze({ ...store, isOfTask: true })
    return { stores: [own], operator: keepingDistinct(own, id, within) }
  })
}

function keepingDistinct(store: StoreSpec, id: IdOf, within: number): OperatorFactory {
  return (context) => operate((out) => new DistinctSubscriber(out, context, store, id, within))
}

class DistinctSubscriber extends CarrierSubscriber {
  readonly #context: OperatorContext
  readonly #passed: OrderedStore<string | number, number>
  readonly #idOf: IdOf
  readonly #within: number

  constructor(out: Subscriber<Carrier>, context: OperatorContext, store: StoreSpec, idOf: IdOf, within: number) {
    super(out)
    this.#context = context
    this.#passed = ordered(context.state<string | number, number>(store))
    this.#idOf = idOf
    this.#within = within
  }

  protected override _next(carrier: Carrier): void {
    const { streamTime } = this.#context
    const { timestamp } = carrier
    const id = this.#id(carrier)
    if (id !== null) {
      if (timestamp < streamTime.now - this.#within) this.#context.count('undecided')
      else if (this.#hasPassed(id, timestamp)) return this.#context.drop('duplicate', carrier)
    }
    streamTime.advance(timestamp)
    if (id !== null) this.#keep(id, timestamp)
    this.out.next(carrier)
  }

  #id(carrier: Carrier): string | number | null {
    try {
      const id = this.#idOf(carrier.view())
      if (typeof id === 'string' || id === null) return id
      if (typeof id === 'number') return id + 0 // -0 is 0
      refusePromise('the id of distinct', id)
      throw new MillraceError('bad_record', `the id of distinct is ${shown(id)}; expected a string, a number or null`)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  #hasPassed(id: string | number, timestamp: number): boolean {
    const fromTime = timestamp - this.#within + 1
    const toTime = sumMs(timestamp, this.#within - 1)
    try {
      return this.#passed.rowsOf(keyOf(id), fromTime, toTime).length > 0
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  #keep(id: string | number, timestamp: number): void {
    try {
      this.#passed.put(this.#passed.row(keyOf(id), timestamp), timestamp, timestamp)
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }
}
