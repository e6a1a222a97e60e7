/**
 * The rows of a partition: those of the journal and those of the tree as one.
 */
import type { Environment } from '../environment.ts'
import { keyAfter, partitionKey, stateKey } from '../keys.ts'
import type { StoredRow } from '../state-rows.ts'
import type { JournalRows } from './journal-rows.ts'

const storeKeyBytes = 8

/** A copy of the value of a row; undefined when there is none. */
export function mergedGet(
  environment: Environment,
  storeId: number,
  partition: number,
  rows: JournalRows | undefined,
  key: Uint8Array,
): Buffer | undefined {
  const entry = rows === undefined ? -1 : rows.find(key)
  if (rows === undefined || entry < 0) return environment.get('state', stateKey(storeId, partition, key, 0, key.length))
  return rows.copyOfValue(entry)
}

/** Up to `limit` rows with from <= key < to: the first ones or, in reverse, the last ones with the last one first. */
export function mergedRange(
  environment: Environment,
  storeId: number,
  partition: number,
  rows: JournalRows | undefined,
  from: Uint8Array,
  to: Uint8Array | undefined,
  limit: number,
  reverse: boolean,
): StoredRow[] {
  const found: StoredRow[] = []
  for (let [start, end] = [from, to]; found.length < limit;) {
    const max = limit - found.length
    const changed = rows === undefined ? [] : rows.between(start, end, max, reverse)
    const stored = treeRange(environment, storeId, partition, start, end, max, reverse)
    let [nextChanged, nextStored] = [0, 0]
    let last: Buffer | undefined
    while (found.length < limit) {
      const entry = changed[nextChanged]
      const row = stored[nextStored]
      // What comes after a full page is not known: it may come before the next row of the other one.
      if (entry === undefined && changed.length === max) break
      if (row === undefined && stored.length === max) break
      if (rows === undefined || entry === undefined) {
        if (row === undefined) return found
        found.push(row)
        last = row.key
        nextStored++
        continue
      }
      const key = rows.key(entry)
      const order = row === undefined ? -1 : Buffer.compare(key, row.key) * (reverse ? -1 : 1)
      if (order >= 0) nextStored++
      if (order > 0 && row !== undefined) {
        found.push(row)
        last = row.key
        continue
      }
      nextChanged++
      last = key
      const value = rows.copyOfValue(entry)
      if (value !== undefined) found.push({ key: Buffer.from(key), value })
    }
    if (last === undefined) return found
    if (reverse) end = Buffer.from(last)
    else start = keyAfter(last)
  }
  return found
}

function treeRange(
  environment: Environment,
  storeId: number,
  partition: number,
  from: Uint8Array,
  to: Uint8Array | undefined,
  limit: number,
  reverse: boolean,
): StoredRow[] {
  const start = stateKey(storeId, partition, from, 0, from.length)
  const end = to === undefined ? partitionKey(storeId, partition + 1) : stateKey(storeId, partition, to, 0, to.length)
  const entries = reverse
    ? environment.reverseRange('state', start, end, limit)
    : environment.range('state', start, end, limit)
  return entries.map(({ key, value }) => ({ key: key.subarray(storeKeyBytes), value }))
}
