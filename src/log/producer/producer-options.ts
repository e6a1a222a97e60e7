/**
 * What a producer can be told, and its defaults.
 */
import { checkClock, type Clock } from '../../core/clock.ts'
import { minutes } from '../../core/duration.ts'
import { MillraceError } from '../../core/errors.ts'
import { checkBoolean, checkChoice, checkedFunction, checkName, checkOptions, checkWhole } from '../../core/checks.ts'
import { checkCompression, type Compression } from '../format/compression.ts'
import type { Acks } from './delivery.ts'
import type { Partitioner } from './route.ts'

/** What {@link Log.producer} takes; the defaults suit most programs. */
export interface ProducerOptions<A extends Acks = Acks> {
  /** What a send waits for. Default `'all'`: until the record is durable. */
  readonly acks?: A | undefined
  /** How long to wait for more records before a flush, in ms. Default 0: until the event loop is free. */
  readonly lingerMs?: number | undefined
  /** The size that a batch is closed at, in bytes. Default 131,072. */
  readonly batchBytes?: number | undefined
  /**
   * The most bytes that may wait for a flush, one record included; a send beyond is refused with `buffer_full`. Default
   * 64 MiB.
   */
  readonly bufferBytes?: number | undefined
  /** How each batch is compressed, where its topic leaves that to the producer. Default `none`. */
  readonly compression?: Compression | undefined
  /** Chooses the partition of records that do not name one. Default: Kafka's, murmur2 of the key. */
  readonly partitioner?: Partitioner | undefined
  /**
   * Whether batches carry a producer id and sequence numbers, so that one that is appended again is found. Default
   * true; there is little reason for false.
   */
  readonly idempotent?: boolean | undefined
  /**
   * Called with the error when records were lost with `acks` 1 or 0. Without it the next `flush`, `ready` or `close`
   * rejects. What it throws is not caught: `flush` rejects with it.
   */
  readonly onError?: ((error: Error) => void) | undefined
  /** Makes the producer transactional, and the only one of this id: it fences the one that had it before. */
  readonly transactionalId?: string | undefined
  /** How long a transaction may take before it is aborted, in ms. Default 1 minute. */
  readonly transactionTimeoutMs?: number | undefined
  /** The most bytes of a transaction, before compression. Default 64 MiB. */
  readonly transactionMaxBytes?: number | undefined
  /** Gives records without a timestamp theirs, and times `lingerMs` and transactions. Default: the log's. */
  readonly clock?: Clock | undefined
}

export interface CheckedOptions<A extends Acks> {
  readonly acks: A
  readonly lingerMs: number
  readonly batchBytes: number
  readonly bufferBytes: number
  readonly compression: Compression
  readonly partitioner: Partitioner | undefined
  readonly idempotent: boolean
  readonly onError: ((error: Error) => void) | undefined
  readonly transactionalId: string | undefined
  readonly transactionTimeoutMs: number
  readonly transactionMaxBytes: number
  readonly clock: Clock
}

const known: readonly (keyof ProducerOptions)[] = [
  'acks',
  'lingerMs',
  'batchBytes',
  'bufferBytes',
  'compression',
  'partitioner',
  'idempotent',
  'onError',
  'transactionalId',
  'transactionTimeoutMs',
  'transactionMaxBytes',
  'clock',
]

const mebibyte = 1_048_576

/** @throws MillraceError `bad_option`, `compression_unavailable` */
export function checkProducerOptions<A extends Acks>(given: ProducerOptions<A>, clock: Clock): CheckedOptions<A> {
  const options = checkOptions('a producer', given, known)
  const {
    lingerMs = 0,
    batchBytes = 131_072,
    bufferBytes = 64 * mebibyte,
    compression = 'none',
    partitioner,
    idempotent = true,
    onError,
    transactionalId,
    transactionTimeoutMs = minutes(1),
    transactionMaxBytes = 64 * mebibyte,
  } = options
  // Without acks the type says 'all': the default of the type parameter.
  const { acks = 'all' as A } = options
  checkChoice<Acks>('acks', acks, ['all', 1, 0])
  if (partitioner !== undefined) checkedFunction('partitioner', partitioner)
  if (onError !== undefined) checkedFunction('onError', onError)
  checkBoolean('idempotent', idempotent)
  if (transactionalId !== undefined) {
    checkName('a transactionalId', transactionalId)
    if (acks !== 'all' || !idempotent) {
      throw new MillraceError('bad_option', "a producer with a transactionalId is idempotent and has acks 'all'")
    }
  }
  return {
    acks,
    lingerMs: checkWhole('lingerMs', lingerMs, 0),
    batchBytes: checkWhole('batchBytes', batchBytes, 1),
    bufferBytes: checkWhole('bufferBytes', bufferBytes, 1),
    compression: checkCompression(compression),
    partitioner,
    idempotent,
    onError,
    transactionalId,
    transactionTimeoutMs: checkWhole('transactionTimeoutMs', transactionTimeoutMs, 1),
    transactionMaxBytes: checkWhole('transactionMaxBytes', transactionMaxBytes, 1),
    clock: options.clock === undefined ? clock : checkClock('clock', options.clock),
  }
}
