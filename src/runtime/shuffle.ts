/**
 * Regrouped records between sub-topologies, in memory: worked off before the next source record is taken.
 *
 * They never outlive a commit, because a commit is made only when all queues are empty.
 */
import type { Carrier } from '../core/carrier.ts'
import type { Subject } from 'rxjs'

/** The queue of one regrouping and partition. */
export interface ShuffleLane {
  readonly inlet: Subject<Carrier>
  /** Breaks ties between heads of the same time: by regrouping, then partition. */
  readonly order: number
  readonly queue: Carrier[]
  /** The head of the queue. */
  at: number
}

export class Shuffle {
  /** Records of the turn that is under way; they are queued when it has succeeded. */
  readonly #fresh: { lane: ShuffleLane; carrier: Carrier }[] = []
  readonly #busy: ShuffleLane[] = []

  push(lane: ShuffleLane, carrier: Carrier): void {
    this.#fresh.push({ lane, carrier })
  }

  /** The turn has succeeded. */
  keep(): void {
    if (this.#fresh.length === 0) return
    for (const { lane, carrier } of this.#fresh) {
      if (lane.queue.length === 0) this.#busy.push(lane)
      lane.queue.push(carrier)
    }
    this.#fresh.length = 0
  }

  /** The turn was undone. */
  discard(): void {
    this.#fresh.length = 0
  }

  /** The lane whose head goes next, or undefined when all is worked off. */
  next(): ShuffleLane | undefined {
    const busy = this.#busy
    let best = busy[0]
    if (best === undefined) return undefined
    for (let i = 1; i < busy.length; i++) {
      const lane = busy[i] as ShuffleLane
      const difference = headOf(lane).timestamp - headOf(best).timestamp
      if (difference < 0 || (difference === 0 && lane.order < best.order)) best = lane
    }
    return best
  }

  /** Takes the head of a lane. */
  take(lane: ShuffleLane): Carrier {
    const carrier = headOf(lane)
    if (++lane.at === lane.queue.length) {
      lane.queue.length = 0
      lane.at = 0
      this.#busy.splice(this.#busy.indexOf(lane), 1)
    }
    return carrier
  }

  /** Forgets everything: the run that queued it does not go on. */
  clear(): void {
    this.discard()
    for (const lane of this.#busy) {
      lane.queue.length = 0
      lane.at = 0
    }
    this.#busy.length = 0
  }
}

function headOf(lane: ShuffleLane): Carrier {
  return lane.queue[lane.at] as Carrier
}
