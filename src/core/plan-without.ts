/**
 * A stored plan without some of its operators: what goes with them, and what stays for others. A start that drops
 * operators and an act of administration that does so leave the same.
 */
import type { StoredPlan, StoredStore } from './stored-plan.ts'

export interface PlanWithout {
  readonly plan: StoredPlan
  /** The names of the stores that go. */
  readonly stores: readonly string[]
}

/** A store goes with its owner; what processors share goes with the last of them. */
export function keepersOf({ owner, readers, reading }: StoredStore): readonly string[] {
  return reading.isOfProcessors ? [owner, ...readers] : [owner]
}

/** What processors share is the first one's of those that stay. */
export function planWithout(plan: StoredPlan, dropped: ReadonlySet<string>): PlanWithout {
  const stays = (id: string): boolean => !dropped.has(id)
  const nodes = Object.entries(plan.nodes).filter(([id]) => stays(id))
  const stores: [name: string, store: StoredStore][] = []
  const gone: string[] = []
  for (const [name, store] of Object.entries(plan.stores)) {
    const owner = keepersOf(store).find(stays)
    if (owner === undefined) gone.push(name)
    else {
      const readers = store.readers.filter((id) => stays(id) && id !== owner)
      stores.push([name, { ...store, owner, readers, keys: store.keys.filter(stays) }])
    }
  }
  return { plan: { ...plan, nodes: Object.fromEntries(nodes), stores: Object.fromEntries(stores) }, stores: gone }
}
