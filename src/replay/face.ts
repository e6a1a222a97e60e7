/**
 * What users see of a replay: how it is begun, and what it answers while it runs.
 */
import type { Observable } from 'rxjs'
import type { StreamRecord } from '../core/record.ts'
import type { SwitchOptions, SwitchPlan } from '../log/admin/switch-face.ts'
import type { TopicFor } from '../core/topic.ts'
import type { Application, StreamsOptions } from '../runtime/face.ts'
import type { CompareOptions, ComparisonReport } from './comparison-face.ts'

/** Offsets by topic, one for each partition in their order. */
export type OffsetsByTopic = Readonly<Record<string, readonly number[]>>

/**
 * Where a version begins: at the first record that is kept; at offsets, where a topic that is not named begins at its
 * first record; at the first record of at least this time (ms since the epoch); or at the first that is at most this
 * old (ms). A global table is always read from its first record.
 *
 * `live` is where the live version is, with a copy of its state, all of one moment. What changed in the topology has to
 * fit that state, as at a restart of {@link startStreams}. A topology that reads a topic which it writes is refused.
 */
export type ReplayFrom =
  | 'beginning'
  | 'live'
  | { readonly offsets: OffsetsByTopic }
  | { readonly time: number }
  | { readonly ago: number }

/**
 * Where a version stops: before these offsets, topics that are not named at their end of now; or before the first
 * record of at least this time (ms since the epoch), which must have passed.
 */
export type ReplayTo = { readonly offsets: OffsetsByTopic } | { readonly time: number }

/** Which call of the topology a function of `effects` answers for. */
export interface EffectPlace {
  /** The name or the id of the operator. */
  readonly operator: string
  /** What it is. */
  readonly verb: 'foreach' | 'peek' | 'mapAsync'
}

/**
 * What a replay does with effects on the world outside, which are `foreach`, `peek` with `effects: true`, and
 * `mapAsync`: the same as when the records first came, nothing, or this function instead.
 *
 * Of a `mapAsync` the function gives the result, or the promise of one. Skipped, it has none: its records are dropped,
 * and counted as `skipped`.
 */
export type Effects = 'run' | 'skip' | ((record: StreamRecord<unknown, unknown>, place: EffectPlace) => unknown)

/**
 * Outputs that go to topics of yours instead of hidden ones: each topic of the topology by its name, with the name of
 * the other topic, or with its constant, which has the same serdes. A missing one is created like that of the script,
 * unless its constant says partitions or a configuration.
 */
export type OtherOutputs = Readonly<Record<string, string | TopicFor<never, never> | undefined>>

/** What {@link replay} takes; those that are not described here are those of {@link StreamsOptions}. */
export interface ReplayOptions extends Omit<StreamsOptions, 'version' | 'until'> {
  /** The application whose version this is. It need not have been started yet. */
  readonly applicationId: string
  /** What the version is called; a `replay` of the same one goes on where that was. */
  readonly version: string
  /** Where it begins. Default `beginning`. */
  readonly from?: ReplayFrom | undefined
  /** Where it stops. Default: it follows the live version. */
  readonly to?: ReplayTo | undefined
  /** What to do with effects; has to be said where the topology has some. */
  readonly effects?: Effects | undefined
  /**
   * Outputs that go to topics of yours. What is in them already counts in a comparison, and a switch cannot make them
   * the topics of the topology.
   */
  readonly outputs?: OtherOutputs | undefined
}

/** How far a replay has come. */
export interface ReplayProgress {
  /**
   * `replaying` while there is something to read, `following` when it is where the live version is, `done` when it is
   * where it stops, `paused`, or what {@link Replay.state} says when it runs no more.
   */
  readonly state: 'replaying' | 'following' | 'done' | 'paused' | 'closing' | 'closed' | 'failed'
  /** Records that it has read, by offsets. */
  readonly done: number
  /** Records from where it began to where it stops, or to the end of the log. */
  readonly total: number
  /** 0 to 100. */
  readonly percent: number
  /** In the last seconds. */
  readonly recordsPerSecond: number
  /** The largest timestamp of a record so far, ms since the epoch; null before the first. */
  readonly eventTime: number | null
  /** How long the rest takes at this rate, in ms; null while that is not known. */
  readonly etaMs: number | null
  /** Records that the live version has read, or that are there where it does not read, and this one has not yet. */
  readonly lag: number
}

/**
 * A version of an application that runs beside the live one, on positions, state and outputs of its own, until a switch
 * makes it the live one. Made by {@link replay}.
 */
export interface Replay extends Pick<Application, 'applicationId' | 'stopped' | 'state' | 'metrics' | 'store'> {
  /** What it is called. */
  readonly version: string
  /** How far it has come, a few times a second, from now on until it stops. */
  readonly progress$: Observable<ReplayProgress>
  /** How far it has come. */
  progress(): ReplayProgress
  /**
   * Rests until {@link resume}, over a restart and a crash too: `log.admin.pauseVersion`. Resolves when it rests and
   * everything that it has done is durable.
   *
   * @throws MillraceError `version_live` after a switch
   */
  pause(): Promise<void>
  /**
   * Goes on after {@link pause}, whatever process has called that: `log.admin.resumeVersion`.
   *
   * @throws MillraceError `version_live` after a switch
   */
  resume(): Promise<void>
  /**
   * Resolves when it has read and committed everything up to where the live version was at the time of the call, or up
   * to where it stops. While it is paused it does neither.
   *
   * @throws the error that stopped it, or MillraceError `closed`
   */
  caughtUp(): Promise<void>
  /**
   * Stops, and removes the version with its state and everything that it has written. Killed in the middle, call it
   * again, or let the log finish it.
   *
   * @throws MillraceError `version_live` after a switch, and nothing is removed
   */
  cancel(): Promise<void>

  /**
   * Compares its stores and outputs with those of the live version, by key and window, while both run: only what
   * differs when both have processed the same input is a difference. A version that did not begin at the beginning
   * lacks what came before. {@link formatComparison} makes a table of the answer.
   *
   * @example
   * ```ts
   * const { isEqual, stores } = await v2.compare({ samples: 5 })
   * for (const { name, different, samples } of stores) console.log(isEqual, name, different, samples)
   * ```
   * @throws MillraceError `behind`, `version_live` after a switch, `application_unknown` when there is no live version,
   *   `bad_option`
   */
  compare(options?: CompareOptions): Promise<ComparisonReport>
  /**
   * Makes it the live version, as `log.admin.switchVersion` does. It goes on within milliseconds: with the effects and
   * topics of its script, no bounds, and {@link stopped} still pending. Stores that it has given before are those of
   * the version beside: ask for them again. The same happens when any other process makes it the live one.
   *
   * @example
   * ```ts
   * const { refusals } = await v2.switch({ outputs: 'replace', dryRun: true })
   * if (refusals.length === 0) await v2.switch({ outputs: 'replace' })
   * ```
   * @throws MillraceError as `log.admin.switchVersion`
   */
  switch(options: SwitchOptions): Promise<SwitchPlan>
  /**
   * Commits what is done and stops; the next `replay` of this version goes on there, or `startStreams` once it is the
   * live one.
   */
  close(): Promise<void>
  /** {@link close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
