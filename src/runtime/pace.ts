/**
 * What an application asks before each stretch of work, when it is to let others go first.
 */
export interface Pace {
  /** The longest stretch of work before the event loop gets its turn, in ms. */
  readonly sliceMs: number
  /** How long to rest before the next one, in ms; news end the rest early. Infinity: until it is told to go on. */
  restMs(): number
  /** It rests until it is told to go on: everything that it has done is durable. */
  rested(): void
  /** Whether what was done since the last commit, all work of `workMs`, is enough for one. */
  isCommitDue(workMs: number): boolean
  /** A commit is durable. */
  committed(durationMs: number): void
}

/** As fast as it can. */
export const fullPace: Pace = {
  sliceMs: 10,
  restMs: () => 0,
  rested: () => undefined,
  isCommitDue: () => false,
  committed: () => undefined,
}
