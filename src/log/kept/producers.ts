/**
 * Idempotence and fencing, as Kafka's brokers keep them: who has written what last, and who may write.
 *
 * A batch carries its producer's id, epoch and sequence number. The last batches of each producer and partition are
 * kept beside the records, in the same transaction, so that a producer that does not know the outcome of an append may
 * repeat it: a batch that is there is not appended again. A transactional id belongs to the producer that was opened
 * with it last.
 */
import { days } from '../../core/duration.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import type { Entry } from '../../storage/databases.ts'
import { afterPrefix } from '../../storage/keys.ts'
import type { Catalogue } from './catalogue.ts'
import { offsetCountOf, producerOf, sequenceAfter } from '../format/header.ts'
import type { AppendOptions, Partitions } from './partitions.ts'
import {
  type AppendedBatch,
  batchesKept,
  decodeOwner,
  decodeState,
  encodeOwner,
  encodeState,
  ownerKeyOf,
  ownerPrefix,
  type ProducerState,
  stateKeyOf,
  statePrefix,
  type TransactionalOwner,
} from './producer-row.ts'
import type { PartitionId } from '../format/partition-id.ts'

/** What a producer writes into its batches. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly epoch: number
}

/** What became of a stamped batch. */
export interface StampedAppend {
  /** Of the batch in the partition: the same for every repetition. */
  readonly baseOffset: number
  /** Whether it was there before. */
  readonly isRepeated: boolean
}

/** A producer that was silent for this long is forgotten, as in Kafka. */
const producerExpiryMs: number = days(7)

/** Epochs have 15 bits, as in Kafka. */
const epochMax = 32_767

const expiryRows = 256

export class Producers {
  readonly #environment: Environment
  readonly #catalogue: Catalogue
  readonly #partitions: Partitions
  /** The round of {@link expire} that is under way. */
  #expiry: Generator<Entry[], undefined> | undefined

  constructor(environment: Environment, catalogue: Catalogue, partitions: Partitions) {
    this.#environment = environment
    this.#catalogue = catalogue
    this.#partitions = partitions
  }

