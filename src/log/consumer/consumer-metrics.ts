/**
 * What a consumer has done, and how it is doing: measured once for each fetch, not for each record.
 */
import type { Clock } from '../../core/clock.ts'
import { Durations } from '../../core/durations.ts'
import type { DurationFigures, RateFigures } from '../../core/figures.ts'
import { RecentSum } from '../../core/recent-sum.ts'
import { type PartitionId, partitionName, type TopicPartition } from '../format/partition-id.ts'
import type { PartitionRow } from '../kept/partition-row.ts'

/** What {@link Consumer.metrics} returns. */
export interface ConsumerMetrics {
  /** Records that were handed out. */
  readonly records: number
  /** How often the reset policy set a position that was no longer kept. */
  readonly resets: number
  /** How many offsets it skipped then. */
  readonly missed: number
  /** How often partitions came or went. */
  readonly rebalances: number
  /** The generation of its group that it has caught up with; 0 without a group. */
  readonly generation: number
  /** Records handed out a second. */
  readonly rates: RateFigures
  /**
   * From when the loop got records until it asked for the next ones: how long it works on them. A loop by record gets
   * up to 500 at a time, and in a group no more than it can work on in `heartbeatMs`; a loop by batch gets one batch.
   */
  readonly betweenPolls: DurationFigures
  /**
   * From an append until the record is fetched: of the newest record, each time that the consumer reaches the end of a
   * partition. What was appended before the consumer was made does not count. While the consumer lags, nothing is
   * measured: see {@link lags}.
   */
  readonly appendToDelivery: DurationFigures
  /** Commits of positions, from their start until they are durable. */
  readonly commit: DurationFigures
  /**
   * How far it lags in each partition that it has begun to read, from the next record that it hands out. A partition
   * that cannot be read, or whose topic is deleted, is left out.
   */
  readonly lags: readonly ConsumerLag[]
  /** When it last sent a heartbeat to its group, ms since the epoch; null while it is in no group. */
  readonly lastHeartbeatMs: number | null
}

/** How far a consumer lags in a partition. */
export interface ConsumerLag extends TopicPartition {
  /** Records from its position to the end. */
  readonly records: number
  /** How old the next of them is by its timestamp, in ms; 0 if there is none. */
  readonly ageMs: number
}

const minuteMs = 60_000

/** The figures of a consumer that are measured. */
export class ConsumerMeter {
  /** Records that were handed out. */
  records = 0
  readonly #clock: Clock
  /** When it was made, by the wall clock. */
  readonly #madeMs: number
  readonly #recent: RecentSum
  readonly #betweenPolls = new Durations()
  readonly #appendToDelivery = new Durations()
  readonly #commit = new Durations()
  /** Of {@link records}, those that are in the sums of the last minutes. */
  #counted = 0
  /** When the loop got what it works on. */
  #fetchedMs: number | undefined
  /** The end of each partition that was measured last: to read it again measures nothing. */
  readonly #ends = new Map<string, number>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#madeMs = clock.now()
    this.#recent = new RecentSum(clock.elapsed())
  }

  /** The loop asks for records that have to be fetched. */
  polled(): void {
    const nowMs = this.#clock.elapsed()
    if (this.#fetchedMs !== undefined) record(this.#betweenPolls, nowMs - this.#fetchedMs, nowMs)
    this.#fetchedMs = undefined
    this.#count(nowMs)
  }

  /** The loop is left: how long it stays away says nothing about its work. */
  left(): void {
    this.#fetchedMs = undefined
  }

  /** Records go to the loop. */
  fetched(): void {
    this.#fetchedMs = this.#clock.elapsed()
  }

  /** They are the last that the partition has. */
  cameToEnd(partition: PartitionId, { endOffset, active: { lastAppendMs } }: PartitionRow): void {
    if (lastAppendMs < this.#madeMs) return
    const name = partitionName(partition)
    if ((this.#ends.get(name) ?? 0) >= endOffset) return
    this.#ends.set(name, endOffset)
    record(this.#appendToDelivery, this.#clock.now() - lastAppendMs, this.#clock.elapsed())
  }

  /** A commit that began then is durable. */
  committed(sinceMs: number): void {
    const nowMs = this.#clock.elapsed()
    record(this.#commit, nowMs - sinceMs, nowMs)
  }

  #count(nowMs: number): void {
    this.#recent.add(this.records - this.#counted, nowMs)
    this.#counted = this.records
  }

  figures(): Pick<ConsumerMetrics, 'records' | 'rates' | 'betweenPolls' | 'appendToDelivery' | 'commit'> {
    const nowMs = this.#clock.elapsed()
    this.#count(nowMs)
    return {
      records: this.records,
      rates: {
        oneMinute: this.#recent.mean(minuteMs, nowMs) * 1_000,
        fiveMinutes: this.#recent.mean(5 * minuteMs, nowMs) * 1_000,
      },
      betweenPolls: this.#betweenPolls.figures(nowMs),
      appendToDelivery: this.#appendToDelivery.figures(nowMs),
      commit: this.#commit.figures(nowMs),
    }
  }
}

/** A wall clock that was set back measures nothing. */
function record(durations: Durations, durationMs: number, nowMs: number): void {
  if (durationMs >= 0) durations.record(durationMs, nowMs)
}
