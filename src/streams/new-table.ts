/**
 * The node of a table that is made of records, for `builder.table` and `toTable`: it keeps the newest value of each
 * key, or its versions, in a store of its own.
 */
import { assert } from '../core/assert.ts'
import { checkOptions, checkWhole } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import type { Codec } from '../core/serde.ts'
import { checkStore } from '../core/store-constants.ts'
import { ofPlainTables, ofTables } from '../plan/old-values.ts'
import { keyLayout } from '../plan/store-layout.ts'
import type { Named } from './dsl/functions.ts'
import type { KnownSerdes } from './dsl/known.ts'
import type { KTable } from './dsl/table.ts'
import type { KeyedParts } from './parts.ts'
import { keepingFreshRows } from './expiring-table.ts'
import { type ErasedStore, nameOf, storeSpec } from './store-spec.ts'
import { rowsOf } from './table-rows.ts'
import { keepingRows } from './table-source.ts'
import { keepingVersions, versionedRows } from './versioned-table.ts'
import { versionStores } from './versions.ts'

/** Serdes are invariant in their type, so they are erased where only the interface says which ones fit. */
export interface ErasedTableOptions extends Named {
  readonly store?: ErasedStore | undefined
  readonly versioned?: { readonly historyMs: number } | undefined
  readonly ttlMs?: number | undefined
}

/** What both verbs take. */
const known = ['store', 'versioned', 'name']

/**
 * @param others what this verb takes besides
 * @throws MillraceError `bad_option`
 */
export function checkTableOptions<T extends ErasedTableOptions>(
  verb: string,
  given: T,
  others: readonly string[] = [],
): T {
  const options = checkOptions(verb, given, [...known, ...others])
  return options.store === undefined ? options : { ...options, store: checkStore(verb, options.store) }
}

/** @param parts `node` is what the records come from, in the partitions of their keys */
export function newTable<K, V, Known extends KnownSerdes>(
  verb: string,
  parts: KeyedParts & { readonly valueCodec: Codec<unknown> },
  options: ErasedTableOptions,
): KTable<K, V, Known> {
  const { plan, faces, node, keyCodec, valueCodec } = parts
  const { store } = options
  const name = nameOf(options, node)
  const historyMs = historyMsOf(options)
  const ttlMs = ttlMsOf(options, historyMs)
  if (historyMs === undefined) {
    const oldValues = store === undefined ? ofPlainTables : ofTables
    const made = plan.stateful(verb, node, name, (id) => {
      const spec = storeSpec(id, store, {
        kind: 'keyValueStore',
        keyCodec,
        valueCodec,
        layout: keyLayout({ hasDueTimes: ttlMs !== undefined }),
      })
      if (ttlMs === undefined) return { stores: [spec], operator: keepingRows(spec), oldValues }
      return { stores: [spec], operator: keepingFreshRows(spec, ttlMs), facts: { ttl: ttlMs }, oldValues }
    })
    return faces.table({ ...parts, node: made, rows: rowsOf(made) })
  }
  const versioned = plan.stateful(verb, node, name, (id) => {
    const stores = versionStores(id, store, historyMs, keyCodec, valueCodec)
    return { stores, operator: keepingVersions(stores, historyMs), oldValues: ofTables }
  })
  const [newest, history] = versioned.stores
  assert(newest !== undefined && history !== undefined, 'a table of versions has its two stores')
  return faces.table({ ...parts, node: versioned, rows: versionedRows([newest, history], historyMs) })
}

/** How long a row lives after its timestamp; undefined: for ever. */
function ttlMsOf({ ttlMs }: ErasedTableOptions, historyMs: number | undefined): number | undefined {
  if (ttlMs === undefined) return undefined
  checkWhole('ttlMs', ttlMs, 1)
  if (historyMs === undefined) return ttlMs
  throw new MillraceError(
    'bad_option',
    'a table of versions has no ttlMs: its history says how long versions are kept. Leave one of them out',
  )
}

/** How long a table keeps versions, as its store says or its option; undefined: only the newest. */
function historyMsOf({ store, versioned }: ErasedTableOptions): number | undefined {
  const ofStore = store?.kind === 'versionedStore' ? store.historyMs : undefined
  if (versioned === undefined) return ofStore
  const { historyMs } = checkOptions('versioned', versioned, ['historyMs'])
  checkWhole('historyMs', historyMs, 1)
  if (ofStore === undefined || ofStore === historyMs) return historyMs
  throw new MillraceError(
    'bad_option',
    `store "${store?.name}" has a history of ${ofStore} ms, but versioned says ${historyMs} ms: leave one of them out`,
  )
}
