/**
 * The figures of a running application.
 */
import type { CacheFigures, InstanceFigures } from '../core/figures.ts'
import { type Counters, sumOf } from '../core/stored-progress.ts'
import type { Engine } from './engine.ts'
import type { SourceLane } from './sequence.ts'

/** How far an application is in one partition: what it has processed, whether that is committed or not. */
export interface PartitionFigures {
  /** The topic. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** The offset of the next record to process. */
  readonly offset: number
  /** One past the last record that is known to be in the log. */
  readonly endOffset: number
  /** How many offsets lie between. */
  readonly records: number
  /** How old the next record is by its timestamp, in ms; 0 if none is left. */
  readonly ageMs: number
}

/** A store, in all its partitions. */
export interface StoreFigures extends CacheFigures {
  /** About how many rows it has, as of the last commit: an estimate if there are many. Null if the log does not say. */
  readonly rows: number | null
  /** About how much they take in the log, in bytes. Null if the log does not say. */
  readonly bytes: number | null
}

/**
 * What `app.metrics()` and `driver.metrics()` return: current figures. Counts of records are part of the commit: a
 * crash neither loses nor doubles them. The rest are figures of this instance, since it started.
 */
export interface Metrics extends InstanceFigures {
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
  /** The same by partition, with the age of the next record. */
  readonly partitions: readonly PartitionFigures[]
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
  /** Sizes and caches of stores, by name. */
  readonly stores: Readonly<Record<string, StoreFigures>>
}

export interface Running {
  readonly state: string
  readonly lastCommitMs: number
  readonly runningMs: number
}

export function metricsOf(
  engine: Engine,
  figures: InstanceFigures,
  { state, lastCommitMs, runningMs }: Running,
): Metrics {
  const ledgers = engine.ledgers.map((ledger) => ({ ...ledger.entries, partition: ledger.task.partition }))
  const streamTimes = ledgers.flatMap((ledger) =>
    Object.entries(ledger.streamTimes).map(([operator, time]) => [`${operator}/${ledger.partition}`, time] as const),
  )
  const lanes = engine.lanes.filter(({ isRedriven }) => !isRedriven)
  const stores = Object.entries(figures.stores).map(([name, cache]) => {
    const { rows = null, bytes = null } = engine.storeSize(name) ?? {}
    return [name, { rows, bytes, ...cache }] as const
  })
  return {
    state,
    ...sumOf(ledgers),
    recordsPerSecond: runningMs === 0 ? 0 : (engine.recordCount / runningMs) * 1_000,
    lag: engine.lag,
    partitions: lanes.map((lane) => partitionOf(lane, figures.atMs)),
    streamTimes: Object.fromEntries(streamTimes),
    commits: engine.commitCount,
    lastCommitMs,
    stateCacheBytes: engine.stateBytes,
    ...figures,
    stores: Object.fromEntries(stores),
  }
}

function partitionOf({ partition, position, endOffset, hasHead, cursor }: SourceLane, nowMs: number): PartitionFigures {
  return {
    topic: partition.topic,
    partition: partition.partition,
    offset: position,
    endOffset,
    records: endOffset - position,
    ageMs: hasHead ? Math.max(0, nowMs - cursor.timestamp) : 0,
  }
}
