// Naive tables of versions and of rows that expire, and records that wait for what a table learns late.
import { bytesOf, type Event, type Key, type Row, type Value, type Work } from './naive.ts'

export interface Versions extends Work {
  /** What was the newest at a time; null is no row, or one that is older than the history. */
  asOf(key: Key, time: number): Value
}

export function versions(historyMs: number): Versions {
  const all: Event[] = []
  let now = -1
  return {
    take(event) {
      if (event.key === null || event.timestamp < now - historyMs) return []
      now = Math.max(now, event.timestamp)
      all.push(event)
      return []
    },
    asOf(key, time) {
      const own = all.filter((one) => one.key === key)
      const last = Math.max(...own.map(({ timestamp }) => timestamp))
      const before = own.filter(({ timestamp }) => timestamp <= time)
      // One of the same time takes the place of the other.
      const found = before.toReversed().toSorted((a, b) => b.timestamp - a.timestamp)[0]
      return found === undefined || (last > time && time < now - historyMs) ? null : found.value
    },
  }
}

/** @param meeting what a record does when it waits no longer */
export function waiting(meeting: Work, graceMs: number, comesAlone: boolean): Work {
  let held: Event[] = []
  let now = -1
  return {
    *take(event) {
      const { key, timestamp } = event
      now = Math.max(now, timestamp)
      if (event.value === null || (key === null && !comesAlone)) return
      if (key === null || timestamp < now - graceMs) yield* meeting.take(event, 0)
      else held.push(event)
      const due = held
        .filter((one) => one.timestamp <= now - graceMs)
        .toSorted((a, b) => a.timestamp - b.timestamp || Buffer.compare(bytesOf(a.key), bytesOf(b.key)))
      held = held.filter((one) => !due.includes(one))
      for (const one of due) yield* meeting.take(one, 0)
    },
  }
}

/** The newest value of each key, until it expires. */
export function expiring(ttlMs: number): Work {
  const rows = new Map<Key, Row & { readonly key: Key }>()
  let now = -1
  return {
    *take(event) {
      const { key, value, timestamp } = event
      if (key === null || timestamp + ttlMs <= now) return
      now = Math.max(now, timestamp)
      const due = [...rows.values()]
        .filter((row) => row.timestamp + ttlMs <= now)
        .toSorted((a, b) => a.timestamp - b.timestamp || Buffer.compare(bytesOf(a.key), bytesOf(b.key)))
      for (const row of due) {
        rows.delete(row.key)
        yield { key: row.key, value: null, timestamp: row.timestamp + ttlMs, old: row.value, headers: '' }
      }
      const old = rows.get(key)?.value ?? null
      if (value === null) rows.delete(key)
      else rows.set(key, { key, value, timestamp })
      yield { ...event, old }
    },
    row: (key) => rows.get(key) ?? null,
  }
}
