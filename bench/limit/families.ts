/**
 * What some families of operators do, by hand over the same two streams: their rows in plain Maps, written to LMDB with
 * each commit. What comes out is dropped, as it is there.
 */
import { type FamilyOptions, joinReachMs } from '../workload.ts'
import { JoinByHand } from './joins.ts'
import { type WorkByHand, workOnSides } from './sides.ts'
import { openTables, type Tables } from './tables.ts'

/** A row in memory, with the key that it has on disk. */
interface Row {
  readonly key: Buffer
  value: number
  timestamp: number
  isDirty: boolean
}

/** Rows that change, and are written once for each commit. */
class ChangedRows {
  readonly #value = Buffer.alloc(16)
  #dirty: Row[] = []
  #removed: Buffer[] = []

  row(key: Buffer): Row {
    return { key, value: 0, timestamp: -1, isDirty: false }
  }

  set(row: Row, value: number, timestamp: number): void {
    row.value = value
    if (timestamp > row.timestamp) row.timestamp = timestamp
    if (row.isDirty) return
    row.isDirty = true
    this.#dirty.push(row)
  }

  remove(key: Buffer): void {
    this.#removed.push(key)
  }

  write({ state }: Tables): void {
    for (const row of this.#dirty) {
      row.isDirty = false
      this.#value.writeDoubleBE(row.timestamp, 0)
      this.#value.writeDoubleBE(row.value, 8)
      state.putSync(row.key, Buffer.from(this.#value))
    }
    for (const key of this.#removed) state.removeSync(key)
    this.#dirty = []
    this.#removed = []
  }
}

function keyOf(kind: number, name: string, ...times: readonly number[]): Buffer {
  const key = Buffer.allocUnsafe(1 + 8 * times.length + name.length)
  key[0] = kind
  let at = 1
  for (const time of times) at = key.writeDoubleBE(time, at)
  key.write(name, at, 'latin1')
  return key
}

/** Removes the rows of a kind whose first time is in a span. */
function removeBetween({ state }: Tables, kind: number, from: number, to: number): void {
  const range = { start: keyOf(kind, '', from), end: keyOf(kind, '', to) }
  for (const key of Array.from(state.getKeys(range))) state.removeSync(key)
}

/** The newest row of each name. */
class Table {
  readonly rows = new Map<string, Row>()
  readonly #changed: ChangedRows
  readonly #kind: number

  constructor(changed: ChangedRows, kind: number) {
    this.#changed = changed
    this.#kind = kind
  }

  row(name: string): Row {
    let row = this.rows.get(name)
    if (row === undefined) this.rows.set(name, (row = this.#changed.row(keyOf(this.#kind, name))))
    return row
  }

  put(name: string, value: number, timestamp: number): void {
    this.#changed.set(this.row(name), value, timestamp)
  }
}

function counting(): WorkByHand {
  const changed = new ChangedRows()
  const table = new Table(changed, 0)
  return {
    take(_, name, timestamp) {
      const row = table.row(name)
      changed.set(row, row.value + 1, timestamp)
    },
    write: (tables) => changed.write(tables),
  }
}

/** Windows are given up when the next begins, and their rows with the commit after. */
function countingInWindows(sizeMs: number): WorkByHand {
  const changed = new ChangedRows()
  let start = 0
  let rows = new Map<string, Row>()
  let removedBefore = 0
  return {
    take(_, name, timestamp) {
      const own = timestamp - (timestamp % sizeMs)
      if (own > start) {
        start = own
        rows = new Map()
      }
      let row = rows.get(name)
      if (row === undefined) rows.set(name, (row = changed.row(keyOf(0, name, own))))
      changed.set(row, row.value + 1, timestamp)
    },
    write(tables) {
      changed.write(tables)
      if (start > removedBefore) removeBetween(tables, 0, removedBefore, start)
      removedBefore = start
    },
  }
}

/** A session that a record extends leaves its row and gets another, whose key has its end. */
function countingSessions(gapMs: number): WorkByHand {
  interface Session {
    readonly start: number
    readonly end: number
    readonly row: Row
  }
  const changed = new ChangedRows()
  const newest = new Map<string, Session>()
  let removedBefore = 0
  return {
    take(_, name, timestamp) {
      const before = newest.get(name)
      const isOpen = before !== undefined && before.end + gapMs >= timestamp
      if (isOpen && before.end === timestamp) return changed.set(before.row, before.row.value + 1, timestamp)
      const start = isOpen ? before.start : timestamp
      const row = changed.row(keyOf(0, name, timestamp, start))
      changed.set(row, isOpen ? before.row.value + 1 : 1, timestamp)
      if (isOpen) changed.remove(before.row.key)
      newest.set(name, { start, end: timestamp, row })
    },
    write(tables, until) {
      changed.write(tables)
      const keptFrom = Math.max(0, until - gapMs - 1)
      if (keptFrom > removedBefore) removeBetween(tables, 0, removedBefore, keptFrom)
      removedBefore = keptFrom
    },
  }
}

function joiningTable(): WorkByHand {
  const changed = new ChangedRows()
  const table = new Table(changed, 0)
  let sum = 0
  return {
    take(side, name, timestamp, value) {
      if (side === 1) table.put(name, value, timestamp)
      else sum += value + (table.rows.get(name)?.value ?? 0)
    },
    write: (tables) => changed.write(tables),
  }
}

/** Who names which right row is known in memory, and on disk for the case of a restart. */
function joiningByForeignKey(keys: number): WorkByHand {
  const changed = new ChangedRows()
  const [lefts, rights] = [new Table(changed, 0), new Table(changed, 1)]
  const subscribers = new Map<string, Map<string, Row>>()
  const foreignKeyOf = (value: number): string => `visitor ${value % keys}`
  let sum = 0
  return {
    take(side, name, timestamp, value) {
      if (side === 1) {
        rights.put(name, value, timestamp)
        for (const left of subscribers.get(name)?.keys() ?? []) sum += (lefts.rows.get(left)?.value ?? 0) + value
        return
      }
      const row = lefts.row(name)
      const foreignKey = foreignKeyOf(value)
      const before = row.timestamp < 0 ? undefined : foreignKeyOf(row.value)
      changed.set(row, value, timestamp)
      if (before !== foreignKey) {
        const left = before === undefined ? undefined : subscribers.get(before)
        const subscription = left?.get(name)
        if (subscription !== undefined) changed.remove(subscription.key)
        left?.delete(name)
        let joined = subscribers.get(foreignKey)
        if (joined === undefined) subscribers.set(foreignKey, (joined = new Map()))
        const next = changed.row(keyOf(2, `${foreignKey}\0${name}`))
        changed.set(next, 0, timestamp)
        joined.set(name, next)
      }
      const right = rights.rows.get(foreignKey)
      if (right !== undefined) sum += value + right.value
    },
    write: (tables) => changed.write(tables),
  }
}

/** By the names that the families have. */
export const familiesByHand = {
  count: () => counting(),
  'count, tumbling windows': (_, spanMs) => countingInWindows(spanMs),
  'count, sessions': (_, spanMs) => countingSessions(Math.ceil(spanMs / 4)),
  'join of two streams': (keys) => new JoinByHand(joinReachMs(keys), () => undefined),
  'leftJoin of a stream with a table': () => joiningTable(),
  'join of two tables by a foreign key': (keys) => joiningByForeignKey(keys),
} satisfies Record<string, (keys: number, spanMs: number) => WorkByHand>

/** Nanoseconds of user CPU for each record, those of all threads. */
export async function runFamilyByHand({
  dir,
  records,
  recordsPerCommit,
  keys,
  family,
}: FamilyOptions<keyof typeof familiesByHand>): Promise<number> {
  const tables = openTables(dir)
  const make: (keys: number, spanMs: number) => WorkByHand = familiesByHand[family]
  const work = make(keys, 2 * joinReachMs(keys))
  const before = process.cpuUsage()
  workOnSides(tables, records, recordsPerCommit, work)
  const { user } = process.cpuUsage(before)
  await tables.environment.close()
  return (user * 1_000) / records
}
