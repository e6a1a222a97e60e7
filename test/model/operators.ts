// Naive operators of streams and tables, by the rules of Kafka Streams and the deviations of the conformance cases.
import {
  bytesOf,
  type Event,
  type Key,
  type Node,
  type Row,
  type Value,
  leavesOut,
  type WindowedKey,
  type Work,
} from './naive.ts'

/** Whatever makes events of one event alone. */
export const each = (make: (event: Event) => Iterable<Event>): Work => ({ take: make })

/** The newest value of each key; records without one are dropped. */
export function keeping(): Work {
  const rows = new Map<Key, Row | null>()
  return {
    take(event) {
      const { key, value, timestamp } = event
      if (key === null) return []
      const old = rows.get(key)?.value ?? null
      rows.set(key, value === null ? null : { value, timestamp })
      return [{ ...event, old }]
    },
    row: (key) => rows.get(key) ?? null,
  }
}

/** Of a table: what does not pass is deleted; where old values are wanted, not what was nothing before either. */
export function filteringRows(node: Node, passes: (value: number) => boolean): Work {
  const passing = (value: Value): Value => (value !== null && passes(value) ? value : null)
  return each((event) => {
    const [value, old] = [passing(event.value), passing(event.old)]
    return leavesOut(node) && value === null && old === null ? [] : [{ ...event, value, old }]
  })
}

/** A row leaves the group of its old value and joins that of its new one. */
export function groupingRows(group: (key: Key, value: number) => { readonly key: Key; readonly value: Value }): Work {
  return each(({ key, value, timestamp, old, headers }) => {
    const inGroup = (side: Value) => {
      const member = side === null ? undefined : group(key, side)
      return member === undefined || member.key === null || member.value === null ? undefined : member
    }
    const [left, joined] = [inGroup(old), inGroup(value)]
    const stays = left !== undefined && left.key === joined?.key
    return [
      ...(left === undefined || stays ? [] : [{ key: left.key, value: null, timestamp, old: left.value, headers }]),
      ...(joined === undefined ? [] : [{ ...joined, timestamp, old: stays ? left.value : null, headers }]),
    ]
  })
}

export function distinct(idOf: (value: Value) => number | string | null, within: number): Work {
  const passed: { readonly id: number | string; readonly timestamp: number }[] = []
  let now = -1
  return {
    take(event) {
      const { timestamp } = event
      const id = idOf(event.value)
      const near = passed.some((one) => one.id === id && Math.abs(one.timestamp - timestamp) < within)
      if (timestamp >= now - within && near) return []
      now = Math.max(now, timestamp)
      if (id !== null) passed.push({ id, timestamp })
      return [event]
    },
  }
}

/** What suppress waits for: a time after the first change, or the stream time that closes a window. */
export type Wait =
  | { readonly limit: number; readonly maxRecords: number }
  | { readonly closeOf: (key: WindowedKey) => number }

export function suppressing(wait: Wait): Work {
  interface Waiting {
    readonly event: Event
    readonly due: number
  }
  let waiting: Waiting[] = []
  const emitted = new Map<string, Row | null>()
  const isFinal = 'closeOf' in wait
  const max = isFinal ? Number.POSITIVE_INFINITY : wait.maxRecords
  let now = -1
  const id = ({ key }: Event): string => bytesOf(key).toString('hex')
  return {
    *take(event) {
      const before = waiting.find((one) => id(one.event) === id(event))
      const due = before?.due ?? (isFinal ? wait.closeOf(event.key as WindowedKey) : event.timestamp + wait.limit)
      waiting = [...waiting.filter((one) => one !== before), { event, due }]
      waiting.sort((a, b) => a.due - b.due || Buffer.compare(bytesOf(a.event.key), bytesOf(b.event.key)))
      now = Math.max(now, event.timestamp)
      for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
        if (first.due > now && waiting.length <= max) break
        waiting.shift()
        const old = emitted.get(id(first.event))?.value ?? null
        if (isFinal && first.event.value === null) continue
        const { value, timestamp } = first.event
        emitted.set(id(first.event), value === null ? null : { value, timestamp })
        yield { ...first.event, old }
      }
    },
    row: (key) => emitted.get(bytesOf(key).toString('hex')) ?? null,
  }
}

export interface JoinSizes {
  readonly before: number
  readonly after: number
  readonly grace: number
}

type Joiner = (left: Value, right: Value) => Value

/** Two streams in a window; `outer` are the inputs whose records come out alone when they match nothing. */
export function joining(joiner: Joiner, { before, after, grace }: JoinSizes, outer: readonly number[]): Work {
  interface Kept {
    readonly event: Event
    readonly side: number
    isMatched: boolean
  }
  const kept: Kept[] = []
  let now = -1
  const afterOf = (side: number): number => (side === 0 ? after : before)
  const beforeOf = (side: number): number => (side === 0 ? before : after)
  const joined = ({ key, value, headers }: Event, side: number, other: Value, timestamp: number): Event => ({
    headers,
    key,
    value: side === 0 ? joiner(value, other) : joiner(other, value),
    timestamp,
    old: null,
  })
  return {
    *take(event, side) {
      const { key, value, timestamp } = event
      const isOuter = outer.includes(side)
      if ((key === null && !isOuter) || value === null) return
      if (key !== null && timestamp + Math.max(0, afterOf(side)) + grace < now) return yield { ...event, isLate: true }
      now = Math.max(now, timestamp)
      const closed = kept
        .filter((one) => !one.isMatched && outer.includes(one.side))
        .filter((one) => one.event.timestamp + afterOf(one.side) + grace < now)
        .toSorted(
          (a, b) =>
            a.event.timestamp - b.event.timestamp ||
            b.side - a.side ||
            Buffer.compare(bytesOf(a.event.key), bytesOf(b.event.key)),
        )
      for (const one of closed) {
        one.isMatched = true
        const alone = joined(one.event, one.side, null, one.event.timestamp)
        yield { ...alone, headers: event.headers, waited: one.event.value }
      }
      if (key === null) return yield joined(event, side, null, timestamp)
      const partners = kept
        .filter((one) => one.side !== side && one.event.key === key)
        .filter((one) => one.event.timestamp >= timestamp - beforeOf(side))
        .filter((one) => one.event.timestamp <= timestamp + afterOf(side))
        .toSorted((a, b) => a.event.timestamp - b.event.timestamp)
      const own = { event, side, isMatched: partners.length > 0 }
      for (const partner of partners) {
        partner.isMatched = true
        yield joined(event, side, partner.event.value, Math.max(timestamp, partner.event.timestamp))
      }
      kept.push(own)
      if (own.isMatched || !isOuter || timestamp + afterOf(side) + grace >= now) return
      own.isMatched = true
      yield joined(event, side, null, timestamp)
    },
  }
}

/**
 * A stream that meets the rows of a table, as they are when its records come.
 *
 * @param isGlobal whether a record without a key may meet one
 */
export function lookingUp(
  rowOf: (event: Event) => Value,
  joiner: Joiner,
  comesAlone: boolean,
  isGlobal: boolean = false,
): Work {
  return each((event) => {
    if (event.value === null || (event.key === null && !comesAlone && !isGlobal)) return []
    const row = rowOf(event)
    return row === null && !comesAlone ? [] : [{ ...event, value: joiner(event.value, row), old: null }]
  })
}
