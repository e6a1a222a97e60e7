/**
 * The table of all counts, folded from the topic that the topology writes them to.
 */
import type { Log, Metrics } from 'millrace'
import { accessLog, type ClickCounts } from '../clicks.ts'

/** Where all lines went: lines = clicks + filtered + malformed. */
export interface Summary {
  readonly lines: number
  /** Late ones included. */
  readonly clicks: number
  /** Requests that are no clicks. */
  readonly filtered: number
  /** Clicks that came after their window was closed, and are in no count. */
  readonly late: number
  readonly malformed: number
}

/** The count of one page in one window; times in ms since the epoch. */
export interface Row {
  readonly page: string
  readonly windowStart: number
  readonly windowEnd: number
  readonly count: number
}

export class ClickTable {
  /** Counts by page, then by start of the window. */
  readonly pages = new Map<string, Map<number, number>>()
  readonly windowMs: number
  readonly #log: Log
  readonly #counts: ClickCounts['counts']
  #next = 0

  constructor(log: Log, { counts, windowMs }: ClickCounts) {
    this.#log = log
    this.#counts = counts
    this.windowMs = windowMs
  }

  /** Reads what is new: every new count replaces the one before it. */
  async update(): Promise<void> {
    for await (const { key, value, offset } of this.#log.read(this.#counts, { from: this.#next })) {
      let page = this.pages.get(key.key)
      if (page === undefined) this.pages.set(key.key, (page = new Map()))
      page.set(key.window.start, value)
      this.#next = offset + 1
    }
  }

  /** By window, then by page. */
  rows(): Row[] {
    const rows = [...this.pages].flatMap(([page, counts]) =>
      [...counts].map(([windowStart, count]) => ({ page, windowStart, windowEnd: windowStart + this.windowMs, count })),
    )
    return rows.toSorted((a, b) => a.windowStart - b.windowStart || (a.page < b.page ? -1 : 1))
  }

  /** Together with the counters of the application, which are part of its commits. */
  summary({ consumed, dropped, failed }: Metrics): Summary {
    let counted = 0
    for (const counts of this.pages.values()) for (const count of counts.values()) counted += count
    const lines = consumed[accessLog.name] ?? 0
    const late = Object.values(dropped).reduce((sum, reasons) => sum + (reasons['late'] ?? 0), 0)
    const malformed = Object.values(failed).reduce(
      (sum, reasons) => Object.values(reasons).reduce((total, count) => total + count, sum),
      0,
    )
    const clicks = counted + late
    return { lines, clicks, filtered: lines - clicks - malformed, late, malformed }
  }
}
