/**
 * Questions as of one commit, and the wait for one: what queries know of an application's position.
 */
import { checkedFunction, checkOptions, checkSignal } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { disown, isPromise } from '../core/promises.ts'
import { checkPosition, type StorePosition, type StoreSnapshots } from '../core/store-position.ts'
import type { Position } from '../log/contract.ts'

/** Where the rows of an application are read, and how far it has come. */
export interface MovingPlace {
  /** Later reads see what is new. */
  refresh(): void
  /** As of the commit that is read. */
  positions(): readonly Position[]
  /** Calls back when there may be more to read, and when there never will be, until the returned function is called. */
  watch(onNews: () => void, onEnd: (error: unknown) => void): () => void
}

/** Lets reads see one commit for as long as a piece of work lasts. */
export class Moments {
  readonly #place: MovingPlace
  #isHeld = false

  constructor(place: MovingPlace) {
    this.#place = place
  }

  refresh(): void {
    if (!this.#isHeld) this.#place.refresh()
  }

  atOnce<R>(work: () => R): R {
    if (this.#isHeld) return work()
    this.#place.refresh()
    this.#isHeld = true
    try {
      return work()
    } finally {
      this.#isHeld = false
    }
  }

  position(): StorePosition {
    const position = new Map<string, number[]>()
    for (const { partition: place, offset } of this.#place.positions()) {
      const offsets = position.get(place.topic) ?? []
      position.set(place.topic, offsets)
      while (offsets.length <= place.partition) offsets.push(0)
      offsets[place.partition] = offset
    }
    for (const offsets of position.values()) Object.freeze(offsets)
    return Object.freeze(Object.fromEntries(position))
  }

  /** @throws MillraceError `bad_option` for a topic that has no positions */
  #isReached(target: StorePosition): boolean {
    const reached = this.atOnce(() => this.position())
    return Object.entries(target).every(([topic, offsets]) => {
      const now = Object.hasOwn(reached, topic) ? reached[topic] : undefined
      if (now === undefined || offsets.length > now.length) throw notRead(topic, offsets.length - 1, reached)
      return offsets.every((offset, partition) => (now[partition] ?? 0) >= offset)
    })
  }

  async reach(target: StorePosition, signal: AbortSignal | undefined): Promise<void> {
    let wake = (): void => undefined
    let end: { readonly error: unknown } | undefined
    const stopWatching = this.#place.watch(
      () => wake(),
      (error) => {
        end = { error }
        wake()
      },
    )
    const onAbort = (): void => wake()
    signal?.addEventListener('abort', onAbort)
    try {
      for (;;) {
        const news = new Promise<void>((resolve) => {
          wake = resolve
        })
        signal?.throwIfAborted()
        if (this.#isReached(target)) return
        if (end !== undefined) throw end.error
        await news
      }
    } finally {
      stopWatching()
      signal?.removeEventListener('abort', onAbort)
    }
  }
}

/** What is asked of a store, with all that is known of its position. */
export function withSnapshots<Rows extends object>(rows: Rows, moments: Moments): Rows & StoreSnapshots<Rows> {
  const snapshots: StoreSnapshots<Rows> = {
    snapshot: (question) => {
      checkedFunction('snapshot', question)
      return moments.atOnce(() => {
        const position = moments.position()
        const answer = question(rows)
        if (!isPromise(answer)) return Object.freeze({ answer, position })
        disown(answer)
        throw new MillraceError(
          'bad_option',
          'the question of snapshot answered with a promise, but the moment is over then',
        )
      })
    },
    atLeast: async (position, options = {}) => {
      const { signal } = checkOptions('atLeast', options, ['signal'])
      if (signal !== undefined) checkSignal('signal', signal)
      await moments.reach(checkPosition(position), signal)
      return rows
    },
  }
  return Object.assign(rows, snapshots)
}

function notRead(topic: string, partition: number, reached: StorePosition): MillraceError {
  const known = Object.entries(reached).map(([name, { length }]) => `"${name}" (${length})`)
  return new MillraceError(
    'bad_option',
    `the application does not read partition ${partition} of "${topic}", so it never gets there; it reads ${known.join(', ')}`,
    { topic, partition },
  )
}
