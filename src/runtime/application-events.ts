/**
 * What an application tells of itself to loggers and tracers (core/diagnostics.ts): nothing is made where no one
 * listens, and nothing counted but for how long commits usually take.
 */
import { isHeard, publish } from '../core/diagnostics.ts'
import { type Counters, type LedgerEntries, noEntries } from '../core/stored-progress.ts'
import type { SessionInstance } from '../log/contract.ts'
import type { Engine } from './engine.ts'
import type { Retry } from './failures.ts'

/** A commit is slow that takes this many times as long as usual, within bounds. */
const slowTimes = 5
const slowMsMin = 100
const slowMsMax = 1_000

/** How much the newest commit counts in the average of all. */
const newestShare = 0.1

export class ApplicationEvents {
  readonly #instance: SessionInstance
  readonly #engine: Pick<Engine, 'recordCount' | 'ledgers' | 'lag'>
  /** Before the first commits, which create files and topics, so much that only the upper bound counts. */
  #usualMs = slowMsMax / slowTimes
  /** Source records in all commits so far. */
  #records = 0
  /** What the tasks had committed before the commit that is under way. */
  #before: readonly (LedgerEntries | undefined)[] | undefined

  constructor(instance: SessionInstance, engine: Pick<Engine, 'recordCount' | 'ledgers' | 'lag'>) {
    this.#instance = instance
    this.#engine = engine
  }

  get #names(): { readonly applicationId: string; readonly version: string } {
    const { applicationId, version } = this.#instance
    return { applicationId, version }
  }

  started(): void {
    const from = this.#instance.tookOver
    if (from !== undefined && isHeard('millrace:takeover')) publish('millrace:takeover', { ...this.#names, from })
    if (isHeard('millrace:start')) publish('millrace:start', { ...this.#names, lag: this.#engine.lag })
  }

  commitBegins(): void {
    const isAsked = isHeard('millrace:drop')
    this.#before = isAsked ? this.#engine.ledgers.map(({ committed }) => committed) : undefined
  }

  committed(durationMs: number): void {
    const records = this.#engine.recordCount - this.#records
    this.#records += records
    const usualMs = this.#usualMs
    const limitMs = Math.min(slowMsMax, Math.max(slowMsMin, slowTimes * usualMs))
    this.#usualMs += newestShare * (durationMs - usualMs)
    if (isHeard('millrace:commit')) publish('millrace:commit', { ...this.#names, records, durationMs })
    if (durationMs > limitMs && isHeard('millrace:slow-commit')) {
      publish('millrace:slow-commit', { ...this.#names, records, durationMs, usualMs, limitMs })
    }
    if (this.#before !== undefined) this.#tellPassedOver(this.#before)
  }

  /** What this commit has added to the counters. */
  #tellPassedOver(before: readonly (LedgerEntries | undefined)[]): void {
    for (const [at, { committed = noEntries, task }] of this.#engine.ledgers.entries()) {
      const known = before[at] ?? noEntries
      if (committed === known) continue
      for (const kind of ['dropped', 'failed'] as const) {
        for (const added of risen(known[kind], committed[kind])) {
          publish('millrace:drop', { ...this.#names, kind, partition: task.partition, ...added })
        }
      }
    }
  }

  retried(retry: Retry): void {
    publish('millrace:retry', { ...this.#names, ...retry })
  }

  closed(): void {
    if (isHeard('millrace:close')) publish('millrace:close', this.#names)
  }

  failed(error: unknown): void {
    if (isHeard('millrace:fail')) publish('millrace:fail', { ...this.#names, error })
  }
}

function risen(before: Counters, after: Counters) {
  return Object.entries(after).flatMap(([operator, counts]) =>
    Object.entries(counts).flatMap(([reason, count]) => {
      const records = count - (before[operator]?.[reason] ?? 0)
      return records > 0 ? [{ operator, reason, records }] : []
    }),
  )
}
