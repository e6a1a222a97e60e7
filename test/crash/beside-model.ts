// The naive model of what the counter runs beside its counts, in one partition: arrays, and nothing of millrace.
import { gapMs, limitMs, nearGraceMs, nearMs, sessionGraceMs } from './topics.ts'

interface Order {
  readonly key: string
  readonly quantity: number
  readonly timestamp: number
}

interface Session {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly count: number
}

interface Held {
  readonly key: string
  readonly due: number
  readonly value: number
  readonly timestamp: number
}

export const namesBeside = ['looked-up', 'pairs', 'visits', 'limited', 'answers'] as const

export class ModelBeside {
  readonly lines: Readonly<Record<(typeof namesBeside)[number], string[]>> = {
    'looked-up': [],
    pairs: [],
    visits: [],
    limited: [],
    answers: [],
  }
  readonly #latest = new Map<string, number>()
  readonly #orders: Order[] = []
  #sessions: Session[] = []
  #held: Held[] = []
  /** Stream time of the sessions and of the join, which see every order, and of the table of sums. */
  #now = -1
  #sumsNow = -1

  /** @param sum the row of the sums after this order */
  take(
    key: string,
    quantity: number,
    timestamp: number,
    sum: { readonly value: number; readonly timestamp: number },
  ): void {
    const order = { key, quantity, timestamp }
    this.#now = Math.max(this.#now, timestamp)
    if (quantity % 2 === 0) this.#latest.set(key, quantity)
    this.#write('looked-up', timestamp, key, quantity * 1_000 + (this.#latest.get(key) ?? 0))
    this.#pair(order)
    this.#visit(key, timestamp)
    this.#limit(key, sum.value, sum.timestamp)
    this.#write('answers', timestamp, key, quantity * 3)
  }

  #write(name: (typeof namesBeside)[number], timestamp: number, key: string, value: unknown): void {
    this.lines[name].push(`${timestamp} ${JSON.stringify(key)} ${JSON.stringify(value)}`)
  }

  #pair(order: Order): void {
    if (order.timestamp + nearMs + nearGraceMs < this.#now) return
    const partners = this.#orders
      .filter(({ key, quantity }) => key === order.key && quantity % 2 !== order.quantity % 2)
      .filter(({ timestamp }) => Math.abs(timestamp - order.timestamp) <= nearMs)
      .toSorted((a, b) => a.timestamp - b.timestamp)
    for (const partner of partners) {
      const [odd, even] = order.quantity % 2 === 1 ? [order, partner] : [partner, order]
      const timestamp = Math.max(order.timestamp, partner.timestamp)
      this.#write('pairs', timestamp, order.key, odd.quantity * 1_000 + even.quantity)
    }
    this.#orders.push(order)
  }

  #visit(key: string, timestamp: number): void {
    const isClosed = ({ end }: { readonly end: number }): boolean => end + gapMs + sessionGraceMs + 1 <= this.#now
    const joined = this.#sessions
      .filter((one) => one.key === key && !isClosed(one))
      .filter(({ start, end }) => end >= timestamp - gapMs && start <= timestamp + gapMs)
      .toSorted((a, b) => a.end - b.end)
    const start = Math.min(timestamp, ...joined.map((one) => one.start))
    const end = Math.max(timestamp, ...joined.map((one) => one.end))
    if (isClosed({ end })) return
    const count = joined.reduce((sum, one) => sum + one.count, 1)
    this.#sessions = [...this.#sessions.filter((one) => !joined.includes(one)), { key, start, end, count }]
    // One of a single moment is changed in place.
    for (const gone of start === end ? [] : joined)
      this.#write('visits', gone.end, key, { start: gone.start, end: gone.end, count: null })
    this.#write('visits', end, key, { start, end, count })
  }

  #limit(key: string, value: number, timestamp: number): void {
    this.#sumsNow = Math.max(this.#sumsNow, timestamp)
    const due = this.#held.find((one) => one.key === key)?.due ?? timestamp + limitMs
    this.#held = [...this.#held.filter((one) => one.key !== key), { key, due, value, timestamp }]
    const released = this.#held
      .filter((one) => one.due <= this.#sumsNow)
      .toSorted((a, b) => a.due - b.due || (a.key < b.key ? -1 : 1))
    this.#held = this.#held.filter((one) => !released.includes(one))
    for (const one of released) this.#write('limited', one.timestamp, one.key, one.value)
  }
}
