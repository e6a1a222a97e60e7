/**
 * What a producer answers: where records were written, as far as its `acks` let it know.
 */
import type { Offset } from '../../core/units.ts'

/**
 * What a producer waits for: `'all'` until a record is durable; `1` until it is taken into the next commit; `0` for
 * nothing.
 *
 * Records that are sent with 1 or 0 are lost when the process dies before that commit, a few ms later. There are no
 * replicas, so `'all'` and 1 differ in durability alone.
 */
export type Acks = 'all' | 1 | 0

/** An offset where the producer waits for it, else null. */
export type KnownOffset<A extends Acks> = A extends 'all' ? Offset : null

/** What a send resolves with: nothing where the producer takes no answers. */
export type Answer<A extends Acks, Result> = A extends 0 ? undefined : Result

/** Where a record was written. */
export interface SendResult<A extends Acks = 'all'> {
  /** The topic it went to. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** Its place in the partition; null with `acks: 1`. */
  readonly offset: KnownOffset<A>
}

/**
 * Where the records of one `sendMany` were written: for each partition that got some, the first offset and how many.
 */
export interface SendManyResult<A extends Acks = 'all'> {
  /** The topic they went to. */
  readonly topic: string
  /** How many there were. */
  readonly count: number
  /** Those of a partition lie side by side from `baseOffset` on, in the order in which they were given. */
  readonly partitions: readonly {
    readonly partition: number
    readonly baseOffset: KnownOffset<A>
    readonly count: number
  }[]
}

/** The records that a transaction wrote to one partition: side by side from `baseOffset` on. */
export interface WrittenRange {
  /** The topic they went to. */
  readonly topic: string
  /** The partition, from 0. */
  readonly partition: number
  /** The offset of the first. */
  readonly baseOffset: Offset
  /** How many there are. */
  readonly count: number
}
