/**
 * What some families of operators do, by hand over the same two streams, with the same records in the output topic:
 * rows in plain Maps, written to LMDB with each commit, in the transaction of the outputs and the position.
 *
 * Their input is in order and on one partition, and no function fails. So they know no late record, undo nothing, and
 * have no code that reads their Maps back after a restart.
 */
import { type FamilyOptions, type FamilyResult, gapMsOf, joinReachMs } from '../workload.ts'
import { WatchedCommits } from '../commits.ts'
import { JoinByHand } from './joins.ts'
import { OutputsByHand } from './outputs.ts'
import { ChangedRows, keyOf, removeBetween, Row, Table } from './rows.ts'
import { type WorkByHand, workOnSides } from './sides.ts'
import { openTables, type Tables } from './tables.ts'

/** What a family works with. */
interface Ground {
  readonly tables: Tables
  readonly outputs: OutputsByHand
  readonly keys: number
  readonly spanMs: number
}

function bytesOf(name: string): Buffer {
  return Buffer.from(name, 'latin1')
}

/** The key of a window in the output: the name, then its times. */
function windowKey(name: string, ...times: readonly number[]): Buffer {
  const key = Buffer.alloc(name.length + 8 * times.length)
  let at = key.write(name, 'latin1')
  for (const time of times) {
    key.writeUInt32BE(time, at + 4)
    at += 8
  }
  return key
}

function counting({ tables, outputs }: Ground): WorkByHand {
  const changed = new ChangedRows()
  const table = new Table(tables, changed, 0)
  return {
    take(_, name, timestamp) {
      const row = table.row(name)
      changed.set(row, row.value + 1, timestamp)
      outputs.add(bytesOf(name), timestamp, row.value)
    },
    write() {
      changed.write(tables)
      table.makeRoom()
    },
  }
}

/** Windows are given up when the next begins, and their rows with the next commit. */
function countingInWindows({ tables, outputs, spanMs }: Ground): WorkByHand {
  interface Window {
    readonly row: Row
    readonly outputKey: Buffer
  }
  const changed = new ChangedRows()
  let start = 0
  let windows = new Map<string, Window>()
  let removedBefore = 0
  return {
    take(_, name, timestamp) {
      const own = timestamp - (timestamp % spanMs)
      if (own > start) {
        start = own
        windows = new Map()
      }
      let window = windows.get(name)
      if (window === undefined) {
        window = { row: new Row(keyOf(0, name, own), own), outputKey: windowKey(name, own) }
        windows.set(name, window)
      }
      const { row, outputKey } = window
      changed.set(row, row.value + 1, timestamp)
      outputs.add(outputKey, timestamp, row.value)
    },
    write() {
      changed.write(tables, start)
      if (start > removedBefore) removeBetween(tables, 0, removedBefore, start)
      removedBefore = start
    },
  }
}

/** A session that a record extends leaves its row and gets another, whose key has its end. */
function countingSessions({ tables, outputs, spanMs }: Ground): WorkByHand {
  interface Session {
    readonly start: number
    readonly end: number
    readonly row: Row
    readonly outputKey: Buffer
  }
  const gapMs = gapMsOf(spanMs)
  const changed = new ChangedRows()
  const newest = new Map<string, Session>()
  let removedBefore = 0
  return {
    take(_, name, timestamp) {
      const before = newest.get(name)
      const isOpen = before !== undefined && before.end + gapMs >= timestamp
      const start = isOpen ? before.start : timestamp
      if (isOpen && start < timestamp) outputs.add(before.outputKey, before.end, null)
      let session = before
      if (!isOpen || before.end !== timestamp) {
        const row = new Row(keyOf(0, name, timestamp, start), timestamp)
        session = { start, end: timestamp, row, outputKey: windowKey(name, timestamp, start) }
        newest.set(name, session)
        if (isOpen) changed.remove(before.row)
      }
      if (session === undefined) return
      const { row, outputKey } = session
      changed.set(row, isOpen ? before.row.value + 1 : 1, timestamp)
      outputs.add(outputKey, timestamp, row.value)
    },
    write(_, until) {
      const keptFrom = Math.max(0, until - gapMs - 1)
      changed.write(tables, keptFrom)
      if (keptFrom > removedBefore) removeBetween(tables, 0, removedBefore, keptFrom)
      removedBefore = keptFrom
    },
  }
}

