// Naive aggregations: each answer is folded anew from everything that has come so far.
import { bytesOf, type Event, type Key, type Row, type Value, type WindowedKey, type Work } from './naive.ts'

/** With one more value; null is no row. */
export type Fold = (aggregate: Value, value: number, key: string, input: number) => Value

/** An event with a key and a value, the stream time at which it came, and by which input. */
interface Given {
  readonly key: string
  readonly value: number
  readonly timestamp: number
  readonly now: number
  readonly input: number
}

interface Folded {
  readonly value: Value
  readonly timestamp: number
}

const noRow: Folded = { value: null, timestamp: -1 }

const rowOf = ({ value, timestamp }: Folded): Row | null => (value === null ? null : { value, timestamp })

/** What was given so far, and the stream time that it makes. */
class History {
  readonly all: Given[] = []
  now = -1

  /** Undefined for what is dropped, which moves no time. */
  take({ key, value, timestamp }: Event, input: number): Given | undefined {
    if (typeof key !== 'string' || value === null) return undefined
    this.now = Math.max(this.now, timestamp)
    const given = { key, value, timestamp, now: this.now, input }
    this.all.push(given)
    return given
  }
}

/** A row that a value was folded into has the larger of both times; one that is new, or was deleted, that of the value. */
function folded(fold: Fold, given: readonly Given[]): Folded {
  let row = noRow
  let last = noRow
  for (const { key, value, timestamp, input } of given) {
    last = { value: fold(row.value, value, key, input), timestamp: Math.max(row.timestamp, timestamp) }
    row = last.value === null ? noRow : last
  }
  return last
}

export function aggregating(fold: Fold): Work {
  const history = new History()
  return {
    take(event, input) {
      const given = history.take(event, input)
      if (given === undefined) return []
      const { key } = given
      const own = history.all.filter((one) => one.key === key)
      const { value, timestamp } = folded(fold, own)
      return [{ key, value, timestamp, old: folded(fold, own.slice(0, -1)).value, headers: event.headers }]
    },
    row: (key) =>
      rowOf(
        folded(
          fold,
          history.all.filter((one) => one.key === key),
        ),
      ),
  }
}

export interface Sizes {
  readonly size: number
  readonly advance: number
  readonly grace: number
  /** Where the first window begins. */
  readonly first?: number
}

/** In the order in which windows close, then of the bytes of their keys. */
function byClose<T extends { readonly key: Key; readonly close: number }>(rows: readonly T[]): T[] {
  return rows.toSorted((a, b) => a.close - b.close || Buffer.compare(bytesOf(a.key), bytesOf(b.key)))
}

export function windowing(fold: Fold, { size, advance, grace, first = 0 }: Sizes, isFinal: boolean): Work {
  const history = new History()
  const gone = new Set<string>()
  /** What was folded into a window, until it was closed. */
  const inWindow = (key: string, start: number): Given[] =>
    history.all.filter(
      (one) =>
        one.key === key && one.timestamp >= start && one.timestamp < start + size && start + size + grace > one.now,
    )
  const windowed = (key: string, start: number): WindowedKey => ({
    key,
    start,
    end: Math.min(start + size, Number.MAX_SAFE_INTEGER),
    isSession: false,
  })
  /** What the record has closed. */
  const closed = (headers: string): Event[] => {
    const rows: (Event & { readonly close: number })[] = []
    for (const key of new Set(history.all.map((one) => one.key))) {
      for (let start = first; start + size + grace <= history.now; start += advance) {
        const id = `${key}@${start}`
        const { value, timestamp } = folded(fold, inWindow(key, start))
        if (value === null || gone.has(id)) continue
        gone.add(id)
        rows.push({ key: windowed(key, start), value, timestamp, old: null, headers, close: start + size + grace })
      }
    }
    return byClose(rows)
  }
  return {
    *take(event, input) {
      const given = history.take(event, input)
      if (given === undefined) return
      const { headers } = event
      const { key, timestamp, now } = given
      const starts: number[] = []
      for (let start = first; start <= timestamp; start += advance) if (timestamp < start + size) starts.push(start)
      const open = starts.filter((start) => start + size + grace > now)
      for (const start of isFinal ? [] : open) {
        const own = inWindow(key, start)
        const row = folded(fold, own)
        const old = folded(fold, own.slice(0, -1)).value
        yield { key: windowed(key, start), value: row.value, timestamp: row.timestamp, old, headers }
      }
      if (starts.length > 0 && open.length === 0) yield { ...event, isLate: true }
      if (isFinal) yield* closed(headers)
    },
  }
}

