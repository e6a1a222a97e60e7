/**
 * Checks the rows of stores: each against its checksum, those of a partition against the count and the sum that the
 * head of their store has of them, and the journal against its head. A row that is absent or out of date shows up in
 * the sum.
 */
import { readInt64 } from '../../core/bytes.ts'
import type { DatabaseName, Entry } from '../../storage/databases.ts'
import type { Environment } from '../../storage/environment.ts'
import { afterPrefix, keyAfter } from '../../storage/keys.ts'
import { rowName } from '../../storage/read-failure.ts'
import { unseal } from '../../storage/sealed-rows.ts'
import {
  decodeHead,
  headKey,
  headKeyBytes,
  noRows,
  type RowSum,
  sealOf,
  type StateHead,
} from '../../storage/state/head.ts'
import { walkPiece } from '../../storage/state/piece.ts'
import { pieceKey } from '../../storage/state/store-journal.ts'
import { deletedStoreId, deletedStoresRange } from '../kept/deleted-stores.ts'
import { Findings } from './findings.ts'

const pageRows = 256
const pagePieces = 16
const storeKeyBytes = 8
const timestampBytes = 8
const rowsMax = 1_000_000

/** Rests with 0 between pages; writers may come in between. */
export function* checkState(environment: Environment, findings: Findings): Generator<number> {
  for (const storeId of storeIds(environment)) {
    const found = yield* checkStore(environment, storeId)
    if (found.isSound) findings.merge(found)
    else checkInOneSnapshot(environment, storeId, findings)
  }
  const known = storeIds(environment)
  const deleted = new Set(
    environment.storedRange('meta', ...deletedStoresRange, rowsMax).flatMap(({ key, value }) => {
      return unseal(key, value) === undefined ? [] : [deletedStoreId(key)]
    }),
  )
  for (const database of ['state', 'journal'] as const) {
    for (const storeId of storesOf(environment, database)) {
      if (!known.has(storeId) && !deleted.has(storeId)) {
        findings.add(
          'orphan',
          `"${database}" holds rows of a store with the id ${storeId}, which the catalogue does not have`,
        )
      }
    }
  }
}

/** The stores that there are, by the snapshot that is read. */
function storeIds(environment: Environment): Set<number> {
  return new Set(
    environment.storedRange('stores', Buffer.of(0), Buffer.alloc(64, 255), rowsMax).flatMap(({ key, value }) => {
      const id = unseal(key, value)
      return id?.length === 4 ? [id.readUInt32BE()] : []
    }),
  )
}

/** What looked wrong may be half of two states, or deleted: only what is wrong without a rest is. */
function checkInOneSnapshot(environment: Environment, storeId: number, findings: Findings): void {
  if (!storeIds(environment).has(storeId)) return
  const check = checkStore(environment, storeId)
  for (;;) {
    const step = check.next()
    if (step.done !== true) continue
    findings.merge(step.value)
    return
  }
}

/** The ids of all stores that have rows in a database. */
function* storesOf(environment: Environment, database: DatabaseName): Generator<number> {
  for (let from: Buffer = Buffer.of(0); ;) {
    const [entry] = environment.storedRange(database, from, Buffer.alloc(64, 255), 1)
    if (entry === undefined) return
    const prefix = Buffer.alloc(headKeyBytes)
    entry.key.copy(prefix)
    yield prefix.readUInt32BE()
    from = afterPrefix(prefix)
  }
}

function* checkStore(environment: Environment, storeId: number): Generator<number, Findings> {
  const findings = new Findings()
  const wrong = (message: string): void => findings.add('wrong_state', `the store with the id ${storeId}: ${message}`)
  const key = headKey(storeId)
  const [stored] = environment.storedRange('state', key, keyAfter(key), 1)
  const bytes = stored && unseal(key, stored.value)
  const head = bytes && decodeHead(bytes)
  if (head === undefined) {
    wrong(stored === undefined ? 'its head is missing' : 'its head is damaged')
    return findings
  }
  findings.counts.rows++
  yield* checkPieces(environment, storeId, head, findings, wrong)
  const sums = new Map<number, RowSum>()
  const end = afterPrefix(key)
  for (let from = keyAfter(key); ;) {
    const page = environment.storedRange('state', from, end, pageRows)
    for (const entry of page) checkRow(environment, entry, sums, findings)
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) break
    from = keyAfter(last.key)
    yield 0
  }
  for (const partition of new Set([...sums.keys(), ...head.sums.keys()])) {
    const found = sums.get(partition) ?? noRows
    const expected = head.sums.get(partition) ?? noRows
    if (found.rows !== expected.rows) {
      wrong(`partition ${partition} has ${expected.rows} rows, but ${found.rows} can be found`)
    } else if (found.seals !== expected.seals) {
      wrong(`partition ${partition} has rows that are not those of the last commit`)
    }
  }
  return findings
}

function checkRow(
  environment: Environment,
  { key, value }: Entry,
  sums: Map<number, RowSum>,
  findings: Findings,
): void {
  findings.counts.rows++
  const unsealed = unseal(key, value)
  const isRow =
    unsealed !== undefined &&
    key.length >= storeKeyBytes &&
    unsealed.length >= timestampBytes &&
    Number.isSafeInteger(readInt64(unsealed, 0))
  if (unsealed === undefined || !isRow) {
    const what = unsealed === undefined ? 'its checksum is wrong' : 'it is no row of a store'
    findings.add('damaged_row', `${rowName('state', key)}: ${what}`)
    return
  }
  // A page that leads a search to the wrong place hides a row that a walk over all of them finds.
  if (environment.get('state', key) === undefined) {
    findings.add('unreadable', `${rowName('state', key)}: a search does not find it`)
  }
  const partition = key.readUInt32BE(4)
  const { rows, seals } = sums.get(partition) ?? noRows
  sums.set(partition, { rows: rows + 1, seals: (seals + sealOf(key, unsealed)) >>> 0 })
}

function* checkPieces(
  environment: Environment,
  storeId: number,
  { first, next }: StateHead,
  findings: Findings,
  wrong: (message: string) => void,
): Generator<number> {
  let sequence = first
  const end = afterPrefix(headKey(storeId))
  for (let from = headKey(storeId); ;) {
    const page = environment.storedRange('journal', from, end, pagePieces)
    for (const { key, value } of page) {
      findings.counts.rows++
      if (!key.equals(pieceKey(storeId, sequence))) {
        return wrong(
          `its journal has ${rowName('journal', key)} where piece ${sequence} of ${first} to ${next - 1} belongs`,
        )
      }
      sequence++
      const bytes = unseal(key, value)
      const isPiece = bytes !== undefined && walkPiece(bytes, { row: () => undefined, range: () => undefined })
      if (!isPiece)
        findings.add(
          'damaged_row',
          `${rowName('journal', key)}: ${bytes === undefined ? 'its checksum is wrong' : 'it is no piece of a journal'}`,
        )
    }
    const last = page.at(-1)
    if (last === undefined || page.length < pagePieces) break
    from = keyAfter(last.key)
    yield 0
  }
  if (sequence !== next) wrong(`its journal ends before piece ${sequence}, and should before ${next}`)
}
