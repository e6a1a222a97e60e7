/**
 * The JSON that the page gets of versions beside the live one: how far they are, how they compare, and what a switch
 * would do.
 */

/** How far a version beside the live one is; what it has in common with others is in its `VersionView`. */
export interface ReplayView {
  readonly applicationId: string
  readonly version: string
  readonly isPaused: boolean
  /** Whether it was the live one, and can be it again. */
  readonly wasLive: boolean
  /** `copying`: it begins as a copy of the live one, which is not whole yet. */
  readonly phase: 'copying' | 'replaying' | 'following' | 'done'
  /** Where it began and where it stops, in words; null of one that has never replayed, and so are the next three. */
  readonly range: string | null
  /** Records that it has read of those that it is to read. */
  readonly done: number | null
  readonly total: number | null
  readonly percent: number | null
  /** Records a second, by offsets; null until it was looked at twice. */
  readonly rate: number | null
  /** How long the rest takes at this rate; null where that is not known. */
  readonly etaMs: number | null
  /** The largest event time so far, ms since the epoch; null before the first record. */
  readonly eventTimeMs: number | null
  /** Records that the live version has read, and this one has not yet. */
  readonly lag: number
}

/** What became of the versions of an application. */
export interface VersionsView {
  readonly applicationId: string
  /** The versions that are there, the live one first. */
  readonly versions: readonly string[]
  /** The newest first. */
  readonly switches: readonly SwitchView[]
}

/** A switch that was done. */
export interface SwitchView {
  readonly number: number
  readonly atMs: number
  readonly from: string
  readonly to: string
  readonly outputs: string
}

/** What is known of how a version compares with the live one. */
export interface ComparisonView {
  /** The comparison that goes on; null: none does. */
  readonly running: RunningComparison | null
  /** What the last one found, or why it found nothing; null where there was none. */
  readonly last: EndedComparison | null
}

export interface RunningComparison {
  /** Whether it has yet to begin: others come first. */
  readonly isWaiting: boolean
  /** What is compared now. */
  readonly part: 'store' | 'topic'
  readonly name: string
  /** Stores and topics that are compared already, and all of them. */
  readonly done: number
  readonly total: number
  /** Rows or keys of this one so far. */
  readonly rows: number
}

export type EndedComparison =
  | {
      readonly state: 'compared'
      readonly atMs: number
      readonly tookMs: number
      /** Which version was the live one. */
      readonly live: string
      readonly isEqual: boolean
      readonly parts: readonly ComparedPartView[]
    }
  | { readonly state: 'failed'; readonly atMs: number; readonly code: string; readonly message: string }

/** A store or a topic of both versions. */
export interface ComparedPartView {
  readonly kind: 'store' | 'topic'
  readonly name: string
  readonly what: 'rows' | 'newest' | 'records'
  readonly equal: number
  readonly onlyHere: number
  readonly onlyLive: number
  readonly different: number
  readonly incomparable: string | null
  readonly note: string | null
  readonly samples: readonly SampleView[]
}

/** Something that the two versions do not have alike. */
export interface SampleView {
  readonly key: string
  readonly window: { readonly startMs: number; readonly endMs: number } | null
  /** Of records that are compared one by one. */
  readonly place: { readonly partition: number; readonly index: number } | null
  readonly here: SideView | null
  readonly live: SideView | null
}

/** What one of them has. */
export interface SideView {
  readonly value: string
  readonly isCut: boolean
  readonly timestampMs: number
  /** As text; empty where there are none. */
  readonly headers: string
}

/** What an act on a version would do, before it is done. */
export interface ActPlanView {
  /** What would be done, a line each. */
  readonly lines: readonly string[]
  /** How many lines are left out. */
  readonly linesLeftOut: number
  /** Why it cannot be done however long one waits; empty where it can. */
  readonly hindrances: readonly string[]
  /** Other applications that read what is replaced, and may start over in the same step. */
  readonly readers: readonly string[]
  /** What becomes of the outputs, of a switch; null for other acts. */
  readonly outputs: 'replace' | 'continue' | 'correct' | null
  /** The how many-th switch it would be; 0 for other acts. */
  readonly number: number
}
