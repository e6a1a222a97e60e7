/**
 * Positions on their way into a transaction of someone else: what {@link Transaction.sendOffsets} takes.
 */
import type { WriteTransaction } from '../../storage/environment.ts'

/** A consumer, as a transaction sees it: someone who has read up to somewhere. */
export interface OffsetSource {
  /**
   * What is read up to now, for a producer of the same log: nothing else can tell what it is.
   *
   * @internal called by `sendOffsets`
   */
  stageOffsets(): unknown
}

/** What it is in a directory. */
export interface OffsetStage {
  /**
   * Throws when the reader may no longer commit (it has lost its partitions): the whole transaction is undone then.
   */
  write(transaction: WriteTransaction): void
  /** After the transaction is durable. */
  committed(): void
}
