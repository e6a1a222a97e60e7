/**
 * Consumer groups in the log: one row for each, changed in write transactions by any process that acts.
 *
 * There is no coordinator. A process that joins, leaves or finds a dead member computes the new targets in the same
 * transaction, so the row is right after every commit, whichever process dies next. A member is dead when its session
 * has ended (storage/sessions.ts), which the system knows at once, or when it was silent for its session timeout, as a
 * frozen one is. To a process that has just woken, or whose clock has jumped, every other seems silent: it restarts
 * their session timeouts. A commit of positions looks at the row in its own transaction: only the owner of a partition
 * moves its position.
 */
import { readInt64, writeInt64 } from '../../core/bytes.ts'
import type { Clock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix } from '../../storage/keys.ts'
import {
  detach,
  emptyGroup,
  expire,
  type Group,
  type GroupSubscription,
  join,
  leave,
  type Member,
  memberOf,
  minus,
  type Newcomer,
  release,
  resubscribe,
  retarget,
  take,
} from './group.ts'
import type { Partitions } from '../kept/partitions.ts'
import { decodeGroup, encodeGroup, groupKey, nameOfKey, type StoredGroup, versionOf } from './group-row.ts'
import type { Positions } from '../kept/positions.ts'
import type { Topics } from '../kept/topics.ts'
import { type PartitionId, partitionName, type PartitionNumbers } from '../format/partition-id.ts'

/** A position to be committed. */
export interface PositionCommit {
  readonly partition: PartitionId
  readonly offset: number
  readonly metadata: string
}

/** Kafka's group.max.session.timeout.ms. */
export const sessionTimeoutMaxMs = 1_800_000

/**
 * What more than this is between the clock and the time that has passed is a jump: it was set, or the machine has
 * slept.
 */
const jumpMsMax = 500

const pageRows = 256

export class Groups {
  readonly #environment: Environment
  readonly #topics: Topics
  readonly #partitions: Partitions
  readonly #positions: Positions
  readonly #clock: Clock
  /** How far the clock was ahead of the time that has passed, when it was looked at last. */
  #aheadMs: number
  /** When this was opened, or last knew that beats from before say nothing. */
  #openedMs: number
  /** No member counts as silent since before then. */
  #patientSinceMs = 0

  constructor(environment: Environment, topics: Topics, partitions: Partitions, positions: Positions, clock: Clock) {
    this.#environment = environment
    this.#topics = topics
    this.#partitions = partitions
    this.#positions = positions
    this.#clock = clock
    this.#aheadMs = clock.now() - clock.elapsed()
    this.#openedMs = clock.now()
  }

  /** Rises with every change of the group; 0 when there is none of this name. */
  version(name: string): number {
    const stored = this.#environment.get('groups', groupKey(name))
    return stored === undefined ? 0 : versionOf(stored)
  }

  find(name: string): StoredGroup | undefined {
    const stored = this.#environment.get('groups', groupKey(name))
    return stored === undefined ? undefined : decodeGroup(stored)
  }

  /** Every group that has a row, by name. */
  names(): string[] {
    const names: string[] = []
    for (const page of this.#environment.pages('groups', Buffer.of(1), Buffer.of(255), pageRows)) {
      for (const { key } of page) names.push(nameOfKey(key))
    }
    return names
  }

  /** The group without members that look dead, whether or not they have been removed. */
  alive(name: string): Group {
    const stored = this.find(name)
    return stored === undefined ? emptyGroup : this.#expired(stored.group)
  }

  /** When the last member of a group was removed; undefined while it has some, and when there is no such group. */
  emptySinceMs(name: string): number | undefined {
    return this.find(name)?.group.emptySinceMs
  }

