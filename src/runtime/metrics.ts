/**
 * The figures of a running application.
 */
import type { Engine } from './engine.ts'
import { type Counters, sumOf } from '../core/stored-progress.ts'

/**
 * What `app.metrics()` and `driver.metrics()` return: current figures. Counts of records are part of the commit: a
 * crash neither loses nor doubles them.
 */
export interface Metrics {
  /** As {@link Application.state}. */
  readonly state: string
  /** Source records since the application first started, by topic. */
  readonly consumed: Readonly<Record<string, number>>
  /** Records written and committed since the application first started, by topic. */
  readonly produced: Readonly<Record<string, number>>
  /** Records that operators dropped, by operator and reason; docs/streams.md lists the reasons. */
  readonly dropped: Counters
  /** Turns that failed and were passed over, by operator and error code. */
  readonly failed: Counters
  /** Source records per second since this instance started. */
  readonly recordsPerSecond: number
  /** Source records that are known to be in the log and are not yet processed. */
  readonly lag: number
  /**
   * The largest event time that each operator has seen, by operator and partition (`operator/0`), ms since the epoch.
   */
  readonly streamTimes: Readonly<Record<string, number>>
  /** The largest timestamp of a source record so far, ms since the epoch; -1 before the first. */
  readonly eventTime: number
  /** Commits of this instance. */
  readonly commits: number
  /** How long the last one took, in ms. */
  readonly lastCommitMs: number
  /** Memory of stores, roughly, in bytes. */
  readonly stateCacheBytes: number
}

export interface Running {
  readonly state: string
  readonly lastCommitMs: number
  readonly runningMs: number
}

export function metricsOf(engine: Engine, { state, lastCommitMs, runningMs }: Running): Metrics {
  const ledgers = engine.ledgers.map((ledger) => ({ ...ledger.entries, partition: ledger.task.partition }))
  const streamTimes = ledgers.flatMap((ledger) =>
    Object.entries(ledger.streamTimes).map(([operator, time]) => [`${operator}/${ledger.partition}`, time] as const),
  )
  return {
    state,
    ...sumOf(ledgers),
    recordsPerSecond: runningMs === 0 ? 0 : (engine.recordCount / runningMs) * 1_000,
    lag: engine.lag,
    streamTimes: Object.fromEntries(streamTimes),
    commits: engine.commitCount,
    lastCommitMs,
    stateCacheBytes: engine.stateBytes,
  }
}
