/**
 * The JSON of figures that the page gets: over time, of a process, and of what passes somewhere.
 */

/** A figure over the last 15 minutes, the oldest first, at equal distances; null where nothing was looked at. */
export type Series = readonly (number | null)[]

/** What is followed over time: records a second, those passed over a second, lag, and the disk. */
export type FigureName = 'rate' | 'passedOver' | 'lag' | 'lagMs' | 'usedBytes'

/** Figures of what is live under a name, over time. */
export interface HistoryView {
  /** How far apart they are. */
  readonly everyMs: number
  /** Those that were ever known. */
  readonly series: Readonly<Partial<Record<FigureName, Series>>>
}

/** How long something took: the last five minutes, 0 for none. */
export interface DurationView {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

/** What a process that runs an application knows of itself. */
export interface FiguresView {
  /** When it took them, ms since the epoch. */
  readonly atMs: number
  /** Source records a second. */
  readonly rates: { readonly oneMinute: number; readonly fiveMinutes: number }
  readonly turn: DurationView
  readonly commit: DurationView
  /** From when a record was appended until what came of it was committed. */
  readonly appendToCommit: DurationView
  /** The share of the last minute that it worked, 0 to 1. */
  readonly busy: number
  /** By operator: records that went in, and its share of the time where that is known. */
  readonly operators: Readonly<Record<string, Flow & { readonly busy: number | null }>>
  readonly stores: Readonly<Record<string, CacheView>>
  /** By operator: asynchronous calls that are under way. */
  readonly calls: Readonly<Record<string, { readonly open: number; readonly oldestMs: number }>>
}

/** What a store keeps in memory. */
export interface CacheView {
  readonly cacheHits: number
  readonly cacheMisses: number
  readonly cachedBytes: number
}

/** What stored data depends on, of each operator that reads, moves or keeps something, by its id. */
export type FactsView = Readonly<Record<string, Readonly<Record<string, string | number>>>>

/** Records that passed somewhere. */
export interface Flow {
  readonly count: number
  /** A second; null until it was looked at twice. */
  readonly rate: number | null
}
