/**
 * What administration sees of consumer groups: who is in them, who has what, and their removal.
 */
import { MillraceError } from '../../core/errors.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { PartitionNumbers, TopicPartition } from '../format/partition-id.ts'
import type { AssignorName } from '../group/assignors.ts'
import type { GroupLog } from './group-log.ts'
import { assignorOf, awaited, type Group, isSettled } from '../group/group.ts'
import { checkReader } from '../kept/topic-name.ts'

/**
 * What a group is doing: `empty` without members, `stable` when every member has what it should, `rebalancing` while
 * partitions are on their way.
 */
export type GroupState = 'empty' | 'stable' | 'rebalancing'

/** A group among others. */
export interface GroupListing {
  /** What it is called. */
  readonly name: string
  /** An application reads under its own name, and its positions are one with its state. */
  readonly kind: 'group' | 'application'
  /** Of an application always `empty`: it has no members. */
  readonly state: GroupState
  /** How many live members it has. */
  readonly members: number
}

/** A group, looked at closely. */
export interface GroupDescription extends Omit<GroupListing, 'members'> {
  /** Rises when partitions are dealt out otherwise. */
  readonly generation: number
  /** How it deals out partitions; undefined without members. */
  readonly assignor: AssignorName | undefined
  /** In the order in which they joined. */
  readonly members: readonly GroupMember[]
}

/** A member of a group. */
export interface GroupMember {
  /** Given to it when it joined. */
  readonly memberId: string
  /** As its consumer was told. */
  readonly clientId: string
  /** Of a static member. */
  readonly instanceId: string | undefined
  /** The process that it joined from. */
  readonly pid: number
  /** The machine, or the container, that it joined from. */
  readonly host: string
  /** When its process last sent a heartbeat, in ms since the epoch. */
  readonly lastHeartbeatMs: number
  /** What it reads and may commit. */
  readonly assignment: readonly TopicPartition[]
  /** What it will have when partitions have moved. */
  readonly target: readonly TopicPartition[]
  /** What others still have of its target, and who: they give it up when their loops ask for the next record. */
  readonly waitsFor: readonly AwaitedPartition[]
}

/** A partition that a member waits for. */
export interface AwaitedPartition extends TopicPartition {
  /** Who still has it. */
  readonly memberId: string
}

export function listGroups(log: GroupLog): GroupListing[] {
  log.refresh()
  const names = new Set([...log.groups.names(), ...log.positions.names()])
  return [...names]
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((name) => {
      const { kind, state, members } = describe(log, name)
      return { name, kind, state, members: members.length }
    })
}

/** @throws MillraceError `group_unknown`, `bad_option` */
export function describeGroup(log: GroupLog, name: string): GroupDescription {
  checkReader(name)
  log.refresh()
  checkKnown(log, name)
  return describe(log, name)
}

function describe(log: GroupLog, name: string): GroupDescription {
  const group = log.groups.alive(name)
  const places = (partitions: readonly PartitionNumbers[]): TopicPartition[] =>
    log.topics.named(partitions).map(({ topic, partition }) => ({ topic, partition }))
  return {
    name,
    kind: log.positions.isApplication(name) ? 'application' : 'group',
    state: stateOf(group),
    generation: group.generation,
    assignor: group.members.length === 0 ? undefined : assignorOf(group),
    members: group.members.map((member) => ({
      memberId: member.memberId,
      clientId: member.clientId,
      instanceId: member.instanceId,
      pid: member.pid,
      host: member.host,
      lastHeartbeatMs: log.groups.lastBeatMs(member),
      assignment: places(member.owned),
      target: places(member.target),
      waitsFor: awaited(group, member).flatMap(({ partition, holder: { memberId } }) =>
        places([partition]).map((place) => ({ ...place, memberId })),
      ),
    })),
  }
}

function stateOf(group: Group): GroupState {
  if (group.members.length === 0) return 'empty'
  return isSettled(group) ? 'stable' : 'rebalancing'
}

/**
 * Forgets a group and its positions.
 *
 * @throws MillraceError `group_unknown`, `group_not_empty`, `owned_by_application`, `bad_option`
 */
export async function deleteGroup(log: GroupLog, name: string): Promise<void> {
  checkReader(name)
  await log.environment.writeInTurn((transaction) => {
    log.positions.checkNotApplication(name)
    checkKnown(log, name)
    const members = log.groups.alive(name).members.length
    if (members > 0) {
      throw new MillraceError(
        'group_not_empty',
        `the group "${name}" has ${members} members: close its consumers first; those of a frozen process leave at their session timeout`,
      )
    }
    forget(log, transaction, name)
  })
}

function forget(log: GroupLog, transaction: WriteTransaction, name: string): void {
  for (const position of log.positions.list(name)) log.positions.remove(transaction, name, position)
  log.groups.remove(transaction, name)
}

function checkKnown(log: GroupLog, name: string): void {
  if (log.groups.find(name) !== undefined || log.positions.list(name).length > 0 || log.positions.isApplication(name))
    return
  throw new MillraceError('group_unknown', `there is no consumer group "${name}"; list them with log.admin.groups()`)
}
