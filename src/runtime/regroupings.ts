/**
 * Where regrouped records wait: each regrouping has a queue for every partition, and a record goes to the queue of its
 * key.
 */
import { present } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import { partitionOf } from '../core/partitioner.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { PlanNode, RegroupNode } from '../plan/node.ts'
import type { Inlet } from './inlet.ts'
import { type Shuffle, ShuffleQueue } from './shuffle.ts'

export class Regroupings {
  readonly #shuffle: Shuffle
  readonly #queues = new Map<PlanNode, readonly ShuffleQueue[]>()
  readonly #scratch = new ByteWriter(256)

  constructor(shuffle: Shuffle) {
    this.#shuffle = shuffle
  }

  /**
   * Says where the records of each regrouping go, before the first is sent.
   *
   * @param inletsOf where they enter, by partition
   */
  connect(nodes: readonly RegroupNode[], inletsOf: (node: RegroupNode) => readonly Inlet[]): void {
    let order = 0
    for (const node of nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      this.#queues.set(
        node,
        inletsOf(node).map((inlet) => new ShuffleQueue(inlet, order++)),
      )
    }
  }

  /**
   * Sends a record on to the partition of its key, once the turn has succeeded.
   *
   * @param own where a record without a key comes from: it stays there, as far as there is such a partition
   */
  send(node: RegroupNode, carrier: Carrier, own: number): void {
    const queues = present(this.#queues.get(node), 'every regrouping has its queues')
    const queue = queues[carrier.isKeyNull ? own % queues.length : this.#partitionOf(node, carrier, queues.length)]
    if (queue !== undefined) this.#shuffle.push(queue, carrier) // nothing follows a regrouping that has no queues
  }

  #partitionOf(node: RegroupNode, carrier: Carrier, partitions: number): number {
    // Encoded for one partition too: a key that does not encode fails the turn that made it.
    const scratch = this.#scratch
    scratch.at = 0
    carrier.writeKey(node.keyCodec, scratch)
    return partitionOf(scratch.bytes, 0, scratch.at - node.keyCodec.partitionSuffixBytes, partitions)
  }
}
