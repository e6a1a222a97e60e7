/**
 * A stored plan under the names that a new topology uses for the same operators and stores.
 *
 * A rename may stay in a program: where the old name is no longer stored, or the new one is already, it was done at an
 * earlier start, and nothing happens.
 */
import type { StoredPlan, StoredStore } from '../core/stored-plan.ts'

/** What gets another name: old names to new ones. */
export interface Renamed {
  readonly nodes: ReadonlyMap<string, string>
  readonly stores: ReadonlyMap<string, string>
  /** What a store of the renamed plan is stored under. */
  formerStore(name: string): string
}

export function renamedPlan(
  stored: StoredPlan,
  now: StoredPlan,
  wishes: ReadonlyMap<string, string>,
): { readonly plan: StoredPlan; readonly renamed: Renamed } {
  const nodes = renames(Object.keys(stored.nodes), now.nodes, wishes)
  const stores = renames(Object.keys(stored.stores), now.stores, wishes)
  const id = (name: string): string => nodes.get(name) ?? name
  const storeOf = ({ owner, readers, keys, ...rest }: StoredStore): StoredStore => {
    return { ...rest, owner: id(owner), readers: readers.map(id), keys: keys.map(id) }
  }
  const plan: StoredPlan = {
    ...stored,
    nodes: Object.fromEntries(Object.entries(stored.nodes).map(([name, facts]) => [id(name), facts])),
    stores: Object.fromEntries(
      Object.entries(stored.stores).map(([name, store]) => [stores.get(name) ?? name, storeOf(store)]),
    ),
  }
  const former = new Map([...stores].map(([old, name]) => [name, old]))
  return { plan, renamed: { nodes, stores, formerStore: (name) => former.get(name) ?? name } }
}

/** What is called after a name follows it: its own store, and what is made after it without a name of its own. */
function renames(
  names: readonly string[],
  now: Readonly<Record<string, unknown>>,
  wishes: ReadonlyMap<string, string>,
): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of names) {
    const wanted = wishes.get(name) ?? followed(name, now, wishes)
    if (wanted !== undefined && Object.hasOwn(now, wanted)) found.set(name, wanted)
  }
  // A name that is stored, and stays, was given at an earlier start.
  for (let isSettled = false; !isSettled;) {
    isSettled = true
    for (const [old, name] of found) {
      if (!names.includes(name) || found.has(name)) continue
      found.delete(old)
      isSettled = false
    }
  }
  return found
}

function followed(
  name: string,
  now: Readonly<Record<string, unknown>>,
  wishes: ReadonlyMap<string, string>,
): string | undefined {
  if (Object.hasOwn(now, name)) return undefined
  for (let end = name.lastIndexOf('.'); end > 0; end = name.lastIndexOf('.', end - 1)) {
    const wanted = wishes.get(name.slice(0, end))
    if (wanted !== undefined) return wanted + name.slice(end)
  }
  return undefined
}

/** A name may be "constructor" or "__proto__". */
export function own<T>(of: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined
}