  /** @throws MillraceError `owned_by_application` */
  join(name: string, newcomer: Newcomer): StoredGroup {
    return this.#environment.write((transaction) => {
      this.#positions.checkNotApplication(name)
      const nowMs = this.#clock.now()
      if (newcomer.sessionId !== undefined) this.beat(transaction, newcomer.sessionId)
      return this.#change(transaction, name, (group) =>
        // In this order, so that a static member takes the place of its dead predecessor before anyone else does.
        retarget(this.#expired(join(group, newcomer, nowMs)), this.#topics.list()),
      )
    })
  }

  leave(name: string, memberId: string): void {
    this.#environment.write((transaction) =>
      this.#change(transaction, name, (group) =>
        retarget(leave(this.#expired(group), memberId, this.#clock.now()), this.#topics.list()),
      ),
    )
  }

  /** A static member goes away for a while; it keeps its partitions until its session times out. */
  detach(name: string, memberId: string): void {
    this.#environment.write((transaction) =>
      this.#change(transaction, name, (group) => detach(group, memberId, this.#clock.now())),
    )
  }

  /**
   * Removes dead members and brings the targets up to date with the topics; writes only when that changes something.
   */
  settle(name: string): void {
    this.#settleAfter(name, (group) => group)
  }

  /**
   * As {@link settle}, with what a subscription matched; false when the catalogue of topics has changed since, so that
   * the match is outdated.
   */
  resubscribe(name: string, subscription: GroupSubscription, topicsVersion: number): boolean {
    let isCurrent = true
    this.#settleAfter(name, (group) => {
      isCurrent = this.#topics.version() === topicsVersion
      return isCurrent ? resubscribe(group, subscription) : group
    })
    return isCurrent
  }

  #settleAfter(name: string, change: (group: Group) => Group): void {
    const stored = this.find(name)
    if (stored === undefined) return
    const settled = (group: Group): Group => retarget(this.#expired(change(group)), this.#topics.list())
    if (settled(stored.group) === stored.group) return
    this.#environment.write((transaction) => this.#change(transaction, name, settled))
  }

  /** As {@link settle}, but only for members whose session has ended; it checks a file for each member. */
  removeGone(name: string): void {
    this.#environment.refresh()
    const members = this.find(name)?.group.members ?? []
    if (members.some((member) => this.#isGone(member))) this.settle(name)
  }

  release(name: string, memberId: string, partitions: readonly PartitionNumbers[]): void {
    this.#environment.write((transaction) =>
      this.#change(transaction, name, (group) => release(group, memberId, partitions)),
    )
  }

  /** `begin` is called in the transaction, with the partitions that the member has taken. */
  take(
    name: string,
    memberId: string,
    begin: (transaction: WriteTransaction, partitions: readonly PartitionNumbers[]) => void,
  ): StoredGroup {
    return this.#environment.write((transaction) => {
      const ownedIn = (group: Group | undefined): readonly PartitionNumbers[] =>
        (group && memberOf(group, memberId)?.owned) ?? []
      const before = this.find(name)?.group
      const stored = this.#change(transaction, name, (group) => take(group, memberId))
      const taken = minus(ownedIn(stored.group), ownedIn(before))
      if (taken.length > 0) begin(transaction, taken)
      return stored
    })
  }

  /**
   * Commits positions as a member, or without being one: then only while the group has no members.
   *
   * @throws MillraceError `member_fenced`, `owned_by_application`, `bad_option` for an offset past the end
   */
  commit(
    transaction: WriteTransaction,
    name: string,
    memberId: string | undefined,
    positions: readonly PositionCommit[],
  ): void {
    this.#positions.checkNotApplication(name)
    if (memberId === undefined) this.#checkNoMembers(transaction, name)
    else this.#checkOwner(name, memberId, positions)
    const committedMs = this.#clock.now()
    for (const { partition, offset, metadata } of positions) {
      if (!this.#isInside(partition, offset)) continue
      this.#positions.put(transaction, name, partition, { offset, committedMs, metadata })
    }
  }

  /**
   * False where the topic was deleted: nothing reads on from there.
   *
   * @throws MillraceError `bad_option` for an offset past the end
   */
  #isInside(partition: PartitionId, offset: number): boolean {
    const endOffset = this.#partitions.find(partition)?.endOffset
    if (endOffset === undefined || offset <= endOffset) return endOffset !== undefined
    const { topic, partition: index } = partition
    throw new MillraceError(
      'bad_option',
      `the position ${offset} cannot be committed: ${topic}[${index}] ends at offset ${endOffset}`,
      { topic, partition: index, offset },
    )
  }

  #checkOwner(name: string, memberId: string, positions: readonly PositionCommit[]): void {
    const group = this.find(name)?.group ?? emptyGroup
    const member = memberOf(group, memberId)
    if (member === undefined) {
      throw new MillraceError(
        'member_fenced',
        `"${memberId}" is no longer a member of the group "${name}": it was silent for its session timeout, did not ask for ` +
          'records for maxPollIntervalMs, or another member took its instanceId. Nothing of this commit is kept; its ' +
          'partitions are read on from their last commit by whoever has them now',
      )
    }
    const owned = new Set(member.owned.map(partitionName))
    for (const { partition } of positions) {
      const { topic, partition: index } = partition
      if (owned.has(partitionName(partition))) continue
      throw new MillraceError(
        'member_fenced',
        `${topic}[${index}] no longer belongs to "${memberId}" of the group "${name}". Nothing of this commit is kept`,
        { topic, partition: index },
      )
    }
  }

  /** A member that looks dead is removed: one that is only frozen would commit over this one's positions. */
  #checkNoMembers(transaction: WriteTransaction, name: string): void {
    const count = this.#change(transaction, name, (group) => this.#expired(group)).group.members.length
    if (count === 0) return
    throw new MillraceError(
      'member_fenced',
      `the group "${name}" has ${count} members, and only they may commit: a consumer with "assign" does so in a group of its own`,
    )
  }

  /**
   * An application begins without positions: those of a group of its name say nothing of its state.
   *
   * @throws MillraceError `owned_by_group`
   */
  checkUnused(applicationId: string): void {
    const isUsed = this.find(applicationId) !== undefined || this.#positions.list(applicationId).length > 0
    if (!isUsed) return
    throw new MillraceError(
      'owned_by_group',
      `there is a consumer group "${applicationId}", and an application does not take over its positions: use another ` +
        `application id, or delete the group with log.admin.deleteGroup("${applicationId}")`,
    )
  }

  /** Says that everything that runs under this session is alive. */
  beat(transaction: WriteTransaction, sessionId: string): void {
    const value = Buffer.allocUnsafe(8)
    writeInt64(value, 0, this.#clock.now())
    transaction.put('groups', sessionKey(sessionId), value)
  }

  /** Removes what is left of sessions that ended long ago; `limit` bounds the work. */
  sweepSessions(olderThanMs: number, limit: number): void {
    const prefix = Buffer.of(0)
    const before = this.#clock.now() - olderThanMs
    const stale = this.#environment
      .range('groups', prefix, afterPrefix(prefix), limit)
      .filter(({ value }) => readInt64(value, 0) < before)
    if (stale.length === 0) return
    this.#environment.write((transaction) => {
      for (const { key } of stale) transaction.remove('groups', key)
    })
  }

  endSession(sessionId: string): void {
    this.#environment.write((transaction) => transaction.remove('groups', sessionKey(sessionId)))
  }

  /** Forgets a group without members: its row, and with it that it ever was. */
  remove(transaction: WriteTransaction, name: string): void {
    transaction.remove('groups', groupKey(name))
  }

  #change(transaction: WriteTransaction, name: string, to: (group: Group) => Group): StoredGroup {
    const stored = this.find(name)
    const before = stored?.group ?? emptyGroup
    const group = to(before)
    // A row that is rebuilt must not look like the one before to a member that slept meanwhile.
    const version = stored?.version ?? this.#clock.now()
    if (group === before) return { group, version }
    const changed = { group, version: version + 1 }
    transaction.put('groups', groupKey(name), encodeGroup(changed))
    return changed
  }

  /** This process was held up, and so may others have been: every member has its session timeout from now on. */
  bePatient(): void {
    this.#openedMs = this.#clock.now()
    this.#patientSinceMs = this.#openedMs
  }

  #expired(group: Group): Group {
    const nowMs = this.#clock.now()
    const aheadMs = nowMs - this.#clock.elapsed()
    if (Math.abs(aheadMs - this.#aheadMs) > jumpMsMax) this.bePatient()
    this.#aheadMs = aheadMs
    const lastSeenMs = (member: Member): number => {
      const seenMs = this.lastBeatMs(member)
      // A beat with a future timestamp came from a clock that was set back since.
      return seenMs > nowMs + jumpMsMax ? this.#openedMs : Math.max(seenMs, this.#patientSinceMs)
    }
    return expire(group, nowMs, lastSeenMs, (member) => this.#isGone(member))
  }

  /** A place that is kept for a static member means nothing in a restored backup. */
  #isGone({ sessionId }: Member): boolean {
    const { sessions } = this.#environment
    return sessionId === undefined ? !sessions.haveBegun : !sessions.isAlive(sessionId)
  }

  /** When a member was last heard from. */
  lastBeatMs({ sessionId, seenMs }: Member): number {
    const beat = sessionId === undefined ? undefined : this.#environment.get('groups', sessionKey(sessionId))
    return beat === undefined ? seenMs : Math.max(seenMs, readInt64(beat, 0))
  }
}

/** Names begin with a letter, digit, `.`, `_` or `-`, so nothing that begins with 0 is a group. */
function sessionKey(sessionId: string): Buffer {
  return Buffer.concat([Buffer.of(0), Buffer.from(sessionId)])
}
