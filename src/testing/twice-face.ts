/**
 * What users see of {@link twice}: what it takes and what it reports.
 */
import type { Clock } from '../core/clock.ts'
import type { StreamRecord } from '../core/record.ts'
import type { Log } from '../log/face.ts'
import type { OnError } from '../runtime/failures.ts'

/** A place in one partition. */
export interface PartitionOffset {
  /** The topic. */
  readonly topic: string
  /** Its partition, from 0. */
  readonly partition: number
  /** The offset. */
  readonly offset: number
}

/** What {@link twice} takes. */
export interface TwiceOptions {
  /** Where the records are. Nothing is written there. */
  readonly log: Log
  /**
   * Where the range begins: at the first record, at the first with at least this time (ms since the epoch), at the
   * first that is at most this old (ms), or at these offsets, and elsewhere at the first record. Default `beginning`.
   */
  readonly from?:
    | 'beginning'
    | { readonly time: number }
    | { readonly ago: number }
    | readonly PartitionOffset[]
    | undefined
  /**
   * Where it ends: before the first record with at least this time, or before these offsets. Default: where the topics
   * end when the call begins.
   */
  readonly to?: { readonly time: number } | readonly PartitionOffset[] | undefined
  /** What to do with a record that fails, as of `startStreams`. Default `fail`: then `twice` rejects. */
  readonly onError?: OnError | undefined
  /**
   * What happens to `foreach` and to the calls of `mapAsync`, which a topology must not make twice unasked: `run` makes
   * them, in both runs; `skip` leaves out the action, and what comes after a `mapAsync`; a function answers in place of
   * the call. Required where a topology has them.
   */
  readonly effects?: 'run' | 'skip' | ((record: StreamRecord<unknown, unknown>) => unknown) | undefined
  /** Whether the second run is restarted on its way, so that what a function keeps in memory is lost. Default true. */
  readonly restarts?: boolean | undefined
  /** What time it is for the first run; the second is an hour ahead. Default: the machine's clock. */
  readonly clock?: Clock | undefined
}

/** A record as one of the runs made it. */
export interface SeenRecord {
  /** The event time. */
  readonly timestamp: number
  /** As its serde reads it, or bytes where no serde is known or it refuses them. */
  readonly key: unknown
  /** As its serde reads it, or bytes. */
  readonly value: unknown
  /** The headers. */
  readonly headers: readonly { readonly key: string; readonly value: Uint8Array | null }[]
}

/** Two records that should be one; null: that run made none here. */
export interface RecordPair {
  /** Of the first run. */
  readonly first: SeenRecord | null
  /** Of the second. */
  readonly second: SeenRecord | null
}

/** The first output record that differs. */
export interface OutputDifference extends RecordPair {
  /** The topic. */
  readonly topic: string
  /** The partition, from 0. */
  readonly partition: number
  /** How many records of this partition are equal before it. */
  readonly offset: number
}

/** Where the runs parted: the first operator whose output differs, although all before it agree. */
export interface OperatorDifference extends RecordPair {
  /** Its id, as `describe()` shows it. */
  readonly operator: string
  /** The verb that made it. */
  readonly verb: string
  /** Of its task, from 0. */
  readonly partition: number
  /** How many records it had emitted alike in this partition. */
  readonly index: number
}

/** What usually makes two runs differ. */
export type TwiceCause =
  | 'wallClock'
  | 'random'
  | 'orderOfMembers'
  | 'orderOfKeys'
  | 'asyncCalls'
  | 'memory'
  | 'decision'
  | 'serde'

/** A cause that the difference points to, and what points to it. */
export interface TwiceHint {
  /** The cause. */
  readonly cause: TwiceCause
  /** The evidence, and what to do, in a sentence or two. */
  readonly why: string
}

/** What {@link twice} found. */
export interface TwiceReport {
  /** Whether both runs gave the same records in every output partition, and in every operator. */
  readonly same: boolean
  /** Source records that both runs have read. */
  readonly records: number
  /** Output records that are equal. */
  readonly outputs: number
  /** How often the second run was restarted. */
  readonly restarts: number
  /** The first output record that differs; null: none does. */
  readonly output: OutputDifference | null
  /** Where that began; null: no operator differs, so a serde or the choice of a topic does. */
  readonly operator: OperatorDifference | null
  /** What usually does that, the likeliest first. */
  readonly hints: readonly TwiceHint[]
  /** The first operator of which the plan itself says that two runs may differ after it; null: none. */
  readonly marked: string | null
}
