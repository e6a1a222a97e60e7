/**
 * Who of a group gets which partition: functions of the members and the topics alone, so that whoever computes it gets the same.
 *
 * `range` and `round-robin` give what Kafka's assignors of these names give. `cooperative-sticky` is as even as they are and moves
 * as little as it can.
 */

/** How a group deals out partitions. */
export type AssignorName = 'range' | 'round-robin' | 'cooperative-sticky'

/** A partition by its numbers: topic id, partition. */
export type GroupPartition = readonly [topicId: number, partition: number]

/** A topic of the log, as far as dealing it out needs it. */
export interface AssignableTopic {
  readonly name: string
  readonly id: number
  readonly partitions: number
}

/** A member that takes part. */
export interface Subscriber {
  readonly memberId: string
  readonly instanceId?: string
  /** The names of the topics that it reads. */
  readonly topics: ReadonlySet<string>
  /** What it was given last. */
  readonly previous: readonly GroupPartition[]
}

/** The partitions of each member, by its id; every partition of a topic that somebody reads has exactly one. */
export type Assignment = ReadonlyMap<string, readonly GroupPartition[]>

export const assignors: Readonly<
  Record<AssignorName, (subscribers: readonly Subscriber[], topics: readonly AssignableTopic[]) => Assignment>
> = {
  range,
  'round-robin': roundRobin,
  'cooperative-sticky': cooperativeSticky,
}

/** One name for a partition, as the key of a Map. */
export function partitionName([topicId, partition]: GroupPartition): string {
  return `${topicId}:${partition}`
}

/** By topic id, then by partition. */
export function byNumbers(left: GroupPartition, right: GroupPartition): number {
  return left[0] - right[0] || left[1] - right[1]
}

/** For each topic: runs of partitions, the first members one more where it does not come out even. */
function range(subscribers: readonly Subscriber[], topics: readonly AssignableTopic[]): Assignment {
  const dealt = emptyHands(subscribers)
  for (const topic of topics.toSorted(byName)) {
    const readers = readersOf(subscribers, topic)
    const least = Math.floor(topic.partitions / readers.length)
    const more = topic.partitions % readers.length
    let next = 0
    for (const [index, { memberId }] of readers.entries()) {
      const end = next + least + (index < more ? 1 : 0)
      for (; next < end; next++) handOf(dealt, memberId).push([topic.id, next])
    }
  }
  return dealt
}

/** All partitions in the order of their topics, to the members in turn; one that does not read the topic is passed over. */
function roundRobin(subscribers: readonly Subscriber[], topics: readonly AssignableTopic[]): Assignment {
  const dealt = emptyHands(subscribers)
  const order = subscribers.toSorted(byInstance)
  let turn = 0
  for (const topic of topics.toSorted(byName)) {
    if (readersOf(order, topic).length === 0) continue
    for (let partition = 0; partition < topic.partitions; partition++) {
      while (!(order[turn % order.length] as Subscriber).topics.has(topic.name)) turn++
      handOf(dealt, (order[turn++ % order.length] as Subscriber).memberId).push([topic.id, partition])
    }
  }
  return dealt
}

/** What a member has stays with it as long as nobody who could take it has two fewer. */
function cooperativeSticky(subscribers: readonly Subscriber[], topics: readonly AssignableTopic[]): Assignment {
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
      const topic = byId.get(partition[0])
      if (topic === undefined || partition[1] >= topic.partitions || !read.has(topic.name)) continue
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
      const memberId = kept.has(partitionName([id, partition])) ? undefined : poorest(id)
      if (memberId !== undefined) handOf(dealt, memberId).push([id, partition])
    }
  }
  // Each move makes the sum of the squares of the counts smaller, so this ends.
  while (moveOne(dealt, order, poorest)) continue
  return dealt
}

/** Moves one partition to a member that has at least two fewer; false when there is none to move. */
function moveOne(
  dealt: Map<string, GroupPartition[]>,
  order: readonly Subscriber[],
  poorest: (topicId: number) => string | undefined,
): boolean {
  const richestFirst = order.toSorted((a, b) => handOf(dealt, b.memberId).length - handOf(dealt, a.memberId).length)
  for (const { memberId } of richestFirst) {
    const hand = handOf(dealt, memberId)
    for (let at = hand.length - 1; at >= 0; at--) {
      const partition = hand[at] as GroupPartition
      const taker = poorest(partition[0])
      if (taker === undefined || handOf(dealt, taker).length + 1 >= hand.length) continue
      hand.splice(at, 1)
      handOf(dealt, taker).push(partition)
      return true
    }
  }
  return false
}

function emptyHands(subscribers: readonly Subscriber[]): Map<string, GroupPartition[]> {
  return new Map(subscribers.map(({ memberId }) => [memberId, []]))
}

function handOf(dealt: Map<string, GroupPartition[]>, memberId: string): GroupPartition[] {
  return dealt.get(memberId) as GroupPartition[]
}

function readersOf(subscribers: readonly Subscriber[], topic: AssignableTopic): Subscriber[] {
  return subscribers.filter(({ topics }) => topics.has(topic.name)).toSorted(byInstance)
}

/** As Kafka orders members: those with an instance id first, by it; then the others by member id. */
function byInstance(left: Subscriber, right: Subscriber): number {
  if (left.instanceId !== undefined && right.instanceId !== undefined) return order(left.instanceId, right.instanceId)
  if (left.instanceId !== undefined) return -1
  if (right.instanceId !== undefined) return 1
  return order(left.memberId, right.memberId)
}

function byName(left: AssignableTopic, right: AssignableTopic): number {
  return order(left.name, right.name)
}

function order(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