function joiningStreams({ outputs, keys }: Ground): WorkByHand {
  return new JoinByHand(joinReachMs(keys), (name, timestamp, value) => outputs.add(bytesOf(name), timestamp, value))
}

function joiningTable({ tables, outputs }: Ground): WorkByHand {
  const changed = new ChangedRows()
  const table = new Table(tables, changed, 0)
  return {
    take(side, name, timestamp, value) {
      if (side === 1) table.put(name, value, timestamp)
      else outputs.add(bytesOf(name), timestamp, value + table.row(name).value)
    },
    write() {
      changed.write(tables)
      table.makeRoom()
    },
  }
}

/** Who names which right row is known in memory, and on disk for the case of a restart. */
function joiningByForeignKey({ tables, outputs, keys }: Ground): WorkByHand {
  const changed = new ChangedRows()
  const [lefts, rights] = [new Table(tables, changed, 0), new Table(tables, changed, 1)]
  const subscribers = new Map<string, Map<string, Row>>()
  const foreignKeyOf = (value: number): string => `visitor ${value % keys}`
  const join = (left: string, foreignKey: string, timestamp: number): void => {
    let joined = subscribers.get(foreignKey)
    if (joined === undefined) subscribers.set(foreignKey, (joined = new Map()))
    const row = new Row(keyOf(2, `${foreignKey}\0${left}`))
    changed.set(row, 0, timestamp)
    joined.set(left, row)
  }
  const leave = (left: string, foreignKey: string): void => {
    const rows = subscribers.get(foreignKey)
    const row = rows?.get(left)
    if (row === undefined) return
    changed.remove(row)
    rows?.delete(left)
  }
  return {
    take(side, name, timestamp, value) {
      if (side === 1) {
        rights.put(name, value, timestamp)
        for (const left of subscribers.get(name)?.keys() ?? []) {
          const row = lefts.row(left)
          outputs.add(bytesOf(left), Math.max(timestamp, row.timestamp), row.value + value)
        }
        return
      }
      const row = lefts.row(name)
      const foreignKey = foreignKeyOf(value)
      const before = row.timestamp < 0 ? undefined : foreignKeyOf(row.value)
      changed.set(row, value, timestamp)
      const hasMoved = before !== undefined && before !== foreignKey
      if (hasMoved) leave(name, before)
      if (before !== foreignKey) join(name, foreignKey, timestamp)
      const right = rights.row(foreignKey)
      if (right.timestamp >= 0) outputs.add(bytesOf(name), Math.max(timestamp, right.timestamp), value + right.value)
      else if (hasMoved) outputs.add(bytesOf(name), timestamp, null)
    },
    write() {
      changed.write(tables)
      lefts.makeRoom()
      rights.makeRoom()
    },
  }
}

/** By the names that the families have. */
export const familiesByHand = {
  count: counting,
  'count, tumbling windows': countingInWindows,
  'count, sessions': countingSessions,
  'join of two streams': joiningStreams,
  'leftJoin of a stream with a table': joiningTable,
  'join of two tables by a foreign key': joiningByForeignKey,
} satisfies Record<string, (ground: Ground) => WorkByHand>

export async function runFamilyByHand(options: FamilyOptions<keyof typeof familiesByHand>): Promise<FamilyResult> {
  const { dir, records, recordsPerCommit, keys, family } = options
  const tables = openTables(dir)
  const outputs = new OutputsByHand()
  const make: (ground: Ground) => WorkByHand = familiesByHand[family]
  const work = make({ tables, outputs, keys, spanMs: 2 * joinReachMs(keys) })
  using commits = new WatchedCommits()
  workOnSides(tables, records, recordsPerCommit, commits, {
    take: (...record) => work.take(...record),
    write(to, until) {
      outputs.write(to)
      work.write(to, until)
    },
  })
  const nsOfCpu = commits.nsOfCpu(records)
  const fingerprint = outputs.fingerprint(tables)
  await tables.environment.close()
  return { nsOfCpu, fingerprint }
}
