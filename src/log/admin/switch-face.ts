/**
 * What users see of a switch from one version of an application to another.
 */
import type { TopicName } from '../kept/topic-name.ts'
import type { CorrectionCounts } from '../outputs/corrections.ts'

/**
 * What becomes of the topics that the application writes. `replace`: the topics of the version that comes take the
 * names, and those that were there are kept with the version that leaves. `continue`: they stay, and the version that
 * comes writes on where the other one has stopped. `correct`: they stay too, and for each key whose newest record is
 * another one with the version that comes, that record is appended to them, with a header `millrace-switch`; a key that
 * only the version that leaves has is deleted. That is for topics into which only the changes of tables are written.
 */
export type SwitchOutputs = 'replace' | 'continue' | 'correct'

/** An application that starts over with a switch. */
export interface SwitchReset {
  /** Which one. */
  readonly applicationId: string
  /**
   * Which of the topics that it has written are emptied in the same transaction. `keep`: none, so that what it writes
   * again comes after what is there. `empty`: all except its dead letters. A list: these. Default `keep`.
   */
  readonly outputs?: 'keep' | 'empty' | readonly TopicName[] | undefined
}

/** What `log.admin.switchVersion` takes. */
export interface SwitchOptions {
  /** What becomes of the topics that the application writes. */
  readonly outputs: SwitchOutputs
  /** Whether to say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean | undefined
  /**
   * How long to wait until the version that comes follows the live one closely, and, once that is stopped, without a
   * step towards where it stopped, in ms. Default 30 seconds.
   */
  readonly patienceMs?: number | undefined
  /**
   * Other applications that start over in the same transaction, because they read topics that are replaced: their ids,
   * or also what becomes of their own topics. They must not run.
   */
  readonly reset?: readonly (string | SwitchReset)[] | undefined
  /** With `correct`, how many bytes the switch may append, which it does in one transaction. Default 64 MiB. */
  readonly correctMaxBytes?: number | undefined
  /**
   * The `number` of the plan that was agreed to. If another switch came first, this one is refused, in the transaction
   * that would make it. Default: any.
   */
  readonly number?: number | undefined
  /**
   * Cancels the switch or the dry run, which rejects with the signal's reason. Nothing has been exchanged then; if the
   * live version was already stopped, start it again.
   */
  readonly signal?: AbortSignal | undefined
}

/** What `log.admin.switchBack` takes. */
export interface SwitchBackOptions extends Omit<SwitchOptions, 'outputs'> {
  /**
   * What becomes of the topics that the application writes. Default: `correct` where the switch that is taken back did
   * that, else `replace`.
   */
  readonly outputs?: SwitchOutputs | undefined
  /** Which version becomes the live one again. Default: the one that was live before the last switch. */
  readonly version?: string | undefined
}

/** A position of a group that moves with the topic that it is in. */
export interface PositionMove {
  /** Whose position it is. */
  readonly group: string
  /** The topic, whose records are others after the switch. */
  readonly topic: string
  /** Its partition. */
  readonly partition: number
  /** The offset of the next record, in the topic that leaves. */
  readonly before: number
  /** The same in the one that comes: its first record that is no older, or its end. */
  readonly after: number
}

/** What `correct` appends to a topic. */
export interface TopicCorrection extends CorrectionCounts {
  /** Its name. */
  readonly topic: string
}

/** What a switch has done, or would do. */
export interface SwitchPlan {
  /** Whose versions. */
  readonly applicationId: string
  /** The live version before. */
  readonly from: string
  /** The live version after. */
  readonly to: string
  /** What becomes of its topics. */
  readonly outputs: SwitchOutputs
  /** The how many-th switch of the application it is, from 1. */
  readonly number: number
  /** The topics whose records are others afterwards: how many they hold then, and how many they held before. */
  readonly topics: readonly { readonly topic: string; readonly records: number; readonly recordsBefore: number }[]
  /** With `correct`, what is appended to each topic. */
  readonly corrections: readonly TopicCorrection[]
  /** Applications that start over. */
  readonly reset: readonly string[]
  /** Other applications that read topics which are replaced, corrected or emptied. */
  readonly readers: readonly { readonly topic: string; readonly applicationId: string }[]
  /** Positions of groups that move. */
  readonly positions: readonly PositionMove[]
  /** How many records lie between the two versions. */
  readonly lag: number
  /** Why it cannot be done as things are; empty when it can. */
  readonly refusals: readonly string[]
  /** Those of the refusals that do not end while the new version catches up. */
  readonly obstacles: readonly string[]
}
