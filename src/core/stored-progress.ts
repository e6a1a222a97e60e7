/**
 * The stored form of a task's ledger, and sums over several of them.
 */

export type Counts = Readonly<Record<string, number>>

/** Counts since the application first started, by operator or topic, then by what is counted. */
export type Counters = Readonly<Record<string, Counts>>

/** What ledgers can be added up by. */
export interface LedgerCounts {
  /** The largest timestamp of a processed source record; -1 before the first. */
  readonly eventTime: number
  readonly consumed: Counts
  readonly produced: Counts
  readonly dropped: Counters
  readonly failed: Counters
}

/** A punctuation that an operator asked for, and how far it has come. */
export interface ScheduleEntry {
  readonly type: 'streamTime' | 'wallClock'
  readonly intervalMs: number
  /** What the operator said; null: nothing. */
  readonly startMs: number | null
  readonly dueMs: number
  /** How often it has come. */
  readonly count: number
  readonly isCancelled: boolean
}

/** By operator, in the order in which the operator asked. */
export type ScheduleEntries = Readonly<Record<string, readonly ScheduleEntry[]>>

export interface LedgerEntries extends LedgerCounts {
  /** The stream time of the task: the largest timestamp of its records, regrouped ones too; -1 before the first. */
  readonly time: number
  /** By operator. */
  readonly streamTimes: Counts
  /** By operator, then name. */
  readonly cells: Counters
  readonly schedules: ScheduleEntries
}

export const noEntries: LedgerEntries = {
  eventTime: -1,
  time: -1,
  streamTimes: {},
  cells: {},
  schedules: {},
  consumed: {},
  produced: {},
  dropped: {},
  failed: {},
}

export function encodeEntries(entries: LedgerEntries): Buffer {
  return Buffer.from(JSON.stringify(entries))
}

export function decodeEntries(stored: Buffer): LedgerEntries {
  return JSON.parse(stored.toString()) as LedgerEntries
}

/** What an operator's own numbers call the state of its releases: 0 when there is nothing to release. */
export const releaseCell = '#release-'

/** What they call how many of its asynchronous calls are not done. */
export const openCallsCell = '#calls'

/** And how many there may be, in all tasks together. */
export const callSlotsCell = '#slots'

/** What the own numbers of a store's owner call the version that all values of a partition have. */
export const migratedCell = (store: string): string => `version of ${store}`

/**
 * Whether the task has work left of the records that it has processed: releases, asynchronous calls, or punctuations by
 * stream time.
 */
export function hasWorkLeft({ time, cells, schedules }: LedgerEntries): boolean {
  const isLeft = (name: string): boolean => name.startsWith(releaseCell) || name === openCallsCell
  const isWorking = Object.values(cells).some((counts) =>
    Object.entries(counts).some(([name, value]) => isLeft(name) && value !== 0),
  )
  const isDue = ({ type, dueMs, isCancelled }: ScheduleEntry): boolean =>
    type === 'streamTime' && !isCancelled && dueMs <= time
  return isWorking || Object.values(schedules).some((list) => list.some(isDue))
}

/** What it holds of other operators than these. */
export function entriesWithout(entries: LedgerEntries, dropped: ReadonlySet<string>): LedgerEntries {
  const rest = <T>(byOperator: Readonly<Record<string, T>>): Readonly<Record<string, T>> =>
    Object.fromEntries(Object.entries(byOperator).filter(([id]) => !dropped.has(id)))
  return {
    ...entries,
    streamTimes: rest(entries.streamTimes),
    cells: rest(entries.cells),
    schedules: rest(entries.schedules),
    dropped: rest(entries.dropped),
    failed: rest(entries.failed),
  }
}

/** Times are the latest, counts are sums; what was never counted is left out. */
export function sumOf(list: readonly LedgerCounts[]): LedgerCounts {
  return {
    eventTime: list.reduce((latest, { eventTime }) => Math.max(latest, eventTime), -1),
    consumed: sumOfCounts(list.map(({ consumed }) => consumed)),
    produced: sumOfCounts(list.map(({ produced }) => produced)),
    dropped: sumOfCounters(list.map(({ dropped }) => dropped)),
    failed: sumOfCounters(list.map(({ failed }) => failed)),
  }
}

/** How many records tasks have written, by topic. */
export function producedBy(tasks: readonly { readonly progress: Buffer | undefined }[]): Counts {
  return sumOf(tasks.flatMap(({ progress }) => (progress === undefined ? [] : [decodeEntries(progress)]))).produced
}

function sumOfCounts(list: readonly Counts[]): Counts {
  const sums = new Map<string, number>()
  for (const counts of list)
    for (const [name, count] of Object.entries(counts)) {
      if (count > 0) sums.set(name, (sums.get(name) ?? 0) + count)
    }
  return Object.fromEntries(sums)
}

function sumOfCounters(list: readonly Counters[]): Counters {
  const groups = new Map<string, Counts[]>()
  for (const counters of list)
    for (const [name, counts] of Object.entries(counters)) groups.set(name, [...(groups.get(name) ?? []), counts])
  const sums = [...groups].map(([name, counts]) => [name, sumOfCounts(counts)] as const)
  return Object.fromEntries(sums.filter(([, counts]) => Object.keys(counts).length > 0))
}
