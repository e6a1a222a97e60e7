// What all episodes of a subject share: how many kills are left, and what happened so far.

export class Tally {
  readonly killsMax: number
  kills = 0
  readonly violations: string[] = []
  readonly counts = new Map<string, number>()

  constructor(killsMax: number) {
    this.killsMax = killsMax
  }

  /** Counts a kill, unless there were enough of them. */
  take(): boolean {
    if (this.isOver) return false
    this.kills++
    return true
  }

  /** Notes that something happened: for the summary, and for a test that must know that it did. */
  count(what: string, times: number = 1): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + times)
  }

  get isOver(): boolean {
    return this.kills >= this.killsMax || this.violations.length > 0
  }
}
