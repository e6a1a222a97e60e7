/**
 * Regrouped records between sub-topologies, in memory: processed before the next source record is taken.
 *
 * They never outlive a commit, because a commit is made only when all queues are empty.
 */
import { assert, present } from '../core/assert.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { Inlet } from './inlet.ts'

/** The queue of one regrouping and partition. */
export class ShuffleLane {
  readonly inlet: Inlet
  /** Breaks ties between heads of the same time: by regrouping, then partition. */
  readonly order: number
  /** Emptied by moving `head` and `end`: shortening an array costs more than regrouping a record. */
  readonly #queue: (Carrier | undefined)[] = []
  #head = 0
  #end = 0

  constructor(inlet: Inlet, order: number) {
    this.inlet = inlet
    this.order = order
  }

  get isEmpty(): boolean {
    return this.#head === this.#end
  }

  get head(): Carrier {
    return present(this.#queue[this.#head], 'a busy lane has a head')
  }

  push(carrier: Carrier): void {
    this.#queue[this.#end++] = carrier
  }

  take(): void {
    this.#queue[this.#head++] = undefined
    if (this.isEmpty) this.#head = this.#end = 0
  }
}

export class Shuffle {
  /** Records of the turn that is under way, and where they go; they are queued when it has succeeded. */
  readonly #fresh: (Carrier | undefined)[] = []
  readonly #freshLanes: ShuffleLane[] = []
  #freshCount = 0
  readonly #busy: ShuffleLane[] = []

  push(lane: ShuffleLane, carrier: Carrier): void {
    this.#fresh[this.#freshCount] = carrier
    this.#freshLanes[this.#freshCount++] = lane
  }

  /** The turn has succeeded. */
  keep(): void {
    for (let i = 0; i < this.#freshCount; i++) {
      const lane = this.#freshLanes[i] as ShuffleLane
      if (lane.isEmpty) this.#busy.push(lane)
      lane.push(this.#fresh[i] as Carrier)
      this.#fresh[i] = undefined
    }
    this.#freshCount = 0
  }

  /** The turn was undone. */
  discard(): void {
    this.#fresh.fill(undefined, 0, this.#freshCount)
    this.#freshCount = 0
  }

  /** The lane whose head goes next, or undefined when all is processed. */
  next(): ShuffleLane | undefined {
    const busy = this.#busy
    let best = busy[0]
    if (best === undefined) return undefined
    for (let i = 1; i < busy.length; i++) {
      const lane = busy[i] as ShuffleLane
      const difference = lane.head.timestamp - best.head.timestamp
      if (difference < 0 || (difference === 0 && lane.order < best.order)) best = lane
    }
    return best
  }

  /** Takes the head of a lane, which is done. */
  take(lane: ShuffleLane): void {
    lane.take()
    if (!lane.isEmpty) return
    const last = present(this.#busy.pop(), 'a lane that is taken from is busy')
    if (last === lane) return
    const at = this.#busy.indexOf(lane)
    assert(at >= 0, 'a lane that is taken from is busy')
    this.#busy[at] = last
  }
}
