/**
 * A transaction: records and positions that are staged in memory, and written in one commit or not at all.
 */
import { readField } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import type { RecordInput } from '../../core/record.ts'
import type { Topic } from '../../core/topic.ts'
import type { OffsetSource, OffsetStage } from './offset-source.ts'
import type { Outboxes } from './outboxes.ts'
import { recordsOf } from './record-input.ts'

/** What a transaction has gathered. */
export interface Staging {
  readonly outboxes: Outboxes
  readonly offsets: OffsetStage[]
  /** Why it takes no more: set at its end. */
  ended: MillraceError | undefined
}

/**
 * What the function of {@link Producer.transaction} is called with: gathers records of any topics and positions of
 * consumers. Nothing is visible before the commit, not even to the function itself. Unusable once it has ended.
 *
 * @example
 * ```ts
 * const importer = log.producer({ transactionalId: 'importer-1' })
 * await importer.transaction((tx) => {
 *   tx.send(clicks, { key: 'a', value: { page: '/', status: 200, bytes: 0 } })
 *   tx.sendMany(perAddress, [{ key: 'a', value: 1 }, { key: 'b', value: 2 }])
 * })
 * ```
 */
export class Transaction {
  readonly #staging: Staging

  /** @internal made by {@link Producer.transaction} */
  constructor(staging: Staging) {
    this.#staging = staging
  }

  /**
   * Adds a record. A record that is refused is not in the transaction; the others are, if the function goes on.
   *
   * A topic that does not exist is created at once, and stays there when the transaction is aborted.
   *
   * @throws MillraceError `bad_record`, `encode_failed`, `partitions_differ`, `transaction_too_large`,
   *   `invalid_transaction_state` once it has ended, `transaction_timed_out` once its time is up
   */
  send<K, V>(topic: Topic<K, V>, record: RecordInput<NoInfer<K>, NoInfer<V>>): void {
    const { outboxes } = this.#open()
    outboxes.append(outboxes.route(topic), record)
  }

  /**
   * Adds many records: all of them, or none when one of them is refused.
   *
   * @throws MillraceError as {@link send}
   */
  sendMany<K, V>(topic: Topic<K, V>, records: Iterable<RecordInput<NoInfer<K>, NoInfer<V>>>): void {
    // Read to its end first: the iterable may send records of its own.
    const list = recordsOf(records)
    const { outboxes } = this.#open()
    outboxes.appendAll(outboxes.route(topic), list)
  }

  /**
   * Adds the positions that a consumer has reached, of its group: they are committed with the records, so a record is read
   * and its results are written exactly once.
   *
   * The consumer must not commit by itself (`autoCommitMs: false`): that would commit what no transaction has written.
   * The commit is refused as a whole when the consumer has lost its partitions by then, or when the positions belong to
   * an application (`owned_by_application`). After an abort the consumer stays past what it has handed out: seek back
   * to what is committed.
   *
   * @throws MillraceError `invalid_transaction_state`, `transaction_timed_out`, `bad_option` for a consumer that commits by itself
   */
  sendOffsets(consumer: OffsetSource): void {
    const { offsets } = this.#open()
    const stage = stageOf(consumer)
    if (stage === undefined) {
      throw new MillraceError(
        'bad_option',
        `sendOffsets takes a consumer, made by log.consumer(…), not ${shown(consumer)}`,
      )
    }
    offsets.push(stage)
  }

  #open(): Staging {
    if (this.#staging.ended !== undefined) throw this.#staging.ended
    return this.#staging
  }
}

/** Undefined for anything but a consumer. */
function stageOf(consumer: OffsetSource): OffsetStage | undefined {
  if (typeof consumer !== 'object' || consumer === null) return undefined
  if (typeof readField('sendOffsets', consumer, 'stageOffsets') !== 'function') return undefined
  const stage: unknown = consumer.stageOffsets()
  const isStage = typeof stage === 'object' && stage !== null && 'write' in stage && 'committed' in stage
  return isStage && typeof stage.write === 'function' && typeof stage.committed === 'function'
    ? (stage as OffsetStage)
    : undefined
}