/**
 * Sliding windows. Which there are follows from those that were made before: a new one takes over all that another
 * holds, and one that has closed before a record could make it is never made.
 */
export function sliding(fold: Fold, difference: number, grace: number, isFinal: boolean): Work {
  interface Made {
    readonly key: WindowedKey
    readonly records: readonly Given[]
  }
  const history = new History()
  let made: readonly Made[] = []
  const gone = new Set<string>()
  const closeOf = (start: number): number => start + difference + grace + 1
  const lastOf = (window: Made | undefined): number =>
    Math.max(-1, ...(window?.records ?? []).map(({ timestamp }) => timestamp))
  const put = (key: string, start: number, records: readonly Given[], headers: string): Event => {
    const before = made.find((one) => one.key.key === key && one.key.start === start)
    const { value, timestamp } = folded(fold, records)
    const window: Made = { key: { key, start, end: start + difference, isSession: false }, records }
    made = [...made.filter((one) => one !== before), ...(value === null ? [] : [window])]
    return { key: window.key, value, timestamp, old: folded(fold, before?.records ?? []).value, headers }
  }
  function changesBy(given: Given, own: readonly Made[]): { readonly start: number; readonly records: Given[] }[] {
    const { timestamp } = given
    const left = Math.max(0, timestamp - difference)
    const holding = own.filter(({ key }) => key.start >= left && key.start <= timestamp)
    const changes = holding.map(({ key, records }) => ({ start: key.start, records: [...records, given] }))
    if (hasBeenAt(timestamp, own)) return changes
    const before = own.find(({ key }) => key.start < left && key.start >= timestamp - 2 * difference)
    const previous = lastOf(before ?? holding.find(({ key }) => key.start === left))
    const next = previous + 1
    const isThere = own.some(({ key }) => key.start === next)
    if (previous >= 0 && next <= timestamp && next >= left && !isThere) changes.push({ start: next, records: [given] })
    if (changes.some(({ start }) => start === left)) return changes
    return [...changes, { start: left, records: [...(previous >= left ? (before?.records ?? []) : []), given] }]
  }
  /** Whether the window that ends here has a record of this time: then all windows are there that it makes. */
  const hasBeenAt = (timestamp: number, own: readonly Made[]): boolean =>
    own.some((one) => one.key.end === timestamp && lastOf(one) === timestamp)
  function* taken(event: Event, given: Given): Iterable<Event> {
    const { key, timestamp, now } = given
    /** From the last to the first. */
    const own = made
      .filter((one) => one.key.key === key && one.key.start <= timestamp + 1)
      .toSorted((a, b) => b.key.start - a.key.start)
    const [last] = own
    const needsRight = last !== undefined && last.key.start <= timestamp && lastOf(last) > timestamp
    const right = needsRight && !hasBeenAt(timestamp, own) ? last.records : undefined
    const open = changesBy(given, own).filter(({ start }) => closeOf(start) > now)
    if (open.length === 0) yield { ...event, isLate: true }
    const changes = right === undefined ? open : [...open, { start: timestamp + 1, records: right }]
    for (const { start, records } of changes) {
      const change = put(key, start, records, event.headers)
      if (!isFinal) yield change
    }
  }
  /** What the record has closed. */
  const closed = (headers: string): Event[] => {
    const due = made.filter(({ key }) => closeOf(key.start) <= history.now && !gone.has(`${key.key}@${key.start}`))
    for (const { key } of due) gone.add(`${key.key}@${key.start}`)
    const rows = due.map(({ key, records }) => ({ ...folded(fold, records), key, close: closeOf(key.start) }))
    return byClose(rows.map((row) => ({ ...row, old: null, headers })))
  }
  return {
    *take(event, input) {
      const given = history.take(event, input)
      if (given === undefined) return
      if (closeOf(given.timestamp) <= given.now) yield { ...event, isLate: true }
      else yield* taken(event, given)
      if (isFinal) yield* closed(event.headers)
    },
  }
}

