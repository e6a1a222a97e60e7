/**
 * A transaction: records and positions that are staged in memory, and written in one commit or not at all.
 */
import { readField } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import type { RecordInput } from '../../core/record.ts'
import type { Topic } from '../../core/topic.ts'
import type { Transaction } from './face.ts'
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

/** A transaction of a directory. */
export class StagedTransaction implements Transaction {
  readonly #staging: Staging

  /** @internal made by {@link Producer.transaction} */
  constructor(staging: Staging) {
    this.#staging = staging
  }

  send<K, V>(topic: Topic<K, V>, record: RecordInput<NoInfer<K>, NoInfer<V>>): void {
    const { outboxes } = this.#open()
    outboxes.append(outboxes.route(topic), record)
  }

  sendMany<K, V>(topic: Topic<K, V>, records: Iterable<RecordInput<NoInfer<K>, NoInfer<V>>>): void {
    // Read to its end first: the iterable may send records of its own.
    const list = recordsOf(records)
    const { outboxes } = this.#open()
    outboxes.appendAll(outboxes.route(topic), list)
  }

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
