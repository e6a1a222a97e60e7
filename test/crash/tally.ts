// What all episodes of a run share: how many kills are left, and what happened so far.

export interface Counts {
  episodes: number
  checks: number
  counterKills: number
  importerKills: number
  readerKills: number
  /** Kills of a counter that had not yet said that it had started. */
  earlyKills: number
  /** Older instances that ended with `fenced`. */
  fenced: number
  /** Instances that were stopped while they held the write lock, so that the newer one could not start. */
  stoppedInCommit: number
  /** Commits of the importer that a kill kept from being acknowledged. */
  unacknowledged: number
  closes: number
  /** Processes that waited for the write lock although nobody held it; see Episode. */
  lostWakeUps: number
}

export class Tally {
  readonly killsMax: number
  kills = 0
  readonly violations: string[] = []
  readonly counts: Counts = {
    episodes: 0,
    checks: 0,
    counterKills: 0,
    importerKills: 0,
    readerKills: 0,
    earlyKills: 0,
    fenced: 0,
    stoppedInCommit: 0,
    unacknowledged: 0,
    closes: 0,
    lostWakeUps: 0,
  }

  constructor(killsMax: number) {
    this.killsMax = killsMax
  }

  /** Counts a kill, unless there were enough of them. */
  take(): boolean {
    if (this.isOver) return false
    this.kills++
    return true
  }

  get isOver(): boolean {
    return this.kills >= this.killsMax || this.violations.length > 0
  }
}
