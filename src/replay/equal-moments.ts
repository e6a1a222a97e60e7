/**
 * What two versions have at a place of the input that both have come to exactly: only what differs there is a
 * difference, and what is alike elsewhere proves nothing.
 *
 * Positions and rows are read in one snapshot: what is read between two awaits is of one moment. Where both stand at
 * the same place, that moment will do. Where they do not, what the live one has is read first, and the other one, which
 * never passes it, is held at that place until it has come. So a live version that never rests is compared too. From
 * another process nothing can be held, and it has to be one moment.
 */
import { present } from '../core/assert.ts'
import { yieldToEventLoop } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import type { ApplicationLog, StoredApplication, StoredRecords } from '../log/contract.ts'
import { partitionName } from '../log/format/partition-id.ts'
import { decodeEntries, hasWorkLeft } from '../core/stored-progress.ts'

/** Holds the version that is asked where the live one is now, until the returned function is called. */
export type Hold = () => () => void

/** How long to wait for such a place, and how. */
export interface Waiting {
  readonly patienceMs: number
  readonly hold?: Hold | undefined
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined
}

/** Positions by partition. */
type Place = ReadonlyMap<string, number>

export class EqualMoments {
  readonly here: StoredApplication
  readonly live: StoredApplication
  readonly #names: readonly [here: string, live: string]
  readonly #records: StoredRecords
  readonly #patienceMs: number
  readonly #hold: Hold | undefined
  readonly #signal: AbortSignal | undefined
  readonly #stop: () => void
  #hasNews = false
  #wake: () => void = () => undefined

  /** @throws MillraceError `application_unknown` */
  constructor(log: ApplicationLog, here: string, live: string, { patienceMs, hold, signal }: Waiting) {
    this.here = found(log, here)
    this.live = found(log, live)
    this.#names = [here, live]
    this.#records = log.records
    this.#patienceMs = patienceMs
    this.#hold = hold
    this.#signal = signal
    const onNews = (): void => {
      this.#hasNews = true
      this.#wake()
    }
    const stop = log.records.onCommit(onNews)
    signal?.addEventListener('abort', onNews)
    this.#stop = () => {
      stop()
      signal?.removeEventListener('abort', onNews)
    }
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

  /**
   * What both have at the same place. Each function is called when its side is there; it may be called again.
   *
   * @throws MillraceError `behind` when there is no such place for as long as the patience lasts
   */
  async both<H, L>(here: () => H, live: () => L): Promise<readonly [here: H, live: L]> {
    const endMs = this.#records.clock.elapsed() + this.#patienceMs
    for (;;) {
      this.#signal?.throwIfAborted()
      this.#hasNews = false
      this.refresh()
      if (isAtRest(this.live)) {
        const place = placeOf(this.live)
        const theirs = live()
        if (this.#isAt(place)) return [here(), theirs]
        if (this.#hold !== undefined && (await this.#comesTo(place, this.#hold, endMs))) return [here(), theirs]
      }
      await this.#waitUntil(endMs)
    }
  }

  /** Whether the version that is asked has come to a place, where it is held; the snapshot that is read is of then. */
  async #comesTo(place: Place, hold: Hold, endMs: number): Promise<boolean> {
    const release = hold()
    try {
      for (;;) {
        this.#signal?.throwIfAborted()
        this.#hasNews = false
        this.refresh()
        if (this.#isAt(place)) return true
        if (this.#hasPassed(place)) return false
        await this.#waitUntil(endMs)
      }
    } finally {
      release()
    }
  }

  #isAt(place: Place): boolean {
    return this.#lag(place) === 0 && isAtRest(this.here)
  }

  /** It was the live one itself, and has read more than the one that is. */
  #hasPassed(place: Place): boolean {
    return this.here
      .positions()
      .some(({ partition, offset }) => offset > (place.get(partitionName(partition)) ?? offset))
  }

  /** How many records of the partitions that both read lie between the version that is asked and a place. */
  #lag(place: Place): number {
    let lag = 0
    for (const { partition, offset } of this.here.positions()) {
      lag += Math.abs((place.get(partitionName(partition)) ?? offset) - offset)
    }
    return lag
  }

  /** @throws MillraceError `behind` */
  async #waitUntil(endMs: number): Promise<void> {
    const leftMs = endMs - this.#records.clock.elapsed()
    if (leftMs <= 0) throw this.#behind()
    if (!this.#hasNews) await this.#news(leftMs)
    else await yieldToEventLoop()
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
    const lag = this.#lag(placeOf(this.live))
    const why = lag > 0 ? `lie ${lag} records apart` : 'have work left of what they have read'
    return new MillraceError(
      'behind',
      `"${here}" and "${live}" had no moment at which both had processed the same input for ${this.#patienceMs} ms: they ` +
        `${why}. Wait until the version has caught up, see that both run, or give it more patienceMs`,
    )
  }
}

function placeOf(side: StoredApplication): Place {
  return new Map(side.positions().map(({ partition, offset }) => [partitionName(partition), offset]))
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
