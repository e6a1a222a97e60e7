/**
 * join and leftJoin of two tables by foreign key: the nodes that they add.
 *
 *     left changes ── requests ═ by foreign key ═ subscriptions ═ by left key ═ results ── joined changes
 *                        └───────────── those without a foreign key ──────────────┘
 *
 * The requests and the results are where the left rows are, the subscriptions where the right rows are: each side may
 * have its own number of partitions.
 */
import { checkedFunction, checkName, checkOptions } from '../core/checks.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import { bytes, msgpack } from '../core/serdes.ts'
import { checkStore } from '../core/store-constants.ts'
import { TupleCodec } from '../core/tuple-codec.ts'
import { ofForgetful, ofTables } from '../plan/old-values.ts'
import { keyLayout, type StoreLayout } from '../plan/store-layout.ts'
import type { StoreSpec } from '../plan/store.ts'
import { answers, type ForeignKeyJoin, type ForeignKeyOf, requests } from './foreign-key-messages.ts'
import { alonePort, ofRequests, requesting } from './foreign-key-requests.ts'
import { joiningAnswers } from './foreign-key-results.ts'
import { answering } from './foreign-key-subscriptions.ts'
import type { JoinVerb } from './join-keys.ts'
import type { TableParts } from './parts.ts'
import { type ErasedStore, nameOf, storeSpec } from './store-spec.ts'
import type { Joiner } from './stream-join-operator.ts'
import { rowsIn, unknownRows } from './table-rows.ts'

export interface ForeignKeyJoinOptions {
  readonly foreignKey: ForeignKeyOf
  readonly store?: ErasedStore | undefined
  readonly name?: string | undefined
}

/** Checks everything before it adds a node, so that a refused call changes nothing. */
export function joinByForeignKey(
  verb: JoinVerb,
  left: TableParts,
  right: TableParts,
  joiner: Joiner,
  options: ForeignKeyJoinOptions,
): TableParts {
  const { foreignKey, store: given, name } = checkOptions(verb, options, ['foreignKey', 'store', 'name'])
  checkedFunction(`the foreignKey of ${verb}`, foreignKey)
  if (name !== undefined) checkName('the name of an operator', name)
  const store = given === undefined ? undefined : checkStore(verb, given)
  const { plan, faces, keyCodec } = left
  const id = plan.idOf(verb, [left.node, right.node], nameOf({ name, store }, left.node))
  const valueCodec = store && codecOf(store.value as Serde<unknown>)
  const own =
    store && valueCodec && storeSpec(id, store, { kind: 'keyValueStore', keyCodec, valueCodec, layout: keyLayout() })
  const join: ForeignKeyJoin = {
    verb,
    foreignKey,
    joiner,
    left: left.rows,
    right: right.rows,
    leftKeys: keyCodec,
    rightKeys: right.keyCodec,
    subscriptionKeys: new TupleCodec([right.keyCodec, keyCodec]),
  }
  const stores = {
    subscriptions: members(`${id}.subscriptions`, join.subscriptionKeys),
    untold: buffer(`${id}.untold`, right.keyCodec, codecOf(msgpack()), keyLayout({ hasDueTimes: true })),
  }
  const [leftRows, rightRows] = [left.rows.stores, right.rows.stores]

  const asking = plan.stateful(verb, left.node, `${id}.requests`, () => ({
    stores: [],
    operator: requesting(join),
    oldValues: ofRequests,
  }))
  const alone = plan.port(verb, asking, alonePort)
  const asked = plan.regroup(verb, asking, `${id}.asked`, right.keyCodec, requests)
  const told = plan.stateful(verb, [asked, right.node], `${id}.subscribers`, () => ({
    stores: [stores.subscriptions, stores.untold, ...rightRows],
    operator: answering(join, stores),
  }))
  const answered = plan.regroup(verb, told, `${id}.answered`, keyCodec, answers)
  const made = plan.stateful(verb, [answered, alone], id, () => ({
    stores: [...(own === undefined ? [] : [own]), ...leftRows],
    operator: joiningAnswers(join, own),
    facts: { by: 'foreign key' },
    oldValues: own === undefined ? ofForgetful : ofTables,
  }))
  return {
    faces,
    plan,
    node: made,
    origin: made,
    keyCodec,
    valueCodec,
    untouchedKeys: left.untouchedKeys,
    // They cannot be made of both sides, because the right one lies in another partition.
    rows: own === undefined ? unknownRows(id, 'a join by foreign key keeps none') : rowsIn(own),
  }
}

function members(name: string, keyCodec: object): StoreSpec {
  return Object.freeze({
    ...buffer(name, keyCodec, codecOf(bytes()), keyLayout({ isOrdered: true })),
    isOfMembers: true,
  })
}

function buffer(name: string, keyCodec: object, valueCodec: object, layout: StoreLayout): StoreSpec {
  const codecs = { keyCodec: keyCodec as Codec<unknown>, valueCodec: valueCodec as Codec<unknown> }
  return Object.freeze({ kind: 'buffer', name, ...codecs, layout, form: undefined, facts: {} })
}
