/**
 * The comparison of a topology with the plan that an older one left: operator by operator, whether it goes on, is new,
 * or goes. Everything that does not fit and is not to go is refused.
 */
import { MillraceError } from '../core/errors.ts'
import { nearestName } from '../core/near-names.ts'
import { keepersOf, planWithout } from '../core/plan-without.ts'
import {
  type Facts,
  graceFact,
  keysOfTopic,
  type StoredPlan,
  type StoredStore,
  valuesOfTopic,
  versionFact,
  windowGraceFact,
} from '../core/stored-plan.ts'
import { type KeptLayouts, keptLayouts } from './kept-layouts.ts'
import { own, type Renamed, renamedPlan } from './renamed-plan.ts'

/** What the caller of a start says about operators of the stored plan. */
export interface ChangeWishes {
  /** The ids of those that may go. */
  readonly drop: readonly string[]
  /** Old names to new ones, of operators and stores. */
  readonly rename: ReadonlyMap<string, string>
}

export const noWishes: ChangeWishes = { drop: [], rename: new Map() }

/** How a topology differs from the one that was started before. */
export interface PlanChange {
  /** The ids of what reads, moves or keeps data and was not there, or was dropped and starts empty. */
  readonly added: ReadonlySet<string>
  /** Ids of the stored plan, by their new names. */
  readonly dropped: ReadonlySet<string>
  /** What gets another name. */
  readonly renamed: Renamed
  /** The stores that go, by the names that they are stored under. */
  readonly droppedStores: readonly string[]
  readonly layouts: KeptLayouts
  /** By how many ms the grace of operators has grown. */
  readonly moreGraceMs: ReadonlyMap<string, number>
}

/**
 * How an application may go on with its topology.
 *
 * @param hasRows whether a store of the stored plan keeps anything
 * @throws MillraceError `plan_changed` with everything that changed and is not to go
 */
export function comparePlans(
  applicationId: string,
  stored: StoredPlan,
  now: StoredPlan,
  wishes: ChangeWishes = noWishes,
  hasRows: (store: string, partitions: number) => boolean = () => true,
): PlanChange {
  const { plan: before, renamed } = renamedPlan(stored, now, wishes.rename)
  const mayGo = new Set(wishes.drop.map((id) => renamed.nodes.get(id) ?? id))
  const refused: string[] = []
  const dropped = new Set<string>()
  const judge = (ids: readonly string[], changes: readonly string[]): void => {
    if (changes.length === 0) return
    if (ids.every((id) => mayGo.has(id) || isIdle(id))) for (const id of ids) dropped.add(id)
    else refused.push(...changes)
  }
  for (const [id, old] of Object.entries(before.nodes)) judge([id], [...changesOfNode(id, old, before, now)])
  // Then the stores of those that stay: what their keys came by is known to stay or to go.
  for (const [name, store] of Object.entries(before.stores)) {
    const users = keepersOf(store).filter((id) => !dropped.has(id))
    if (users.length > 0) judge(users, [...changesOfStore(name, before, now, dropped)])
  }
  if (refused.length > 0) throw planChanged(applicationId, refused, unknownOf(wishes, stored, now))
  const { plan: kept, stores } = planWithout(before, dropped)
  return {
    added: new Set(Object.keys(now.nodes).filter((id) => dropped.has(id) || !Object.hasOwn(before.nodes, id))),
    dropped,
    renamed,
    droppedStores: stores.map((name) => renamed.formerStore(name)),
    layouts: keptLayouts(kept, now),
    moreGraceMs: moreGrace(kept, now),
  }

  /** Where no call is pending, a mapAsync keeps nothing. */
  function isIdle(id: string): boolean {
    if (own(before.nodes, id)?.['verb'] !== 'mapAsync') return false
    const pending = Object.entries(before.stores).filter(([, { owner }]) => owner === id)
    return pending.every(([name, { reading }]) => !hasRows(renamed.formerStore(name), reading.partitions))
  }
}

function* changesOfNode(id: string, old: Facts, before: StoredPlan, now: StoredPlan): Iterable<string> {
  const facts = own(now.nodes, id)
  if (facts !== undefined) {
    yield* changesOfFacts(`"${id}"`, old, facts)
    return
  }
  const alike = Object.entries(now.nodes).flatMap(([other, { verb }]) => {
    return verb === old['verb'] && !Object.hasOwn(before.nodes, other) ? [other] : []
  })
  const near = alike.length === 1 ? alike[0] : nearestName(id, alike)
  const pending = old['verb'] === 'mapAsync' ? ', and calls of it are pending' : ''
  yield `"${id}" (${old['verb']}) is gone${pending}${near === undefined ? '' : `; is it "${near}" now?`}`
}

