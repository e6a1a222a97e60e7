// What the recorder, the judges and their supervisor agree on.
import type { Plan } from '../crash/input.ts'

/** What the recorded program is told, in one argument of JSON. */
export interface RecordedWork {
  readonly dir: string
  /** The file that it promises in. */
  readonly acknowledgements: string
  readonly plan: Plan
  /** Breaks it: it acknowledges with every prefix the next one, which it has not sent. */
  readonly acknowledgeEarly: boolean
}

/** What the program with a test driver is told, in one argument of JSON. */
export interface DrivenWork {
  readonly dir: string
  /** Who opens the log. */
  readonly by: 'driver' | 'openLog'
}

/** What a judge is told, in one argument of JSON. */
export interface JudgedWork {
  readonly journal: string
  readonly seed: number
  readonly plan: Plan
  /** Breaks the replay: flushes and O_DSYNC count for nothing. */
  readonly ignoreFlushes: boolean
  /** Where a judge puts the image of a state. */
  readonly statesDir: string
}

/** The last prefixes are left, so that every state has something to go on with. */
export function importedPrefixesOf(ends: readonly number[]): readonly number[] {
  return ends.slice(1, -2)
}
