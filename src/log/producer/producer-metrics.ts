/**
 * What a producer has done: counted for its whole life, and for what waits now.
 */
import { Durations } from '../../core/durations.ts'
import { type ErrorCode, MillraceError } from '../../core/errors.ts'
import type { DurationFigures, RateFigures } from '../../core/figures.ts'
import { RecentSum } from '../../core/recent-sum.ts'

/** What {@link Producer.metrics} returns. */
export interface ProducerMetrics {
  /** Records that are durable. */
  readonly records: number
  /** The batches that they are in. */
  readonly batches: number
  /** The size of these batches as they are stored. */
  readonly bytes: number
  /** Commits that wrote records. */
  readonly commits: number
  /** Transactions that are durable. */
  readonly transactionsCommitted: number
  /** Transactions that threw, took too long or were refused: nothing of them is there. */
  readonly transactionsAborted: number
  /** Records that wait for a commit. */
  readonly pendingRecords: number
  /** Their size before compression. */
  readonly pendingBytes: number
  /**
   * How many records were not written, by the code of the error; with any `acks`. Those of an aborted transaction are
   * not counted.
   */
  readonly failures: Readonly<Partial<Record<ErrorCode, number>>>
  /** Durable records a second. */
  readonly rates: RateFigures
  /**
   * From a send until it is durable: for each commit, the record that waited longest. It includes the wait for
   * `lingerMs` and for commits of others. In a transaction, it starts with the first record.
   */
  readonly sendToDurable: DurationFigures
  /** The commits themselves, from their start until they are durable. */
  readonly commit: DurationFigures
}

/** When the records of a flush began to wait, and when it began and ended, in elapsed time. */
export interface FlushTimes {
  readonly waitedSinceMs: number
  readonly startMs: number
  readonly endMs: number
}

const minuteMs = 60_000

export class ProducerCounters {
  records = 0
  batches = 0
  bytes = 0
  commits = 0
  transactionsCommitted = 0
  transactionsAborted = 0
  readonly failures: Partial<Record<ErrorCode, number>> = {}
  readonly #recent: RecentSum
  readonly #sendToDurable = new Durations()
  readonly #commit = new Durations()

  /** @param nowMs elapsed time */
  constructor(nowMs: number) {
    this.#recent = new RecentSum(nowMs)
  }

  wrote(
    outboxes: readonly { readonly count: number; readonly ready: readonly Buffer[] }[],
    { waitedSinceMs, startMs, endMs }: FlushTimes,
  ): void {
    if (outboxes.length === 0) return
    const before = this.records
    this.commits++
    for (const { count, ready } of outboxes) {
      this.records += count
      this.batches += ready.length
      for (const batch of ready) this.bytes += batch.length
    }
    const [tookMs, waitedMs] = [endMs - startMs, endMs - waitedSinceMs]
    if (!(tookMs >= 0 && waitedMs >= 0)) return // a clock that goes back, or tells no time, measures nothing
    this.#recent.add(this.records - before, endMs)
    this.#commit.record(tookMs, endMs)
    this.#sendToDurable.record(waitedMs, endMs)
  }

  failed(error: unknown, records: number): void {
    if (!(error instanceof MillraceError) || records === 0) return
    this.failures[error.code] = (this.failures[error.code] ?? 0) + records
  }

  snapshot(pendingRecords: number, pendingBytes: number, nowMs: number): ProducerMetrics {
    const { records, batches, bytes, commits, transactionsCommitted, transactionsAborted } = this
    return {
      records,
      batches,
      bytes,
      commits,
      transactionsCommitted,
      transactionsAborted,
      pendingRecords,
      pendingBytes,
      failures: { ...this.failures },
      rates: {
        oneMinute: this.#recent.mean(minuteMs, nowMs) * 1_000,
        fiveMinutes: this.#recent.mean(5 * minuteMs, nowMs) * 1_000,
      },
      sendToDurable: this.#sendToDurable.figures(nowMs),
      commit: this.#commit.figures(nowMs),
    }
  }
}
