/**
 * Where regrouped records wait: each regrouping has a lane for every partition, and a record goes to the lane of its
 * key.
 */
import { present } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import { partitionOf } from '../core/partitioner.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { PlanNode, RegroupNode } from '../plan/node.ts'
import type { Inlet } from './inlet.ts'
import { type Shuffle, ShuffleLane } from './shuffle.ts'

export class Regroupings {
  readonly #shuffle: Shuffle
  readonly #lanes = new Map<PlanNode, readonly ShuffleLane[]>()
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
      this.#lanes.set(
        node,
        inletsOf(node).map((inlet) => new ShuffleLane(inlet, order++)),
      )
    }
  }

  /**
   * Sends a record on to the partition of its key, once the turn has succeeded.
   *
   * @param own where a record without a key comes from: it stays there, as far as there is such a partition
   */
  send(node: RegroupNode, carrier: Carrier, own: number): void {
    const lanes = present(this.#lanes.get(node), 'every regrouping has its lanes')
    const lane = lanes[carrier.isKeyNull ? own % lanes.length : this.#partitionOf(node, carrier, lanes.length)]
    if (lane !== undefined) this.#shuffle.push(lane, carrier) // nothing follows a regrouping that has no lanes
  }

  #partitionOf(node: RegroupNode, carrier: Carrier, partitions: number): number {
    // Encoded for one partition too: a key that does not encode fails the turn that made it.
    const scratch = this.#scratch
    scratch.at = 0
    carrier.writeKey(node.keyCodec, scratch)
    return partitionOf(scratch.bytes, 0, scratch.at - node.keyCodec.partitionSuffixBytes, partitions)
  }
}