function* changesOfStore(
  name: string,
  before: StoredPlan,
  now: StoredPlan,
  dropped: ReadonlySet<string>,
): Iterable<string> {
  const old = before.stores[name] as StoredStore
  const store = own(now.stores, name)
  if (store === undefined) {
    if (keepersOf(old).some((id) => Object.hasOwn(now.nodes, id))) yield `store "${name}" of "${old.owner}" is gone`
    return
  }
  // No topic matched: it has nothing, and any number of partitions will do.
  if (old.facts['partitions'] === 0) return
  // Rows that processors share expire by the time of the task, whichever node owns them.
  const owners = old.reading.isOfProcessors ? [{}, {}] : [{ owner: old.owner }, { owner: store.owner }]
  yield* changesOfFacts(`store "${name}"`, { ...owners[0], ...old.facts }, { ...owners[1], ...store.facts })
  // Rows stay where they were put. A further way for keys harms none of them; without the old way, keys miss their
  // rows. One of several that is dropped leaves its rows to the others.
  const gone = old.keys.filter((id) => !store.keys.includes(id) && !dropped.has(id) && Object.hasOwn(now.nodes, id))
  const left = old.keys.filter((id) => store.keys.includes(id) && isSameWay(id, before, now, dropped))
  const isAnyGone = old.keys.some((id) => Object.hasOwn(now.nodes, id) || dropped.has(id))
  if (gone.length > 0 || (left.length === 0 && isAnyGone && old.keys.length > 0)) {
    yield `store "${name}": its keys came to their partitions by ${listOf(old.keys)}, and come by ${listOf(store.keys)}`
  }
}

/** What was dropped and is there again may lead elsewhere, unless it still reads keys of the same bytes. */
function isSameWay(id: string, before: StoredPlan, now: StoredPlan, dropped: ReadonlySet<string>): boolean {
  if (!dropped.has(id)) return true
  const [old, facts] = [own(before.nodes, id) ?? {}, own(now.nodes, id) ?? {}]
  return Object.keys(old).some((fact) => fact.startsWith(keysOfTopic) && old[fact] === facts[fact])
}

/** Facts about times to come: what is stored goes on with another one. */
const freeFacts: ReadonlySet<string> = new Set([graceFact, windowGraceFact, 'ttl', 'time limit'])

function moreGrace(before: StoredPlan, now: StoredPlan): ReadonlyMap<string, number> {
  const more = new Map<string, number>()
  const compare = (id: string, name: string, old: Facts, facts: Facts | undefined): void => {
    const byMs = Number(facts?.[name]) - Number(old[name])
    if (byMs > 0) more.set(id, byMs)
  }
  for (const [id, old] of Object.entries(before.nodes)) compare(id, graceFact, old, own(now.nodes, id))
  for (const [name, { owner, facts }] of Object.entries(before.stores)) {
    compare(owner, windowGraceFact, facts, own(now.stores, name)?.facts)
  }
  return more
}

function* changesOfFacts(what: string, old: Facts, facts: Facts): Iterable<string> {
  for (const [name, value] of Object.entries(old)) {
    if (name === versionFact && Number(facts[name] ?? 0) >= Number(value)) continue
    if (facts[name] !== value && !(freeFacts.has(name) && name in facts))
      yield `${what}: ${name} was ${value}, is ${facts[name] ?? 'not there'}`
  }
  for (const [name, value] of Object.entries(facts)) {
    // A source may read more topics; each begins where its source says. Values may get versions.
    const isMore = name === versionFact || name.startsWith(keysOfTopic) || name.startsWith(valuesOfTopic)
    if (!(name in old) && !isMore) yield `${what}: ${name} is ${value}, was not there`
  }
}

/** Names that the caller gave and that mean nothing here: probably those of what is refused, misspelt. */
function unknownOf({ drop, rename }: ChangeWishes, before: StoredPlan, now: StoredPlan): readonly string[] {
  const isOf = (plan: StoredPlan, name: string): boolean =>
    Object.hasOwn(plan.nodes, name) || Object.hasOwn(plan.stores, name)
  return [
    ...[...drop, ...rename.keys()].filter((name) => !isOf(before, name)).map((name) => `"${name}" is not stored`),
    ...[...rename.values()].filter((name) => !isOf(now, name)).map((name) => `"${name}" is not in the topology`),
  ]
}

function planChanged(applicationId: string, changes: readonly string[], unknown: readonly string[]): MillraceError {
  const mistakes = unknown.length === 0 ? '' : `Of the names in drop and rename, ${unknown.join(', ')}.\n`
  return new MillraceError(
    'plan_changed',
    `application "${applicationId}" has stored data that no longer fits its topology:\n` +
      changes.map((change) => `  - ${change}\n`).join('') +
      mistakes +
      'For each of them there are three ways:\n' +
      "  - rename: it only got another name or place. startStreams(…, { rename: { 'old id': 'new id' } }), or give it its " +
      'old id with { name }\n' +
      "  - drop: what it keeps is not needed. startStreams(…, { drop: ['its id'] }) removes it with its stores\n" +
      '  - replay: the topology is to have the history. Run it beside this one with replay(), then switch to it',
  )
}

function listOf(ids: readonly string[]): string {
  return ids.map((id) => `"${id}"`).join(', ')
}
