/**
 * The topology of the demo of orders, input for it, and what has to come of that, which is known as it is made.
 */
import { minutes, seconds } from '../../core/duration.ts'
import { int64, json, string } from '../../core/serdes.ts'
import { type KeyValueStore, keyValueStore } from '../../core/store-constants.ts'
import { type Topic, topic } from '../../core/topic.ts'
import { JoinWindows } from '../../core/windows/join-windows.ts'
import { StreamsBuilder } from '../../streams/streams-builder.ts'
import type { Topology } from '../../streams/topology.ts'
import { Dice } from './dice.ts'

interface Order {
  readonly customer: string
  readonly cents: number
}

/** An order once it is known whether it is paid. */
interface Settled extends Order {
  readonly isPaid: boolean
}

/** By id of the customer: the name. */
export const customers: Topic<string, string> = topic('customers', { key: string(), value: string() })
/** By number of the order. */
export const orders: Topic<string, Order> = topic('orders', { key: string(), value: json<Order>() })
/** By number of the order: cents. */
export const payments: Topic<string, number> = topic('payments', { key: string(), value: int64() })
/** By id of the customer, with the name. */
export const settled: Topic<string, Settled & { readonly name: string }> = topic('settled-orders', {
  key: string(),
  value: json<Settled & { readonly name: string }>(),
})
/** By name of the customer: cents that were paid. */
export const revenue: KeyValueStore<string, number> = keyValueStore('revenue', { key: string(), value: int64() })

/** How long an order waits for its payment, and how late a record may come. */
const paidWithinMs = minutes(10)
const graceMs = minutes(1)

export function settledOrders(): Topology {
  const builder = new StreamsBuilder()
  const named = builder
    .stream(orders)
    .leftJoin(builder.stream(payments), (order, cents): Settled => ({ ...order, isPaid: cents !== null }), {
      name: 'pay',
      window: JoinWindows.of({ before: 0, after: paidWithinMs, grace: graceMs }),
    })
    .selectKey(({ value }) => value.customer)
    .join(builder.table(customers), (order, name) => ({ ...order, name }), { key: string(), value: json<Settled>() })
  named.to(settled)
  named
    .filter(({ value }) => value.isPaid)
    .map(({ value }) => ({ key: value.name, value: value.cents }))
    .groupByKey({ key: string(), value: int64() })
    .reduce((sum, cents) => sum + cents, { store: revenue })
  return builder.build()
}

interface Input<V> {
  readonly key: string
  readonly value: V
  readonly timestamp: number
}

export interface OrdersInput {
  readonly customers: readonly Input<string>[]
  readonly orders: readonly Input<Order>[]
  /** In the order of their arrival. */
  readonly payments: readonly Input<number>[]
  readonly expected: {
    readonly paid: number
    readonly unpaid: number
    /** Orders of customers that are not known. */
    readonly strangers: number
    /** Payments that come after their time, and that of the order, is over. */
    readonly late: number
    readonly paidCents: number
  }
}

const begin = Date.UTC(2025, 2, 4, 9)
const names = ['Ada', 'Bela', 'Cyn', 'Dara', 'Eli', 'Finn'] as const

/** An order every 5 seconds; most are paid in time. */
export function madeUpOrders(count: number): OrdersInput {
  const dice = new Dice(2)
  const made: Input<Order>[] = []
  const paid: (Input<number> & { readonly arrival: number })[] = []
  const expected = { paid: 0, unpaid: 0, strangers: 0, late: 0, paidCents: 0 }
  const order = (at: number, customer: string): Input<Order> => {
    const value = { customer, cents: 100 + dice.below(20_000) }
    const one = { key: `order-${at}`, value, timestamp: begin + at * seconds(5) }
    made.push(one)
    return one
  }
  const pay = ({ key, value, timestamp }: Input<Order>, afterMs: number, waitsMs = 0): void => {
    paid.push({ key, value: value.cents, timestamp: timestamp + afterMs, arrival: timestamp + afterMs + waitsMs })
  }
  for (let at = 0; at < count; at++) {
    const drawn = dice.below(20)
    const one = order(at, drawn === 0 ? 'c-unknown' : `c-${dice.below(names.length)}`)
    if (drawn === 0) expected.strangers++
    // A machine that was offline sends a payment half an hour later: it says the time that it was made at.
    else if (drawn === 1) expected.late++
    else if (drawn <= 4) expected.unpaid++
    else {
      expected.paid++
      expected.paidCents += one.value.cents
    }
    if (drawn === 1) {
      expected.unpaid++
      pay(one, minutes(2), minutes(30))
    } else if (drawn <= 2) pay(one, minutes(15))
    else if (drawn > 4) pay(one, seconds(dice.below(9 * 60)))
  }
  // Time goes on past the last window: what is not paid by then is known to be unpaid.
  const last = order(count + minutes(60) / seconds(5), 'c-0')
  pay(last, seconds(1))
  expected.paid++
  expected.paidCents += last.value.cents
  return {
    customers: names.map((name, at) => ({ key: `c-${at}`, value: name, timestamp: begin - minutes(1) })),
    orders: made,
    payments: paid
      .toSorted((a, b) => a.arrival - b.arrival)
      .map(({ key, value, timestamp }) => ({ key, value, timestamp })),
    expected,
  }
}
