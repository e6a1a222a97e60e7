/**
 * How far a replay has come, and how fast it goes.
 */
import { Observable } from 'rxjs'
import type { Clock } from '../core/clock.ts'
import { etaOf, type Extent, extentOf, percentOf, type Reached } from './extent.ts'
import type { ReplayProgress } from './face.ts'
import type { ReplayRange } from './range.ts'
import type { Succession } from './succession.ts'

/** How often it is told. */
const everyMs = 250
/** How far back the rate looks. */
const rateMs = 5_000

interface Sample {
  readonly atMs: number
  readonly done: number
}

export class ProgressOfReplay {
  readonly #apps: Succession
  readonly #range: ReplayRange
  readonly #clock: Clock
  readonly #isPaused: () => boolean
  /** What the rate is measured by, the oldest first. */
  #samples: Sample[]

  constructor(apps: Succession, range: ReplayRange, clock: Clock, isPaused: () => boolean) {
    this.#apps = apps
    this.#range = range
    this.#clock = clock
    this.#isPaused = isPaused
    this.#samples = [{ atMs: clock.elapsed(), done: this.#extent().done }]
  }

  #extent(): Extent {
    const { app, session } = this.#apps.current
    // The live version stops nowhere.
    const ends = this.#apps.isLive ? null : this.#range.ends
    const reached = app.lanes.map((lane): Reached => {
      const logEnd = session.endOffset(lane.partition)
      return { partition: lane.partition, position: lane.position, bound: lane.within(logEnd), logEnd }
    })
    return extentOf(this.#range.starts, ends, reached)
  }

  now(): ReplayProgress {
    const extent = this.#extent()
    const { done, total, lag, isAtEnd } = extent
    const recordsPerSecond = this.#rate(done)
    const { eventTime } = this.#apps.current.app.metrics()
    return {
      state: this.#state(isAtEnd, lag),
      done,
      total,
      percent: percentOf(extent),
      recordsPerSecond,
      eventTime: eventTime < 0 ? null : eventTime,
      etaMs: etaOf(extent, recordsPerSecond),
      lag,
    }
  }

  #state(isAtEnd: boolean, lag: number): ReplayProgress['state'] {
    if (this.#apps.state !== 'running') return this.#apps.state
    if (this.#isPaused()) return 'paused'
    if (isAtEnd) return 'done'
    return lag === 0 ? 'following' : 'replaying'
  }

  /** Since the last sample that is older than the time that the rate looks back to. */
  #rate(done: number): number {
    const nowMs = this.#clock.elapsed()
    const first = Math.max(
      0,
      this.#samples.findLastIndex(({ atMs }) => nowMs - atMs >= rateMs),
    )
    this.#samples = this.#samples.slice(first)
    const [since] = this.#samples
    const last = this.#samples.at(-1)
    if (last === undefined || nowMs - last.atMs >= everyMs / 2) this.#samples.push({ atMs: nowMs, done })
    if (since === undefined || nowMs <= since.atMs) return 0
    return (1_000 * (done - since.done)) / (nowMs - since.atMs)
  }

  /** Now and a few times a second, until the replay stops. */
  get all$(): Observable<ReplayProgress> {
    return new Observable((subscriber) => {
      let cancel: (() => void) | undefined
      const tell = (): void => {
        subscriber.next(this.now())
        cancel = this.#clock.schedule(everyMs, tell, 'background')
      }
      const end = (): void => {
        cancel?.()
        subscriber.next(this.now())
        subscriber.complete()
      }
      tell()
      void this.#apps.stopped.then(end, end)
      return () => cancel?.()
    })
  }
}
