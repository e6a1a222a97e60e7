/**
 * The store that a verb keeps its records in: named by a constant of the user's, or after the verb's node.
 */
import { MillraceError } from '../core/errors.ts'
import { type Codec, codecOf, type Serde } from '../core/serde.ts'
import type { StoreKind } from '../core/store-constants.ts'
import type { Facts } from '../core/stored-plan.ts'
import { SizedForm, type WindowForm } from '../core/windows/window-form.ts'
import type { PlanNode } from '../plan/node.ts'
import type { PlanBuilder } from '../plan/plan-builder.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { StoreLayout } from '../plan/store-layout.ts'
import type { Named } from './dsl/functions.ts'

/** A constant of a store, whatever the types of its keys and values: serdes are invariant, so they are erased here. */
export interface ErasedStore {
  readonly kind: StoreKind
  readonly name: string
  readonly key: object
  readonly value: object
  readonly headers?: boolean | undefined
  readonly size?: number | undefined
  readonly retentionMs?: number | undefined
  /** Of a versioned store. */
  readonly historyMs?: number | undefined
}

/** Options whose store is only known to fit by the face of the verb. */
export interface InErasedStore extends Named {
  readonly store?: ErasedStore | undefined
}

export interface StoreWish {
  readonly kind: ErasedStore['kind']
  readonly keyCodec: Codec<unknown>
  readonly valueCodec: Codec<unknown>
  readonly layout: StoreLayout
  readonly form?: WindowForm | undefined
  readonly closeOf?: StoreSpec['closeOf'] | undefined
  /** What its rows depend on besides kind and serdes; not the retention, which may change. */
  readonly facts?: Facts | undefined
}

/** What a plan calls the kinds of constants. */
export const kindOf: { readonly [Kind in ErasedStore['kind']]: StoreSpec['kind'] } = {
  keyValueStore: 'keyValue',
  windowStore: 'window',
  sessionStore: 'session',
  versionedStore: 'versioned',
}

/**
 * @param id of the node, after which a store without a constant is called
 * @throws MillraceError `topology_invalid` for a constant of another kind or other serdes
 */
export function storeSpec(id: string, constant: ErasedStore | undefined, wish: StoreWish): StoreSpec {
  const { kind, keyCodec, valueCodec, layout, form, closeOf, facts = {} } = wish
  if (constant !== undefined) checkFits(id, constant, wish)
  return Object.freeze({
    kind: kindOf[kind],
    name: constant?.name ?? id,
    keyCodec,
    valueCodec,
    layout,
    form,
    closeOf,
    facts,
  })
}

/**
 * What an operator is called: a named store names it too, unless something before it has that name, as a topic may.
 */
export function nameOf(
  { name, store }: { readonly name?: string | undefined; readonly store?: ErasedStore | undefined },
  ...from: readonly PlanNode[]
): string | undefined {
  if (name !== undefined || store === undefined) return name
  return from.some((node) => isCalled(node, store.name)) ? undefined : store.name
}

/**
 * What an aggregation of a stream is called: as it has always been, by what it is made of, and by its store only where
 * another has that name. So two aggregations of one stream with two stores need no names.
 */
export function nameOfAggregation(
  plan: PlanBuilder,
  verb: string,
  nodes: readonly PlanNode[],
  options: { readonly name?: string | undefined; readonly store?: ErasedStore | undefined },
): string | undefined {
  const id = plan.idOf(verb, nodes, options.name)
  return plan.nodes.some((node) => node.id === id) ? nameOf(options, ...nodes) : options.name
}

function isCalled(node: PlanNode, name: string): boolean {
  return node.id === name || node.parents.some((parent) => isCalled(parent, name))
}

/** A store constant must be of the kind that the verb keeps, and hold its keys and values. */
function checkFits(id: string, constant: ErasedStore, { kind, keyCodec, valueCodec, form }: StoreWish): void {
  const place = { store: constant.name, operator: id }
  if (constant.kind !== kind) {
    throw new MillraceError(
      'topology_invalid',
      `"${constant.name}" is a ${constant.kind}, but ${id} needs a ${kind}`,
      place,
    )
  }
  if (constant.headers === true) {
    throw new MillraceError(
      'topology_invalid',
      `store "${constant.name}" keeps headers, which only processors put there: ${id} needs one without`,
      place,
    )
  }
  if (constant.size !== undefined && form !== undefined && form.name !== new SizedForm(constant.size).name) {
    throw new MillraceError(
      'topology_invalid',
      `the windows of store "${constant.name}" are ${constant.size} ms long, but those of ${id} are of another kind: ${form.name}`,
      place,
    )
  }
  for (const [what, serde, codec] of [
    ['keys', constant.key, keyCodec],
    ['values', constant.value, valueCodec],
  ] as const) {
    const given = codecOf(serde as Serde<unknown>)
    if (given.format === codec.format) continue
    throw new MillraceError(
      'topology_invalid',
      `the ${what} of store "${constant.name}" are ${given.name}, but those of ${id} are ${codec.name}`,
      place,
    )
  }
}
