/**
 * Positions on their way into a transaction of someone else: what {@link Transaction.sendOffsets} takes.
 */
import type { WriteTransaction } from '../../storage/environment.ts'

/** A consumer, as a transaction sees it: someone who has read up to somewhere. */
export interface OffsetSource {
  /**
   * What is read up to now. The returned function writes it in the transaction that it is given.
   *
   * It throws when the reader may not commit any more (it has lost its partitions): the whole transaction is undone then.
   */
  stageOffsets(): OffsetStage
}

export interface OffsetStage {
  write(transaction: WriteTransaction): void
  /** After the transaction is durable. */
  committed(): void
}
