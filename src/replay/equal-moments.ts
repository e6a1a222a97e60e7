/**
 * The moments at which two versions have processed exactly the same input: only what differs then is a difference.
 *
 * The version beside never passes the live one, so there is such a moment whenever it has caught up. Positions and rows
 * are read in one snapshot, and what is read between two calls of `refresh` is of one moment.
 */
import { present } from '../core/assert.ts'
import { yieldToEventLoop } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import type { ApplicationLog, StoredApplication, StoredRecords } from '../log/contract.ts'
import { partitionName } from '../log/format/partition-id.ts'
import { decodeEntries, hasWorkLeft } from '../core/stored-progress.ts'

export class EqualMoments {
  readonly here: StoredApplication
  readonly live: StoredApplication
  readonly #names: readonly [here: string, live: string]
  readonly #records: StoredRecords
  readonly #patienceMs: number
  readonly #stop: () => void
  #hasNews = false
  #wake: () => void = () => undefined

  /** @throws MillraceError `application_unknown` */
  constructor(log: ApplicationLog, here: string, live: string, patienceMs: number) {
    this.here = found(log, here)
    this.live = found(log, live)
    this.#names = [here, live]
    this.#records = log.records
    this.#patienceMs = patienceMs
    this.#stop = log.records.onCommit(() => {
      this.#hasNews = true
      this.#wake()
    })
  }

  close(): void {
    this.#stop()
  }

  /** @throws MillraceError `application_unknown` */
  refresh(): void {
    for (const [index, side] of [this.here, this.live].entries()) {
      if (!side.refresh()) throw unknown(present(this.#names[index], 'each side has a name'))
    }
  }

  /** Whether the snapshot that is read is such a moment. */
  isEqual(): boolean {
    return this.#lag() === 0 && isAtRest(this.here) && isAtRest(this.live)
  }

  /** How many records of the partitions that both read lie between their positions. */
  #lag(): number {
    const live = new Map(this.live.positions().map(({ partition, offset }) => [partitionName(partition), offset]))
    let lag = 0
    for (const { partition, offset } of this.here.positions()) {
      lag += Math.abs((live.get(partitionName(partition)) ?? offset) - offset)
    }
    return lag
  }

  /** Lets others have the event loop; then the newest commits are read. */
  async breathe(): Promise<void> {
    await yieldToEventLoop()
    this.refresh()
  }

  /**
   * The snapshot that is read is such a moment when it resolves.
   *
   * @throws MillraceError `behind` when there is none for as long as the patience lasts
   */
  async next(): Promise<void> {
    const { clock } = this.#records
    const startMs = clock.elapsed()
    for (;;) {
      this.#hasNews = false
      this.refresh()
      if (this.isEqual()) return
      const leftMs = this.#patienceMs - (clock.elapsed() - startMs)
      if (leftMs <= 0) throw this.#behind()
      if (!this.#hasNews) await this.#news(leftMs)
      else await yieldToEventLoop()
    }
  }

  async #news(leftMs: number): Promise<void> {
    let cancel = (): void => undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      cancel = this.#records.clock.schedule(leftMs, resolve)
    })
    cancel()
    this.#wake = () => undefined
  }

  #behind(): MillraceError {
    const [here, live] = this.#names
    const lag = this.#lag()
    const why = lag > 0 ? `lie ${lag} records apart` : 'have work left of what they have read'
    return new MillraceError(
      'behind',
      `"${here}" and "${live}" had no moment at which both had processed the same input for ${this.#patienceMs} ms: they ` +
        `${why}. Wait until the version has caught up, see that both run, or give it more patienceMs`,
    )
  }
}

function isAtRest(side: StoredApplication): boolean {
  return side.allProgress().every(({ progress }) => progress === undefined || !hasWorkLeft(decodeEntries(progress)))
}

function found(log: ApplicationLog, name: string): StoredApplication {
  const application = log.find(name)
  if (application === undefined) throw unknown(name)
  return application
}

function unknown(name: string): MillraceError {
  return new MillraceError(
    'application_unknown',
    `there is no "${name}" to compare, or no longer the one that was: it was never started here, or it was deleted`,
  )
}
