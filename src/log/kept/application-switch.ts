/**
 * What is known of a switch: plain data, as it is stored and as users see it.
 */

/** What a switch appended to a topic. */
interface StoredCorrection {
  readonly topic: string
  readonly keys: number
  readonly deletes: number
  readonly bytes: number
}

/** A switch of an application from one version to another. */
export interface ApplicationSwitch {
  /** The how many-th of the application it was, from 1. */
  readonly number: number
  /** When, by the clock of the log, ms since the epoch. */
  readonly atMs: number
  /** The live version before. */
  readonly from: string
  /** The live version after. */
  readonly to: string
  /** What became of the topics that the application writes. */
  readonly outputs: string
  /** With `correct`, what was appended to each topic; what it takes is in bytes. */
  readonly corrections?: readonly StoredCorrection[] | undefined
  /** From where the version that came goes on. */
  readonly positions: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]
}
