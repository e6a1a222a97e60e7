/**
 * A consumer group as a value, and everything that can happen to it as functions from one value to the next.
 *
 * The rule is that of KIP-848. Every member has a target, computed from the members and the topics by the process that
 * changes either. A member first gives up what it owns beyond its target, then takes what is in its target and has no
 * owner. So a partition never has two owners, and what need not move never stops.
 *
 * Nothing here reads a clock, a file or a random number: storage and time are groups.ts.
 */
import { type PartitionedTopic, partitionName, type PartitionNumbers } from '../format/partition-id.ts'
import { type AssignorName, assignors, byNumbers } from './assignors.ts'

/** What a member reads. */
export interface GroupSubscription {
  /** Topics by name; with a pattern, those that matched it when a member with that pattern last evaluated it. */
  readonly topics: readonly string[]
  readonly pattern?: { readonly source: string; readonly flags: string } | undefined
}

export interface Member {
  readonly memberId: string
  /** Of a static member: one that joins under it takes the place of the one before. */
  readonly instanceId?: string | undefined
  readonly clientId: string
  /** Who speaks for it: an open log. Absent when a static member has closed and may come back. */
  readonly sessionId?: string | undefined
  /** The process and the machine that it joined from, for people. */
  readonly pid: number
  readonly host: string
  /** When it joined or was heard of last beside the heartbeats. */
  readonly seenMs: number
  readonly sessionTimeoutMs: number
  readonly subscription: GroupSubscription
  readonly assignor: AssignorName
  /** What it may read and commit. */
  readonly owned: readonly PartitionNumbers[]
  /** What it should own. */
  readonly target: readonly PartitionNumbers[]
  /** The generation that it has caught up with. */
  readonly generation: number
}

export interface Group {
  /** Rises with every change of a target. */
  readonly generation: number
  /** In the order in which they joined. */
  readonly members: readonly Member[]
  /** When the last member went; absent while there are any, and when there never were. */
  readonly emptySinceMs?: number | undefined
}

export const emptyGroup: Group = { generation: 0, members: [] }

/** What a member says of itself when it joins. */
export type Newcomer = Omit<Member, 'owned' | 'target' | 'generation' | 'seenMs'>

/** A newcomer joins; a static one takes over the partitions of the member that has its instance id. */
export function join(group: Group, newcomer: Newcomer, nowMs: number): Group {
  const before = group.members.find(
    ({ memberId, instanceId }) =>
      memberId === newcomer.memberId || (instanceId !== undefined && instanceId === newcomer.instanceId),
  )
  const member: Member = {
    ...newcomer,
    seenMs: nowMs,
    owned: before?.owned ?? [],
    target: before?.target ?? [],
    generation: before?.generation ?? 0,
  }
  const members =
    before === undefined
      ? [...group.members, member]
      : group.members.map((other) => (other === before ? member : other))
  return { generation: group.generation, members }
}

/** A member goes, and what it owned is free. */
export function leave(group: Group, memberId: string, nowMs: number): Group {
  return without(group, (member) => member.memberId === memberId, nowMs)
}

/** A static member closes: its place is kept until its session times out. */
export function detach(group: Group, memberId: string, nowMs: number): Group {
  return change(group, memberId, (member) => ({ ...member, sessionId: undefined, seenMs: nowMs }))
}

/** Removes members whose session has ended, and those that were silent for their session timeout. */
export function expire(
  group: Group,
  nowMs: number,
  lastSeenMs: (member: Member) => number,
  isGone: (member: Member) => boolean,
): Group {
  return without(group, (member) => nowMs - lastSeenMs(member) > member.sessionTimeoutMs || isGone(member), nowMs)
}

function without(group: Group, isGone: (member: Member) => boolean, nowMs: number): Group {
  const members = group.members.filter((member) => !isGone(member))
  if (members.length === group.members.length) return group
  return members.length > 0 ? { ...group, members } : { ...group, members, emptySinceMs: nowMs }
}

