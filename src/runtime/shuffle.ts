/**
 * Regrouped records between sub-topologies, in memory: processed before the next source record is taken.
 *
 * They never outlive a commit, because a commit is made only when all queues are empty.
 */
import { assert, present } from '../core/assert.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { Inlet } from './inlet.ts'

/** The queue of one regrouping and partition. */
export class ShuffleQueue {
  readonly inlet: Inlet
  /** Breaks ties between heads of the same time: by regrouping, then partition. */
  readonly order: number
  /** Emptied by moving `head` and `end`: shortening an array costs more than regrouping a record. */
  readonly #carriers: (Carrier | undefined)[] = []
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
    return present(this.#carriers[this.#head], 'a busy queue has a head')
  }

  push(carrier: Carrier): void {
    this.#carriers[this.#end++] = carrier
  }

  take(): void {
    this.#carriers[this.#head++] = undefined
    if (this.isEmpty) this.#head = this.#end = 0
  }
}

export class Shuffle {
  /** Records of the turn that is under way, and where they go; they are queued when it has succeeded. */
  readonly #fresh: (Carrier | undefined)[] = []
  readonly #freshQueues: ShuffleQueue[] = []
  #freshCount = 0
  readonly #busy: ShuffleQueue[] = []

  push(queue: ShuffleQueue, carrier: Carrier): void {
    this.#fresh[this.#freshCount] = carrier
    this.#freshQueues[this.#freshCount++] = queue
  }

  /** The turn has succeeded. */
  keep(): void {
    for (let i = 0; i < this.#freshCount; i++) {
      const queue = this.#freshQueues[i] as ShuffleQueue
      if (queue.isEmpty) this.#busy.push(queue)
      queue.push(this.#fresh[i] as Carrier)
      this.#fresh[i] = undefined
    }
    this.#freshCount = 0
  }

  /** The turn was undone. */
  discard(): void {
    this.#fresh.fill(undefined, 0, this.#freshCount)
    this.#freshCount = 0
  }

  /** The queue whose head goes next, or undefined when all is processed. */
  next(): ShuffleQueue | undefined {
    const busy = this.#busy
    let best = busy[0]
    if (best === undefined) return undefined
    for (let i = 1; i < busy.length; i++) {
      const queue = busy[i] as ShuffleQueue
      const difference = queue.head.timestamp - best.head.timestamp
      if (difference < 0 || (difference === 0 && queue.order < best.order)) best = queue
    }
    return best
  }

  /** Takes the head of a queue, which is done. */
  take(queue: ShuffleQueue): void {
    queue.take()
    if (!queue.isEmpty) return
    const last = present(this.#busy.pop(), 'a queue that is taken from is busy')
    if (last === queue) return
    const at = this.#busy.indexOf(queue)
    assert(at >= 0, 'a queue that is taken from is busy')
    this.#busy[at] = last
  }
}
