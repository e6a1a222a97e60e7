/**
 * The plan of an application as the log stores it: what its stored data depends on, as plain data.
 *
 * `plan/` writes and compares it; the log asks it which topics have to keep their partitions.
 */
import { MillraceError } from './errors.ts'
import type { StoreLayout } from './store-layout.ts'
import type { TopologyDescription } from './topology-description.ts'

/** Facts about a node or a store, by the names that a message uses. */
export type Facts = Readonly<Record<string, string | number>>

/** What the facts about the topics of a source begin with: the serdes of their keys and of their values. */
export const keysOfTopic = 'keys of '
export const valuesOfTopic = 'values of '

/** The fact that says of which version the values of a store are; it may rise. */
export const versionFact = 'value version'

/** The facts that say a grace in ms: of a join, and of the windows of an aggregation. */
export const graceFact = 'grace'
export const windowGraceFact = 'window grace'

export interface StoredStore {
  /** The id of the node that creates the store and lets its rows expire. */
  readonly owner: string
  /** The ids of the other nodes that use it. */
  readonly readers: readonly string[]
  readonly facts: Facts
  /** The ids of the sources and regroupings whose partitions its keys lie in. */
  readonly keys: readonly string[]
  /** The topics that its number of partitions follows: they must keep theirs. */
  readonly topics: readonly string[]
  readonly reading: StoreReading
}

/** What a reader of a store has to know who has no topology; what may change between two starts is that of the last. */
export interface StoreReading {
  readonly kind: string
  readonly key: string
  readonly value: string
  readonly partitions: number
  readonly layout: StoreLayout
  /** The name of the form of its windows. */
  readonly form?: string | undefined
  /** What the tasks of its owner are called. */
  readonly subTopology: string
  readonly isOfProcessors: boolean
}

export interface StoredOutput {
  /** Whether each record is the newest of its key, so that one may stand for those before it. */
  readonly newest: boolean
}

export interface StoredPlan {
  readonly version: typeof storedPlanVersion
  /** The topics that are read. */
  readonly topics: readonly string[]
  /** What reads, moves or keeps data, by id. */
  readonly nodes: Readonly<Record<string, Facts>>
  /** By name. */
  readonly stores: Readonly<Record<string, StoredStore>>
  /**
   * Of the topics of global tables, the end of each partition when the table was new: up to there they are read before
   * all others.
   */
  readonly loaded: Readonly<Record<string, readonly number[]>>
  /** The topics that sinks write, by name, as far as the script lists them; no stored data depends on them. */
  readonly outputs?: Readonly<Record<string, StoredOutput>> | undefined
  /** The topic of its dead letters, for those who look for them; no stored data depends on it. */
  readonly deadLetters?: string | undefined
  /** `commit.everyMs`, for those who judge whether it stands still; no stored data depends on it. */
  readonly commitEveryMs?: number | undefined
  /** Its shape, for those who draw it; no stored data depends on it. */
  readonly topology?: TopologyDescription | undefined
  /** Undefined where no window follows a calendar, or the rules of the program have no version. */
  readonly timeZones?: TimeZoneRules | undefined
  /** Whether the application was reset since: nothing is stored that depends on this plan. */
  readonly isReset?: boolean | undefined
}

/** What version of the rules of time zones windows were cut by: another may cut later ones differently. */
export interface TimeZoneRules {
  /** That of the IANA database. */
  readonly version: string
  /** The time zones of the application. */
  readonly zones: readonly string[]
}

export const storedPlanVersion = 1

/** What a start says of itself, beside what follows from the topology. */
export type PlanNotes = Pick<StoredPlan, 'deadLetters' | 'commitEveryMs'>

/** How seldom an application may commit, by a plan of any version, in ms. */
export function commitEveryMsOf(stored: string): number {
  const { commitEveryMs } = JSON.parse(stored) as { readonly commitEveryMs?: unknown }
  return typeof commitEveryMs === 'number' ? commitEveryMs : 0
}

/** @throws MillraceError `format_unknown` for the plan of a version that stores something else */
export function parsePlan(applicationId: string, stored: string): StoredPlan {
  const plan = JSON.parse(stored) as StoredPlan | { readonly version: unknown }
  if (plan.version === storedPlanVersion) return plan as StoredPlan
  throw new MillraceError(
    'format_unknown',
    `application "${applicationId}" was last started by another version of millrace: its stored plan has version ` +
      `${String(plan.version)}, and this version reads ${storedPlanVersion}. Use the version that wrote it`,
  )
}