  /** An id that was never used before. */
  allocate(transaction: WriteTransaction): ProducerIdentity {
    return { producerId: this.#catalogue.takeProducerId(transaction), epoch: 0 }
  }

  /** Makes the caller the only one that may write under a transactional id. */
  own(transactionalId: string, nowMs: number): ProducerIdentity {
    return this.#environment.write((transaction) => {
      const owner = this.#owner(transactionalId)
      const identity =
        owner === undefined || owner.epoch >= epochMax
          ? this.allocate(transaction)
          : { producerId: owner.producerId, epoch: owner.epoch + 1 }
      this.#putOwner(transaction, transactionalId, { ...identity, lastUsedMs: nowMs })
      return identity
    })
  }

  /** @throws MillraceError `fenced` when another producer was opened with the id since, or it was not used for long */
  checkOwner(transactionalId: string, { producerId, epoch }: ProducerIdentity): void {
    const owner = this.#owner(transactionalId)
    if (owner === undefined) {
      // Its last holder is no longer known. Kafka's answer is INVALID_PRODUCER_ID_MAPPING.
      throw fenced(
        `transactionalId "${transactionalId}" was not used for ${producerExpiryMs / days(1)} days and is forgotten; ` +
          'nothing is written. Open another producer with it',
      )
    }
    if (owner.producerId === producerId && owner.epoch === epoch) return
    throw fenced(
      `another producer was opened with transactionalId "${transactionalId}"; nothing of this one is written`,
    )
  }

  /**
   * {@link checkOwner} inside a transaction, which keeps the id from being forgotten.
   *
   * @throws MillraceError `fenced`
   */
  claim(transaction: WriteTransaction, transactionalId: string, identity: ProducerIdentity, nowMs: number): void {
    this.checkOwner(transactionalId, identity)
    this.#putOwner(transaction, transactionalId, { ...identity, lastUsedMs: nowMs })
  }

  /**
   * Appends batches of a producer under its next sequence numbers; returns the base offset of the first.
   *
   * @throws MillraceError as {@link Partitions.append}, and `fenced`
   */
  appendOwn(
    transaction: WriteTransaction,
    identity: ProducerIdentity,
    partition: PartitionId,
    batches: readonly Buffer[],
    options: Omit<AppendOptions, 'stamp'>,
  ): number {
    const key = stateKeyOf(identity.producerId, partition)
    const state = this.#state(key, partition)
    const { epoch } = identity
    const stamp = { ...identity, sequence: state?.epoch === epoch ? nextSequence(state) : 0 }
    const baseOffset = this.#partitions.append(transaction, partition, batches, { ...options, stamp })
    const appended: AppendedBatch[] = []
    let next = { sequence: stamp.sequence, baseOffset }
    for (const batch of batches) {
      appended.push(placedAt(batch, next.sequence, next.baseOffset))
      const count = offsetCountOf(batch)
      next = { sequence: sequenceAfter(next.sequence, count), baseOffset: next.baseOffset + count }
    }
    this.#putState(transaction, key, state, { epoch, lastAppendMs: options.nowMs, batches: appended }, partition)
    return baseOffset
  }

  /**
   * Appends a batch that its producer has stamped, unless it is there already.
   *
   * Of a producer without a state (a new one, or one that was forgotten) any sequence number is taken, as in Kafka.
   *
   * @throws MillraceError `out_of_order_sequence` when it does not follow the batch before it, `fenced` when a newer
   *   epoch of the producer has written
   */
  appendStamped(transaction: WriteTransaction, partition: PartitionId, batch: Buffer, nowMs: number): StampedAppend {
    const { producerId, epoch, sequence } = producerOf(batch)
    const key = stateKeyOf(producerId, partition)
    const state = this.#state(key, partition)
    const placed = placedAt(batch, sequence, this.#partitions.row(partition).endOffset)
    if (state?.epoch === epoch) {
      const repeated = state.batches.find(
        ({ firstSequence, lastSequence }) => firstSequence === sequence && lastSequence === placed.lastSequence,
      )
      if (repeated !== undefined) return { baseOffset: repeated.baseOffset, isRepeated: true }
    }
    const expected = state?.epoch === epoch ? nextSequence(state) : 0
    if (state !== undefined && sequence !== expected && epoch >= state.epoch) {
      throw outOfOrder(partition, producerId, sequence, expected)
    }
    this.#putState(transaction, key, state, { epoch, lastAppendMs: nowMs, batches: [placed] }, partition)
    const baseOffset = this.#partitions.append(transaction, partition, [batch], { nowMs, areSealed: true })
    return { baseOffset, isRepeated: false }
  }

  /**
   * Forgets producers that were silent for {@link producerExpiryMs}, a bounded piece of work at a call; returns whether
   * more is left of this round.
   */
  expire(nowMs: number): boolean {
    this.#expiry ??= this.#environment.pages('producers', ownerPrefix, afterPrefix(statePrefix), expiryRows)
    const rows = this.#expiry.next().value ?? []
    const isOld = (key: Buffer, value: Buffer): boolean => lastUseOf(key, value) < nowMs - producerExpiryMs
    if (rows.some(({ key, value }) => isOld(key, value))) {
      this.#environment.write((transaction) => {
        for (const { key } of rows) {
          const value = this.#environment.get('producers', key)
          if (value !== undefined && isOld(key, value)) transaction.remove('producers', key)
        }
      })
    }
    if (rows.length === expiryRows) return true
    this.#expiry = undefined
    return false
  }

  /** Keeps the newest of what was there and what came. */
  #putState(
    transaction: WriteTransaction,
    key: Buffer,
    before: ProducerState | undefined,
    added: ProducerState,
    { topic, partition }: PartitionId,
  ): void {
    if (before !== undefined && before.epoch > added.epoch) {
      throw fenced(`a newer epoch of the producer has written to ${topic}[${partition}]`, { topic, partition })
    }
    const kept = before?.epoch === added.epoch ? before.batches : []
    const batches = [...kept, ...added.batches].slice(-batchesKept)
    transaction.put('producers', key, encodeState(key, { ...added, batches }))
  }

  #state(key: Buffer, { topic, partition }: PartitionId): ProducerState | undefined {
    const stored = this.#environment.get('producers', key)
    if (stored === undefined) return undefined
    const state = decodeState(key, stored)
    if (state !== undefined) return state
    throw new MillraceError(
      'damaged',
      `what a producer has written to ${topic}[${partition}] is not known: its row is damaged`,
      { topic, partition },
    )
  }

  #owner(transactionalId: string): TransactionalOwner | undefined {
    const key = ownerKeyOf(transactionalId)
    const stored = this.#environment.get('producers', key)
    if (stored === undefined) return undefined
    const owner = decodeOwner(key, stored)
    if (owner !== undefined) return owner
    throw new MillraceError(
      'damaged',
      `who writes under transactionalId "${transactionalId}" is not known: its row is damaged`,
    )
  }

  #putOwner(transaction: WriteTransaction, transactionalId: string, owner: TransactionalOwner): void {
    const key = ownerKeyOf(transactionalId)
    transaction.put('producers', key, encodeOwner(key, owner))
  }
}

/** When a row was used last. A damaged one is left alone: the code that needs it says so. */
function lastUseOf(key: Buffer, value: Buffer): number {
  const isState = key.subarray(0, statePrefix.length).equals(statePrefix)
  const lastUsedMs = isState ? decodeState(key, value)?.lastAppendMs : decodeOwner(key, value)?.lastUsedMs
  return lastUsedMs ?? Number.POSITIVE_INFINITY
}

function placedAt(batch: Buffer, firstSequence: number, baseOffset: number): AppendedBatch {
  const lastSequence = sequenceAfter(firstSequence, offsetCountOf(batch) - 1)
  return { firstSequence, lastSequence, baseOffset }
}

function nextSequence({ batches }: ProducerState): number {
  const last = batches.at(-1)
  return last === undefined ? 0 : sequenceAfter(last.lastSequence, 1)
}

function fenced(
  why: string,
  place: { readonly topic?: string | undefined; readonly partition?: number | undefined } = {},
): MillraceError {
  return new MillraceError('fenced', why, place)
}

function outOfOrder(
  { topic, partition }: PartitionId,
  producerId: number,
  sequence: number,
  expected: number,
): MillraceError {
  return new MillraceError(
    'out_of_order_sequence',
    `a batch of producer ${producerId} for ${topic}[${partition}] begins with sequence ${sequence} instead of ${expected}: ` +
      'one before it is missing, or it was repeated too late to be known',
    { topic, partition },
  )
}