/** Counts sessions: here they are kept, because which ones a record joins depends on those that are there. */
export function sessions(gap: number, grace: number, isFinal: boolean): Work {
  let open: { readonly key: WindowedKey; readonly value: number }[] = []
  const closeOf = ({ end }: WindowedKey): number => end + gap + grace + 1
  const history = new History()
  const change = (key: WindowedKey, value: Value, old: Value): Event => ({
    key,
    value,
    timestamp: key.end,
    old,
    headers: '',
  })
  const joinedBy = (session: WindowedKey, joined: typeof open): Event[] => {
    const { start, end } = session
    const value = joined.reduce((sum, one) => sum + one.value, 1)
    open = [...open.filter((one) => !joined.includes(one)), { key: session, value }]
    const isSame = start === end && joined.length > 0
    const deletes = isSame ? [] : joined.map((one) => change(one.key, null, one.value))
    const old = isSame ? (joined[0]?.value ?? null) : null
    return isFinal ? [] : [...deletes, change(session, value, old)]
  }
  const closed = (headers: string): Event[] => {
    const due = open.filter((one) => closeOf(one.key) <= history.now)
    open = open.filter((one) => !due.includes(one))
    return byClose(due.map(({ key, value }) => ({ ...change(key, value, null), headers, close: closeOf(key) })))
  }
  return {
    *take(event, input) {
      const given = history.take(event, input)
      if (given === undefined) return
      const { key, timestamp, now } = given
      const joined = open
        .filter(
          (one) =>
            one.key.key === key &&
            one.key.end >= timestamp - gap &&
            one.key.start <= timestamp + gap &&
            closeOf(one.key) > now,
        )
        .toSorted((a, b) => a.key.end - b.key.end)
      const start = Math.min(timestamp, ...joined.map((one) => one.key.start))
      const end = Math.max(timestamp, ...joined.map((one) => one.key.end))
      const session: WindowedKey = { key, start, end, isSession: true }
      const isLate = closeOf(session) <= now
      if (isLate) yield { ...event, isLate }
      else yield* joinedBy(session, joined)
      if (isFinal) yield* closed(event.headers)
    },
  }
}

/** A grouped table: old values are taken out, new ones put in. */
export function aggregatingRows(
  add: (sum: Value, value: number) => Value,
  remove: (sum: number, value: number) => Value,
): Work {
  const changes: Event[] = []
  const rowAfter = (key: Key, given: readonly Event[]): Folded => {
    let row = noRow
    let last = noRow
    for (const event of given) {
      if (event.key !== key) continue
      let value = row.value
      if (value !== null && event.old !== null) value = remove(value, event.old)
      if (event.value !== null) value = add(value, event.value)
      last = { value, timestamp: Math.max(row.timestamp, event.timestamp) }
      row = value === null ? noRow : last
    }
    return last
  }
  return {
    take(event) {
      const old = rowAfter(event.key, changes).value
      changes.push(event)
      return [{ key: event.key, ...rowAfter(event.key, changes), old, headers: event.headers }]
    },
    row: (key) => rowOf(rowAfter(key, changes)),
  }
}
