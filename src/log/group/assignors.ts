/**
 * Which member of a group gets which partition: functions of the members and the topics alone, so that every process
 * computes the same.
 *
 * `range` and `round-robin` give what Kafka's assignors of these names give. `cooperative-sticky` is as even as they
 * are and moves as little as it can.
 */
import { type PartitionedTopic, partitionName, type PartitionNumbers } from '../format/partition-id.ts'

/** How a group deals out partitions. */
export type AssignorName = 'range' | 'round-robin' | 'cooperative-sticky'

/** A member that takes part. */
export interface Subscriber {
  readonly memberId: string
  readonly instanceId?: string | undefined
  /** The names of the topics that it reads. */
  readonly topics: ReadonlySet<string>
  /** What it was given last. */
  readonly previous: readonly PartitionNumbers[]
}

/** The partitions of each member, by its id; every partition of a topic that any member reads has exactly one. */
export type Assignment = ReadonlyMap<string, readonly PartitionNumbers[]>

export const assignors: Readonly<
  Record<AssignorName, (subscribers: readonly Subscriber[], topics: readonly PartitionedTopic[]) => Assignment>
> = {
  range,
  'round-robin': roundRobin,
  'cooperative-sticky': cooperativeSticky,
}

/** By topic id, then by partition. */
export function byNumbers(left: PartitionNumbers, right: PartitionNumbers): number {
  return left.topicId - right.topicId || left.partition - right.partition
}

/** For each topic: runs of partitions, the first members one more where it does not come out even. */
function range(subscribers: readonly Subscriber[], topics: readonly PartitionedTopic[]): Assignment {
  const dealt = emptyHands(subscribers)
  for (const topic of topics.toSorted(byName)) {
    const readers = readersOf(subscribers, topic)
    const least = Math.floor(topic.partitions / readers.length)
    const more = topic.partitions % readers.length
    let next = 0
    for (const [index, { memberId }] of readers.entries()) {
      const end = next + least + (index < more ? 1 : 0)
      for (; next < end; next++) handOf(dealt, memberId).push({ topicId: topic.id, partition: next })
    }
  }
  return dealt
}

/**
 * All partitions in the order of their topics, to the members in turn; one that does not read the topic is passed over.
 */
function roundRobin(subscribers: readonly Subscriber[], topics: readonly PartitionedTopic[]): Assignment {
  const dealt = emptyHands(subscribers)
  const order = subscribers.toSorted(byInstance)
  let turn = 0
  for (const topic of topics.toSorted(byName)) {
    if (readersOf(order, topic).length === 0) continue
    for (let partition = 0; partition < topic.partitions; partition++) {
      while (!(order[turn % order.length] as Subscriber).topics.has(topic.name)) turn++
      handOf(dealt, (order[turn++ % order.length] as Subscriber).memberId).push({ topicId: topic.id, partition })
    }
  }
  return dealt
}

/** What a member has stays with it as long as no member that could take it has two fewer. */
function cooperativeSticky(subscribers: readonly Subscriber[], topics: readonly PartitionedTopic[]): Assignment {
  const dealt = emptyHands(subscribers)
  const order = subscribers.toSorted(byInstance)
  const byId = new Map(topics.map((topic) => [topic.id, topic]))
  const readers = new Map(topics.map((topic) => [topic.id, readersOf(order, topic)]))
  const poorest = (topicId: number): string | undefined => {
    let best: string | undefined
    for (const { memberId } of readers.get(topicId) ?? []) {
      if (best === undefined || handOf(dealt, memberId).length < handOf(dealt, best).length) best = memberId
    }
    return best
  }

  const kept = new Set<string>()
  for (const { memberId, topics: read, previous } of order) {
    for (const partition of previous) {
      const topic = byId.get(partition.topicId)
      if (topic === undefined || partition.partition >= topic.partitions || !read.has(topic.name)) continue
      if (kept.has(partitionName(partition))) continue
      kept.add(partitionName(partition))
      handOf(dealt, memberId).push(partition)
    }
  }
  // Topics that few can read come first: the others can make up for them.
  const fewReadersFirst = topics
    .toSorted(byName)
    .sort((a, b) => (readers.get(a.id) ?? []).length - (readers.get(b.id) ?? []).length)
  for (const { id, partitions } of fewReadersFirst) {
    for (let partition = 0; partition < partitions; partition++) {
      const numbers = { topicId: id, partition }
      const memberId = kept.has(partitionName(numbers)) ? undefined : poorest(id)
      if (memberId !== undefined) handOf(dealt, memberId).push(numbers)
    }
  }
  // Each move makes the sum of the squares of the counts smaller, so this ends.
  while (moveOne(dealt, order, poorest)) continue
  return dealt
}

/** Moves one partition to a member that has at least two fewer; false when there is none to move. */
function moveOne(
  dealt: Map<string, PartitionNumbers[]>,
  order: readonly Subscriber[],
  poorest: (topicId: number) => string | undefined,
): boolean {
  const richestFirst = order.toSorted((a, b) => handOf(dealt, b.memberId).length - handOf(dealt, a.memberId).length)
  for (const { memberId } of richestFirst) {
    const hand = handOf(dealt, memberId)
    for (let at = hand.length - 1; at >= 0; at--) {
      const partition = hand[at] as PartitionNumbers
      const taker = poorest(partition.topicId)
      if (taker === undefined || handOf(dealt, taker).length + 1 >= hand.length) continue
      hand.splice(at, 1)
      handOf(dealt, taker).push(partition)
      return true
    }
  }
  return false
}

function emptyHands(subscribers: readonly Subscriber[]): Map<string, PartitionNumbers[]> {
  return new Map(subscribers.map(({ memberId }) => [memberId, []]))
}

function handOf(dealt: Map<string, PartitionNumbers[]>, memberId: string): PartitionNumbers[] {
  return dealt.get(memberId) as PartitionNumbers[]
}

function readersOf(subscribers: readonly Subscriber[], topic: PartitionedTopic): Subscriber[] {
  return subscribers.filter(({ topics }) => topics.has(topic.name)).toSorted(byInstance)
}

/** As Kafka orders members: those with an instance id first, by it; then the others by member id. */
function byInstance(left: Subscriber, right: Subscriber): number {
  if (left.instanceId !== undefined && right.instanceId !== undefined) return order(left.instanceId, right.instanceId)
  if (left.instanceId !== undefined) return -1
  if (right.instanceId !== undefined) return 1
  return order(left.memberId, right.memberId)
}

function byName(left: PartitionedTopic, right: PartitionedTopic): number {
  return order(left.name, right.name)
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
