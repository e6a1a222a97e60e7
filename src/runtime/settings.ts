/**
 * The options of an application, checked, with their defaults.
 */
import { checkClock, type Clock, systemClock } from '../core/clock.ts'
import { checkBoolean, checkChoice, checkedFunction, checkOptions, checkSignal, checkWhole } from '../core/checks.ts'
import type { EngineOptions } from './engine-options.ts'
import type { ApplicationState, StreamsOptions } from './face.ts'
import { type FailurePolicy, failurePolicy } from './failures.ts'
import type { Pace } from './pace.ts'

/** Options with their defaults. */
export interface Settings {
  readonly applicationId: string
  readonly deadLetterTopic: string
  readonly deadLetterDrops: boolean
  readonly idleTimeoutMs: number
  readonly isBounded: boolean
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  readonly everyMs: number | undefined
  readonly everyRecords: number
  readonly policy: FailurePolicy
  readonly maxTaskIdleMs: number
  readonly stateCacheBytes: number
  /** As in {@link EngineOptions}. */
  readonly moveBounds?: EngineOptions['moveBounds'] | undefined
  /** Default: as fast as it can. */
  readonly pace?: Pace | undefined
  readonly onStateChange: ((state: ApplicationState) => void) | undefined
}

/** @throws MillraceError `bad_option` */
export function checkSettings(applicationId: string, deadLetterTopic: string, options: StreamsOptions): Settings {
  const { clock = systemClock, commit = {}, onError = 'fail', onStateChange, signal } = options
  const { deadLetterDrops = false, maxTaskIdleMs = 0, stateCacheBytes = 64 * 1_048_576 } = options
  const { everyMs, everyRecords = 10_000 } = checkOptions('commit', commit, ['everyMs', 'everyRecords'])
  const { idleTimeoutMs, until } = options
  checkClock('clock', clock)
  checkChoice('until', until, [undefined, 'end'])
  if (signal !== undefined) checkSignal('signal', signal)
  if (onStateChange !== undefined) checkedFunction('onStateChange', onStateChange)
  return {
    applicationId,
    deadLetterTopic,
    deadLetterDrops: checkBoolean('deadLetterDrops', deadLetterDrops),
    clock,
    signal,
    everyMs: everyMs === undefined ? undefined : checkWhole('commit.everyMs', everyMs, 0),
    everyRecords: checkWhole('commit.everyRecords', everyRecords, 1),
    policy: failurePolicy(onError),
    // Of an input that has ended nothing is waited for.
    maxTaskIdleMs: checkWhole('maxTaskIdleMs', until === 'end' ? 0 : maxTaskIdleMs, 0),
    idleTimeoutMs:
      idleTimeoutMs === undefined ? Number.POSITIVE_INFINITY : checkWhole('idleTimeoutMs', idleTimeoutMs, 1),
    isBounded: until === 'end',
    stateCacheBytes: checkWhole('stateCacheBytes', stateCacheBytes, 0),
    onStateChange,
  }
}
