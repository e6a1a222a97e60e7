/**
 * The ledgers of the present tasks, made from those that the last instance left.
 *
 * A task is named after the first input of its sub-topology, because the ids of inputs are stable, and an index is not.
 * Still, a changed topology may join two sub-topologies to one, or part them. So what belongs to an operator goes to
 * the task that it is in now, by its id; the counts of a task that no longer exists go to another one: only their sum
 * is ever used.
 */
import type { TaskId, TaskProgress } from '../log/contract.ts'
import { type SubTopology, subTopologyName } from '../plan/node.ts'
import type { Topology } from '../plan/topology.ts'
import { decodeEntries, encodeEntries, type LedgerEntries, noEntries, sumOf } from '../core/stored-progress.ts'

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
): Inheritance {
  const stored = found.map(({ task, progress }): Stored => ({ task, entries: decodeEntries(progress as Buffer) }))
  const tasks = topology.subTopologies.flatMap((sub) =>
    Array.from({ length: partitionsOfSub(sub) }, (_, partition) => taskOf(sub, partition)),
  )
  const names = new Set(tasks.map(taskName))
  const isThere = ({ task }: Stored): boolean => names.has(taskName(task))
  const orphans = stored.filter((one) => !isThere(one))
  const homes = new Map(topology.subTopologies.flatMap((sub) => sub.nodes.map(({ id }) => [id, sub] as const)))
  const moved = stored.filter(({ task, entries }) => operatorsOf(entries).some((id) => !isAtHome(id, task)))
  const ledgers = new Map(stored.filter(isThere).map((one) => [taskName(one.task), one.entries]))
  if (orphans.length === 0 && moved.length === 0) return { ledgers, changed: [] }

  const changed = new Map<string, TaskProgress>()
  const change = (task: TaskId, entries: LedgerEntries): void => {
    ledgers.set(taskName(task), entries)
    changed.set(taskName(task), { task, progress: encodeEntries(entries) })
  }
  for (const { task } of orphans) changed.set(taskName(task), { task, progress: undefined })
  const [heir] = tasks
  if (heir !== undefined && orphans.length > 0) {
    const own = ledgers.get(taskName(heir)) ?? noEntries
    change(heir, { ...own, ...sumOf([own, ...orphans.map(({ entries }) => entries)]) })
  }
  for (const { task, entries } of moved) {
    for (const id of operatorsOf(entries)) {
      const sub = homes.get(id)
      if (isAtHome(id, task) || sub === undefined) continue // of an operator that is no more
      const home = taskOf(sub, task.partition)
      if (!names.has(taskName(home))) continue
      const own = ledgers.get(taskName(home)) ?? noEntries
      const time = Math.max(own.time, entries.time)
      change(home, {
        ...own,
        time,
        ...ofOperators(
          own,
          (other) => other !== id,
          entries,
          (other) => other === id,
        ),
      })
    }
    const rest = ledgers.get(taskName(task))
    if (rest === undefined) continue
    change(task, { ...rest, ...ofOperators(rest, (id) => isAtHome(id, task)) })
  }
  return { ledgers, changed: [...changed.values()] }

  function isAtHome(id: string, task: TaskId): boolean {
    const sub = homes.get(id)
    return sub !== undefined && taskName(taskOf(sub, task.partition)) === taskName(task)
  }
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