/** Recomputes the targets; the same group when none changes. */
export function retarget(group: Group, topics: readonly PartitionedTopic[]): Group {
  const subscribers = group.members.map(({ memberId, instanceId, subscription, target }) => ({
    memberId,
    ...(instanceId === undefined ? {} : { instanceId }),
    topics: new Set(subscription.topics),
    previous: target,
  }))
  const assignment = assignors[assignorOf(group)](subscribers, topics)
  const targets = group.members.map(({ memberId }) => (assignment.get(memberId) ?? []).toSorted(byNumbers))
  if (group.members.every(({ target }, index) => isSame(target, targets[index] ?? []))) return group
  return {
    ...group,
    generation: group.generation + 1,
    members: group.members.map((member, index) => ({ ...member, target: targets[index] ?? [] })),
  }
}

/** The one that most members ask for, the first by name among equals. */
export function assignorOf({ members }: Group): AssignorName {
  const votes = new Map<AssignorName, number>()
  for (const { assignor } of members) votes.set(assignor, (votes.get(assignor) ?? 0) + 1)
  const [winner] = [...votes].toSorted(
    ([nameA, votesA], [nameB, votesB]) => votesB - votesA || (nameA < nameB ? -1 : 1),
  )
  return winner?.[0] ?? 'range'
}

/**
 * Records new matches of a pattern for every member that has the same one. A pattern is user code and may be slow: only
 * the process that it belongs to evaluates it.
 */
export function resubscribe(group: Group, { topics, pattern }: GroupSubscription): Group {
  const isStale = ({ subscription: { pattern: own, topics: before } }: Member): boolean =>
    own !== undefined &&
    own.source === pattern?.source &&
    own.flags === pattern.flags &&
    (before.length !== topics.length || before.some((topic, index) => topic !== topics[index]))
  if (!group.members.some(isStale)) return group
  return {
    ...group,
    members: group.members.map((member) =>
      isStale(member) ? { ...member, subscription: { ...member.subscription, topics } } : member,
    ),
  }
}

/** What a member has to give up. */
export function surplus({ owned, target }: Member): PartitionNumbers[] {
  return minus(owned, target)
}

/** A member gives partitions up. */
export function release(group: Group, memberId: string, partitions: readonly PartitionNumbers[]): Group {
  return change(group, memberId, (member) => ({ ...member, owned: minus(member.owned, partitions) }))
}

/** What a member may take: in its target, and without an owner. */
export function available(group: Group, { target }: Member): PartitionNumbers[] {
  return minus(
    target,
    group.members.flatMap(({ owned }) => owned),
  )
}

/** A partition that a member waits for, and the member that has it. */
export interface Awaited {
  readonly partition: PartitionNumbers
  readonly holder: Member
}

/** What a member should have but another one has. */
export function awaited(group: Group, { memberId, target, owned }: Member): Awaited[] {
  const missing = new Set(minus(target, owned).map(partitionName))
  return group.members.flatMap((holder) =>
    holder.memberId === memberId
      ? []
      : holder.owned
          .filter((partition) => missing.has(partitionName(partition)))
          .map((partition) => ({ partition, holder })),
  )
}

/** A member takes what it may, and has caught up with the generation. */
export function take(group: Group, memberId: string): Group {
  return change(group, memberId, (member) => ({
    ...member,
    owned: [...member.owned, ...available(group, member)].sort(byNumbers),
    generation: group.generation,
  }))
}

export function memberOf(group: Group, memberId: string): Member | undefined {
  return group.members.find((member) => member.memberId === memberId)
}

/** Whether everyone owns what it should. */
export function isSettled(group: Group): boolean {
  return group.members.every(({ owned, target }) => isSame(owned, target))
}

function change(group: Group, memberId: string, to: (member: Member) => Member): Group {
  return { ...group, members: group.members.map((member) => (member.memberId === memberId ? to(member) : member)) }
}

export function minus(
  partitions: readonly PartitionNumbers[],
  others: readonly PartitionNumbers[],
): PartitionNumbers[] {
  const taken = new Set(others.map(partitionName))
  return partitions.filter((partition) => !taken.has(partitionName(partition)))
}

const nowhere: PartitionNumbers = { topicId: -1, partition: -1 }

function isSame(left: readonly PartitionNumbers[], right: readonly PartitionNumbers[]): boolean {
  return (
    left.length === right.length &&
    left.every((partition, index) => byNumbers(partition, right[index] ?? nowhere) === 0)
  )
}
