/**
 * The ledgers of the present tasks, made from those that the last instance left.
 *
 * A task is named after the first input of its sub-topology, because the ids of inputs are stable, and an index is not.
 * Still, a changed topology may join two sub-topologies to one, or part them. So what belongs to an operator goes to
 * the task that it is in now, by its id; the counts of a task that no longer exists go to another one: only their sum
 * is ever used.
 */
import { sumMs } from '../core/units.ts'
import type { TaskId, TaskProgress } from '../log/contract.ts'
import type { PlanChange } from '../plan/comparison.ts'
import { lastDueCell, raisedCell, timeCell } from '../plan/operator.ts'
import { type SubTopology, subTopologyName } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'
import {
  decodeEntries,
  encodeEntries,
  entriesWithout,
  type LedgerEntries,
  noEntries,
  sumOf,
} from '../core/stored-progress.ts'

/** What a changed topology changes of what its operators know. */
type Heritage = Pick<PlanChange, 'dropped' | 'renamed' | 'moreGraceMs'>

export interface Inheritance {
  /** By {@link taskName}; a task that is new has none. */
  readonly ledgers: ReadonlyMap<string, LedgerEntries>
  /** What differs from what is stored. */
  readonly changed: readonly TaskProgress[]
}

export function taskOf(subTopology: SubTopology, partition: number): TaskId {
  return { subTopology: subTopologyName(subTopology), partition }
}

/** For maps, and for people. */
export function taskName({ subTopology, partition }: TaskId): string {
  return `${subTopology}/${partition}`
}

interface Stored {
  readonly task: TaskId
  readonly entries: LedgerEntries
}

export function inherit(
  topology: Topology,
  partitionsOfSub: (subTopology: SubTopology) => number,
  found: readonly TaskProgress[],
  change: Heritage | undefined,
): Inheritance {
  const decoded = found.map(({ task, progress }): Stored => ({ task, entries: decodeEntries(progress as Buffer) }))
  const stored = change === undefined ? decoded : decoded.map((one) => changed(one, change))
  const tasks = topology.subTopologies.flatMap((sub) =>
    Array.from({ length: partitionsOfSub(sub) }, (_, partition) => taskOf(sub, partition)),
  )
  const names = new Set(tasks.map(taskName))
  const isThere = ({ task }: Stored): boolean => names.has(taskName(task))
  const homes = new Map(topology.subTopologies.flatMap((sub) => sub.nodes.map(({ id }) => [id, sub] as const)))
  const ledgers = new Map(stored.filter(isThere).map(({ task, entries }) => [taskName(task), { task, entries }]))
  const entriesOf = (task: TaskId): LedgerEntries => ledgers.get(taskName(task))?.entries ?? noEntries
  const put = (task: TaskId, entries: LedgerEntries): unknown => ledgers.set(taskName(task), { task, entries })

  const orphans = stored.filter((one) => !isThere(one))
  const [heir] = tasks
  if (heir !== undefined && orphans.length > 0) {
    const own = entriesOf(heir)
    put(heir, { ...own, ...sumOf([own, ...orphans.map(({ entries }) => entries)]) })
  }
  for (const { task, entries } of stored) {
    const isAtHome = (id: string): boolean => {
      const sub = homes.get(id)
      return sub !== undefined && taskName(taskOf(sub, task.partition)) === taskName(task)
    }
    const movers = operatorsOf(entries).filter((id) => !isAtHome(id))
    if (movers.length === 0) continue
    for (const id of movers) {
      const sub = homes.get(id)
      if (sub === undefined) continue // of an operator that is no more
      const home = taskOf(sub, task.partition)
      if (!names.has(taskName(home))) continue
      const own = entriesOf(home)
      const isOther = (other: string): boolean => other !== id
      const isOne = (other: string): boolean => other === id
      put(home, { ...own, time: Math.max(own.time, entries.time), ...ofOperators(own, isOther, entries, isOne) })
    }
    const rest = ledgers.get(taskName(task))?.entries
    if (rest !== undefined) put(task, { ...rest, ...ofOperators(rest, isAtHome) })
  }
  return {
    ledgers: new Map([...ledgers].map(([name, { entries }]) => [name, entries])),
    changed: differences(found, [...ledgers.values()]),
  }
}

/** A ledger under the present names, without what belongs to operators that go. */
function changed({ task, entries }: Stored, { dropped, renamed, moreGraceMs }: Heritage): Stored {
  const nameOf = (id: string): string => renamed.nodes.get(id) ?? id
  const called = <T>(byOperator: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries(Object.entries(byOperator).map(([id, entry]) => [nameOf(id), entry]))
  const present = entriesWithout(
    {
      ...entries,
      streamTimes: called(entries.streamTimes),
      cells: called(entries.cells),
      schedules: called(entries.schedules),
      dropped: called(entries.dropped),
      failed: called(entries.failed),
    },
    dropped,
  )
  return {
    task: { ...task, subTopology: nameOf(task.subTopology) },
    entries: {
      ...present,
      streamTimes: mapped(present.streamTimes, (time, id) => later(time, moreGraceMs.get(id))),
      cells: mapped(present.cells, (cells, id) =>
        mapped(cells, (value, name) => (isTime(name) && value > 0 ? later(value, moreGraceMs.get(id)) : value)),
      ),
    },
  }
}

/**
 * With a longer grace, windows that are closed would be open again. A stream time that is later by as much keeps closed
 * exactly those that are.
 */
function later(time: number, byMs: number = 0): number {
  return time < 0 ? time : sumMs(time, byMs)
}

const isTime = (cell: string): boolean => [timeCell, raisedCell, lastDueCell].includes(cell)

function mapped<T>(entries: Readonly<Record<string, T>>, map: (value: T, name: string) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, map(value, name)]))
}

/** What has to be stored so that these are there, and nothing else. */
function differences(found: readonly TaskProgress[], ledgers: readonly Stored[]): readonly TaskProgress[] {
  const before = new Map(found.map(({ task, progress }) => [taskName(task), progress]))
  const names = new Set(ledgers.map(({ task }) => taskName(task)))
  const gone = found.filter(({ task }) => !names.has(taskName(task)))
  const now = ledgers.map(({ task, entries }) => ({ task, progress: encodeEntries(entries) }))
  return [
    ...gone.map(({ task }) => ({ task, progress: undefined })),
    ...now.filter(({ task, progress }) => before.get(taskName(task))?.equals(progress) !== true),
  ]
}

/** What a ledger holds by operator. */
type OfOperators = Pick<LedgerEntries, 'streamTimes' | 'cells' | 'schedules'>

function operatorsOf({ streamTimes, cells, schedules }: OfOperators): string[] {
  return [...new Set([streamTimes, cells, schedules].flatMap((entries) => Object.keys(entries)))]
}

/** What one ledger holds of some operators, and another one of others. */
function ofOperators(
  one: OfOperators,
  isOfOne: (id: string) => boolean,
  other: OfOperators = noEntries,
  isOfOther: (id: string) => boolean = () => false,
): OfOperators {
  const pick = <T>(ofOne: Readonly<Record<string, T>>, ofOther: Readonly<Record<string, T>>): Record<string, T> =>
    Object.fromEntries([
      ...Object.entries(ofOne).filter(([id]) => isOfOne(id)),
      ...Object.entries(ofOther).filter(([id]) => isOfOther(id)),
    ])
  return {
    streamTimes: pick(one.streamTimes, other.streamTimes),
    cells: pick(one.cells, other.cells),
    schedules: pick(one.schedules, other.schedules),
  }
}
