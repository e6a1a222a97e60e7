/**
 * join, leftJoin and outerJoin of two tables by key: the node that they add, and how others read its rows.
 */
import { checkName, checkOptions } from '../core/checks.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import { checkStore } from '../core/store-constants.ts'
import { ofForgetful, ofTables, ofTableVerbs } from '../plan/old-values.ts'
import type { Spared } from '../plan/node.ts'
import { keyLayout } from '../plan/store-layout.ts'
import type { StoreSpec } from '../plan/store.ts'
import { type JoinVerb, joinKeyCodec } from './join-keys.ts'
import type { TableParts } from './parts.ts'
import { type ErasedStore, nameOf, storeSpec } from './store-spec.ts'
import type { Joiner } from './stream-join-operator.ts'
import { joiningTables, resultOf } from './table-join-operator.ts'
import { rowsIn, type TableRows } from './table-rows.ts'

/** Checks everything before it adds a node, so that a refused call changes nothing. */
export function joinOfTables(
  verb: JoinVerb,
  left: TableParts,
  right: TableParts,
  joiner: Joiner,
  options: { readonly store?: ErasedStore | undefined; readonly name?: string | undefined },
): TableParts {
  const { store: given, name } = checkOptions(verb, options, ['store', 'name'])
  if (name !== undefined) checkName('the name of an operator', name)
  const store = given === undefined ? undefined : checkStore(verb, given)
  const { plan, node } = left
  const sides = [left, right].map((side) => ({ ...side, rekeyed: false })) as [Side, Side]
  const keyCodec = joinKeyCodec(verb, undefined, ...sides)
  const valueCodec = store && codecOf(store.value as Serde<unknown>)
  const isMirrored = left.origin === right.origin
  // Of a change that comes by both sides, one way or another, neither side says what the joined row was before.
  const isShared = left.rows.stores.some((one) => right.rows.stores.includes(one))
  const withoutStore = isShared && !isMirrored ? ofForgetful : ofTableVerbs
  const own = store && valueCodec && keptIn(store, keyCodec, valueCodec)
  const stores = [...(own === undefined ? [] : [own]), ...new Set([...left.rows.stores, ...right.rows.stores])]
  const made = plan.stateful(verb, [node, right.node], nameOf({ name, store }, node), () => ({
    stores,
    operator: joiningTables({ verb, left: left.rows, right: right.rows, joiner, own, isMirrored, isShared }),
    oldValues: { ...(own === undefined ? withoutStore : ofTables), spared: spared[verb] },
  }))
  return {
    faces: left.faces,
    plan,
    node: made,
    origin: made,
    keyCodec,
    valueCodec,
    untouchedKeys: [...new Set([...left.untouchedKeys, ...right.untouchedKeys])],
    rows: own === undefined ? joinedRows(verb, left.rows, right.rows, joiner) : rowsIn(own),
  }
}

type Side = TableParts & { readonly rekeyed: false }

/**
 * Kafka Streams: a row that a filter let pass neither before nor after changes nothing that it may come alone in. So
 * the joined row keeps its timestamp.
 */
const spared: Readonly<Record<JoinVerb, readonly [left: Spared, right: Spared]>> = {
  join: ['ifKept', 'ifKept'],
  leftJoin: ['always', 'ifKept'],
  outerJoin: ['always', 'always'],
}

function keptIn(store: ErasedStore, keyCodec: Codec<unknown>, valueCodec: Codec<unknown>): StoreSpec {
  return storeSpec(store.name, store, { kind: 'keyValueStore', keyCodec, valueCodec, layout: keyLayout() })
}

/** The rows of a join that keeps none: each is made of a row of both sides. */
function joinedRows(verb: JoinVerb, left: TableRows, right: TableRows, joiner: Joiner): TableRows {
  return {
    stores: [...new Set([...left.stores, ...right.stores])],
    historyMs: undefined,
    reader: (context) => {
      const [lefts, rights] = [left.reader(context), right.reader(context)]
      return {
        get(key) {
          const [one, other] = [lefts.get(key), rights.get(key)]
          const value = resultOf(verb, joiner, one?.value ?? null, other?.value ?? null, key.key)
          if (value === null || value === undefined) return undefined
          return { value, timestamp: Math.max(one?.timestamp ?? -1, other?.timestamp ?? -1) }
        },
      }
    },
  }
}
