/**
 * The figures of a running instance of an application: what only its process knows. It leaves them in the log, so that
 * other processes can read them too. They are in core because every layer reads them.
 */
import { isList } from './checks.ts'

/**
 * How long something took: since the instance started, and lately. `totalMs` and `count` only rise, so the differences
 * of two readings give the rate and the mean in between.
 */
export interface DurationFigures {
  /** How often it was measured. */
  readonly count: number
  /** The sum of all measurements, in ms. */
  readonly totalMs: number
  /**
   * How many measurements took at most this long, in ms: cumulative, in steps of 1, 2 and 5 from 0.1 ms to 50 s. Longer
   * ones are in `count` only.
   */
  readonly buckets: readonly DurationBucket[]
  /** Half of the measurements of the last five minutes were at most this long, in ms; 0 where there were none. */
  readonly p50Ms: number
  /** The same for 99 of 100, in ms. */
  readonly p99Ms: number
  /** The longest of the last five minutes, in ms. */
  readonly maxMs: number
}

/** How many measurements took at most `upToMs`. */
export type DurationBucket = readonly [upToMs: number, count: number]

/** Source records a second. */
export interface RateFigures {
  /** Over the last minute, or since the start where that is shorter. */
  readonly oneMinute: number
  /** Over the last five minutes. */
  readonly fiveMinutes: number
}

/** What an operator has done in this instance, in all its partitions. */
export interface OperatorFigures {
  /** Records that went into it since the instance started. A turn that is undone and tried again counts again. */
  readonly records: number
  /** The share of the last minute that it took itself, without the operators after it, from samples: 0 to 1. */
  readonly busy: number
}

/** Rows of a store that the instance holds in memory, in all its partitions. */
export interface CacheFigures {
  /** Lookups by key that found the row in memory, since the instance started. */
  readonly cacheHits: number
  /** Lookups by key that had to go to the disk, also for keys that have no row. */
  readonly cacheMisses: number
  /** About how much its rows take in memory, in bytes. */
  readonly cachedBytes: number
}

/** Calls of a `mapAsync` whose results are not processed yet. */
export interface CallFigures {
  /** How many there are. */
  readonly open: number
  /** How long the oldest of them has been open, in ms; 0 if there is none. */
  readonly oldestMs: number
}

/** The figures of a running instance: as `app.metrics()` gives them, and as the instance leaves them in the log. */
export interface InstanceFigures {
  /** When they were taken, ms since the epoch. */
  readonly atMs: number
  /** How fast it takes source records. */
  readonly rates: RateFigures
  /** Stretches of work without a break, of many records or of few. */
  readonly turn: DurationFigures
  /** Commits, from their start until they are durable. */
  readonly commit: DurationFigures
  /**
   * From when the instance finds new records in a partition, which is at once if it rests, until their results are
   * durable. Measured once each time that it finds new records. Those that were there when it started do not count.
   */
  readonly appendToCommit: DurationFigures
  /** The share of the last minute in which it worked on the event loop, commits included: 0 to 1. */
  readonly busy: number
  /** By id. Sinks and regroupings have ids too. */
  readonly operators: Readonly<Record<string, OperatorFigures>>
  /** By name. */
  readonly stores: Readonly<Record<string, CacheFigures>>
  /** By the id of the operator. */
  readonly calls: Readonly<Record<string, CallFigures>>
}

/** Figures that were stored; undefined if they are not sound. */
export function asFigures(stored: unknown): InstanceFigures | undefined {
  if (!isObject(stored)) return undefined
  const { atMs, rates, turn, commit, appendToCommit, busy, operators, stores, calls } = stored
  const isSound =
    areNumbers({ atMs, busy }, ['atMs', 'busy']) &&
    areNumbers(rates, ['oneMinute', 'fiveMinutes']) &&
    [turn, commit, appendToCommit].every(areDurations) &&
    eachHas(operators, ['records', 'busy']) &&
    eachHas(stores, ['cacheHits', 'cacheMisses', 'cachedBytes']) &&
    eachHas(calls, ['open', 'oldestMs'])
  return isSound ? (stored as unknown as InstanceFigures) : undefined
}

type Fields = Readonly<Record<string, unknown>>

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !isList(value)
}

function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value)
}

function areNumbers(value: unknown, fields: readonly string[]): boolean {
  return isObject(value) && fields.every((field) => isAmount(value[field]))
}

function eachHas(value: unknown, fields: readonly string[]): boolean {
  return isObject(value) && Object.values(value).every((one) => areNumbers(one, fields))
}

function areDurations(value: unknown): boolean {
  if (!isObject(value) || !areNumbers(value, ['count', 'totalMs', 'p50Ms', 'p99Ms', 'maxMs'])) return false
  const { buckets } = value
  return isList(buckets) && buckets.every((pair) => isList(pair) && pair.length === 2 && pair.every(isAmount))
}
