/**
 * Comparisons of versions with the live one. One may take minutes: it is made once, however many browsers ask for it,
 * one after another, and only for as long as someone waits for it. What it found is kept, with its age.
 */
import type { Clock } from '../core/clock.ts'
import { isInstance } from '../core/checks.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { applicationLogOf } from '../log/contract.ts'
import type { Log } from '../log/face.ts'
import type { VersionId } from '../log/kept/version-name.ts'
import { compareWithLive } from '../replay/compare-with-live.ts'
import { partsOf } from './comparison-parts.ts'
import type { ComparisonView, EndedComparison, RunningComparison } from './replay-views.ts'

/** How many are kept, the newest. */
const keptMax = 50
const samplesMax = 10
/** A browser that has lost its connection comes back within this time. */
const graceMs = 5_000
/** How often those who wait are told, at most. */
const tellMs = 200

const waiting: RunningComparison = { isWaiting: true, part: 'store', name: '', done: 0, total: 0, rows: 0 }

/** One that goes on, or has yet to begin. */
class Run {
  readonly stop = new AbortController()
  state: RunningComparison = waiting
}

/** What is known of one version. */
class Comparison {
  run: Run | undefined
  last: EndedComparison | null = null
  readonly followers = new Set<() => void>()
  cancelStop: () => void = () => undefined

  tell(): void {
    for (const follower of this.followers) follower()
  }
}

export class Comparisons {
  readonly #log: Log
  readonly #clock: Clock
  readonly #known = new Map<string, Comparison>()
  #turn: Promise<void> = Promise.resolve()

  constructor(log: Log, clock: Clock) {
    this.#log = log
    this.#clock = clock
  }

  view(id: VersionId): ComparisonView {
    const { run, last = null } = this.#known.get(keyOf(id)) ?? {}
    return { running: run?.state ?? null, last }
  }

  /**
   * Calls back whenever something has changed, until the returned function is called: when the last one leaves, the
   * comparison ends.
   *
   * @param begins whether to begin one, where none goes on
   * @param live which version is the live one
   */
  follow(id: VersionId, begins: boolean, live: string, follower: () => void): () => void {
    const comparison = this.#comparison(id)
    comparison.cancelStop()
    comparison.followers.add(follower)
    if (begins && comparison.run === undefined) this.#begin(id, comparison, live)
    return () => {
      comparison.followers.delete(follower)
      if (comparison.followers.size > 0 || comparison.run === undefined) return
      comparison.cancelStop = this.#clock.schedule(graceMs, () => stop(comparison), 'background')
    }
  }

  /** Ends all that go on. */
  async close(): Promise<void> {
    for (const comparison of this.#known.values()) stop(comparison)
    await this.#turn
  }

  #comparison(id: VersionId): Comparison {
    const key = keyOf(id)
    const known = this.#known.get(key) ?? new Comparison()
    this.#known.delete(key)
    this.#known.set(key, known) // the newest is the last one
    for (const [name, { run, followers }] of this.#known) {
      if (this.#known.size <= keptMax) break
      if (name !== key && run === undefined && followers.size === 0) this.#known.delete(name)
    }
    return known
  }

  #begin(id: VersionId, comparison: Comparison, live: string): void {
    const run = new Run()
    comparison.run = run
    this.#turn = this.#turn.then(async () => {
      if (run.stop.signal.aborted) return
      const last = await this.#ended(id, live, comparison, run)
      if (comparison.run !== run) return // it was stopped
      comparison.run = undefined
      comparison.last = last
      comparison.tell()
    })
  }

  async #ended(id: VersionId, live: string, comparison: Comparison, run: Run): Promise<EndedComparison> {
    const startMs = this.#clock.elapsed()
    let [toldMs, toldName] = [startMs, '']
    try {
      const report = await compareWithLive(applicationLogOf(this.#log), id, {
        samples: samplesMax,
        signal: run.stop.signal,
        onProgress: (progress) => {
          run.state = { isWaiting: false, ...progress }
          const nowMs = this.#clock.elapsed()
          if (nowMs - toldMs < tellMs && progress.name === toldName) return
          ;[toldMs, toldName] = [nowMs, progress.name]
          comparison.tell()
        },
      })
      const tookMs = this.#clock.elapsed() - startMs
      return {
        state: 'compared',
        atMs: this.#clock.now(),
        tookMs,
        live,
        isEqual: report.isEqual,
        parts: partsOf(report),
      }
    } catch (error) {
      const code = isInstance(error, MillraceError) ? error.code : 'failed'
      return { state: 'failed', atMs: this.#clock.now(), code, message: messageOf(error) }
    }
  }
}

function stop(comparison: Comparison): void {
  comparison.cancelStop()
  comparison.run?.stop.abort()
  comparison.run = undefined
  comparison.tell()
}

function keyOf({ applicationId, version }: VersionId): string {
  return `${applicationId}/${version}`
}
