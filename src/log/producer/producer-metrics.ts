/**
 * What a producer has done: counted for its whole life, and for what waits now.
 */
import { type ErrorCode, MillraceError } from '../../core/errors.ts'

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
}

export class ProducerCounters {
  records = 0
  batches = 0
  bytes = 0
  commits = 0
  transactionsCommitted = 0
  transactionsAborted = 0
  readonly failures: Partial<Record<ErrorCode, number>> = {}

  wrote(outboxes: readonly { readonly count: number; readonly ready: readonly Buffer[] }[]): void {
    if (outboxes.length === 0) return
    this.commits++
    for (const { count, ready } of outboxes) {
      this.records += count
      this.batches += ready.length
      for (const batch of ready) this.bytes += batch.length
    }
  }

  failed(error: unknown, records: number): void {
    if (!(error instanceof MillraceError) || records === 0) return
    this.failures[error.code] = (this.failures[error.code] ?? 0) + records
  }

  snapshot(pendingRecords: number, pendingBytes: number): ProducerMetrics {
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
    }
  }
}
