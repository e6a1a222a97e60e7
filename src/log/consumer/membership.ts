/**
 * One consumer's part in its group: it joins, brings what it owns in line with its target, and leaves.
 *
 * All changes happen in `poll`, between two records of the user: a partition is given up only when no work on it is
 * under way here.
 */
import type { Clock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import type { PartitionNumbers } from '../format/partition-id.ts'
import type { AssignorName } from '../group/assignors.ts'
import { available, type Group, type GroupSubscription, type Member, memberOf, minus, surplus } from '../group/group.ts'
import type { GroupSession, SessionMember } from '../group/group-session.ts'
import type { Groups } from '../group/groups.ts'
import { WaitWarning } from './wait-warning.ts'

export interface MembershipOptions {
  readonly group: string
  readonly clientId: string
  readonly instanceId: string | undefined
  /** What it reads of the topics that exist; never called in a transaction, because a pattern may be slow. */
  readonly subscription: () => GroupSubscription
  readonly assignor: AssignorName
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly maxPollIntervalMs: number
}

/** What the consumer does when its partitions change. */
export interface MembershipHost {
  /** In the transaction that takes the partitions. */
  begin(transaction: WriteTransaction, partitions: readonly PartitionNumbers[]): void
  /** When it rejects, the partitions are not met, and it is called again. */
  assigned(partitions: readonly PartitionNumbers[]): Promise<void>
  /**
   * The partitions are still owned; they are given up when this resolves. False when they were taken away before it
   * could.
   */
  revoked(partitions: readonly PartitionNumbers[]): Promise<boolean>
  /** The partitions are another member's by now. */
  lost(partitions: readonly PartitionNumbers[]): Promise<void>
  /** The heartbeat has stopped for an error. */
  fail(error: unknown): void
}

export interface MembershipContext {
  readonly groups: Groups
  readonly session: GroupSession
  readonly clock: Clock
  /** Changes of the group are made in turns: the event loop goes on while another process commits. */
  readonly inTurn: <T>(step: () => T) => T | Promise<T>
  /** Later reads see the newest commits. */
  readonly refresh: () => void
  /** The version of the catalogue of topics. */
  readonly topicsVersion: () => number
  readonly newMemberId: () => string
}

/** No version of a group, and not 0 either: that is a group without a row. */
const neverSynced = -1
/** After this many joins in a row that left no trace, the group's row is not what was written to it. */
const lostJoinsMax = 10

export class Membership {
  readonly #context: MembershipContext
  readonly #options: MembershipOptions
  readonly #host: MembershipHost
  readonly #sessionMember: SessionMember
  #memberId: string | undefined
  #generation = 0
  /** What the host was told of, which a static member that comes back is not yet of what it inherits. */
  #owned: readonly PartitionNumbers[] = []
  #syncedVersion = neverSynced
  #syncedTopics = 0
  #lastPollMs = 0
  #isPolling = false
  #isClosed = false
  /** Why it stopped: another member has taken its instance id. */
  #fenced: MillraceError | undefined
  #hasJoined = false
  /** Joins since it was last found in its group. */
  #joins = 0
  readonly #waitWarning: WaitWarning

  constructor(context: MembershipContext, options: MembershipOptions, host: MembershipHost) {
    this.#context = context
    this.#options = options
    this.#host = host
    const { groups, clock } = context
    this.#waitWarning = new WaitWarning(options.group, clock, (member) => groups.lastBeatMs(member))
    this.#sessionMember = {
      group: options.group,
      heartbeatMs: options.heartbeatMs,
      beat: () => this.#leaveWhenLate(),
      fail: (error) => host.fail(error),
    }
  }

  /** Undefined while it is no member. */
  get memberId(): string | undefined {
    return this.#memberId
  }

  /** The generation that it has caught up with. */
  get generation(): number {
    return this.#generation
  }

  /** When it was last heard from, ms since the epoch; undefined while it is no member. */
  get lastHeartbeatMs(): number | undefined {
    const { groups } = this.#context
    const group = groups.find(this.#options.group)?.group
    const member = group && this.#memberId !== undefined ? memberOf(group, this.#memberId) : undefined
    return member && groups.lastBeatMs(member)
  }

  /** Whether it ever was a member. */
  get hasJoined(): boolean {
    return this.#hasJoined
  }

  /** The user asks for records: until {@link rest} it cannot be late. A member that was late already leaves. */
  async work(): Promise<void> {
    if (this.#isLate) await this.#context.inTurn(() => this.#leaveWhenLate())
    this.#isPolling = true
  }

  /** The user asks for a record that is there already; false when that comes too late. */
  isInTime(nowMs: number): boolean {
    if (nowMs - this.#lastPollMs > this.#options.maxPollIntervalMs) return false
    this.#lastPollMs = nowMs
    return true
  }

  /**
   * A program that blocks the event loop keeps the heartbeat from noticing that it is late, so a commit checks too.
   *
   * @throws MillraceError `member_fenced`
   */
  checkInTime(): void {
    if (!this.#isLate) return
    const { group, maxPollIntervalMs } = this.#options
    throw new MillraceError(
      'member_fenced',
      `"${this.#memberId}" of the group "${group}" did not ask for a record for more than ${maxPollIntervalMs} ms (maxPollIntervalMs), ` +
        'so its partitions go to others. Nothing of this commit is kept; they continue from their last commit',
    )
  }

  /** The user has a record in hand. */
  rest(): void {
    this.#isPolling = false
    this.#lastPollMs = this.#context.clock.elapsed()
  }

  /**
   * Brings the assignment up to date; hooks are awaited. Cheap when nothing has changed.
   *
   * @throws MillraceError `member_fenced` when another member took the instance id, `owned_by_application`, `damaged`
   *   when the row of the group is not what was written to it
   */
  async poll(): Promise<void> {
    const { groups, session, inTurn, topicsVersion, refresh } = this.#context
    const { group: name } = this.#options
    if (this.#fenced !== undefined) throw this.#fenced
    while (!this.#isClosed) {
      const memberId = this.#memberId ?? (await inTurn(() => this.#join()))
      if (this.#isClosed || memberId === undefined) return
      refresh()
      const topics = topicsVersion()
      if (groups.version(name) === this.#syncedVersion && topics === this.#syncedTopics) return
      if (topics !== this.#syncedTopics) {
        const subscription = this.#options.subscription()
        if (!(await inTurn(() => groups.resubscribe(name, subscription, topics)))) continue
      }
      this.#syncedTopics = topics
      const stored = groups.find(name)
      const member = stored && memberOf(stored.group, memberId)
      if (stored === undefined || member === undefined) {
        if (this.#joins >= lostJoinsMax)
          throw this.#damaged(`it joined ${this.#joins} times, and was not in it afterwards`)
        await this.#lose(stored?.group.members ?? [])
        continue
      }
      this.#joins = 0
      const ghost = stored.group.members.find((other) => session.disowns(other))
      if (ghost !== undefined)
        throw this.#damaged(`the member "${ghost.memberId}" of this process in it does not exist`)
      const surrendered = surplus(member)
      if (surrendered.length > 0) {
        const isRevoked = await this.#host.revoked(surrendered)
        if (this.#isClosed) return
        if (!isRevoked) continue
        await inTurn(() => groups.release(name, memberId, surrendered))
        this.#owned = minus(this.#owned, surrendered)
        continue
      }
      if (available(stored.group, member).length > 0 || member.generation !== stored.group.generation) {
        const taken = await inTurn(() =>
          groups.take(name, memberId, (transaction, partitions) => this.#host.begin(transaction, partitions)),
        )
        const now = memberOf(taken.group, memberId)
        if (now === undefined) continue // it was removed since the look
        if (this.#isClosed) return
        await this.#meet(now)
        this.#syncedVersion = taken.version
        this.#watchWait(taken.group, now)
        continue
      }
      await this.#meet(member)
      this.#syncedVersion = stored.version
      this.#watchWait(stored.group, member)
    }
  }

  #watchWait(group: Group, member: Member): void {
    const { groups, refresh } = this.#context
    this.#waitWarning.watch(group, member, () => {
      refresh()
      return this.#isClosed ? undefined : groups.find(this.#options.group)?.group
    })
  }

  /** Undefined for one that was closed while it waited for its turn. */
  #join(): string | undefined {
    if (this.#isClosed) return undefined
    const { groups, session, topicsVersion, newMemberId } = this.#context
    const { group, heartbeatMs: _, maxPollIntervalMs: __, instanceId, subscription, ...options } = this.#options
    const memberId = newMemberId()
    const { id: sessionId, pid, host } = session.begin()
    // The next poll finds what enters the catalogue from here on.
    this.#syncedTopics = topicsVersion()
    groups.join(group, {
      ...options,
      subscription: subscription(),
      ...(instanceId === undefined ? {} : { instanceId }),
      memberId,
      sessionId,
      pid,
      host,
    })
    session.add(memberId, this.#sessionMember)
    this.#memberId = memberId
    this.#hasJoined = true
    this.#joins++
    this.#lastPollMs = this.#context.clock.elapsed()
    this.#syncedVersion = neverSynced
    this.#owned = []
    return memberId
  }

  /** Tells the host of what is owned and new to it. */
  async #meet(member: Member): Promise<void> {
    this.#generation = member.generation
    const taken = minus(member.owned, this.#owned)
    if (taken.length > 0) await this.#host.assigned(taken)
    this.#owned = member.owned
  }

  async #lose(members: readonly Member[]): Promise<void> {
    const { group, instanceId } = this.#options
    const memberId = this.#memberId ?? ''
    const lost = this.#owned
    await this.#context.inTurn(() => this.#forget())
    await this.#host.lost(lost)
    const successor = instanceId === undefined ? undefined : members.find((member) => member.instanceId === instanceId)
    if (successor === undefined) return // it joins again
    this.#isClosed = true
    this.#fenced = new MillraceError(
      'member_fenced',
      `"${successor.memberId}" joined the group "${group}" under the instanceId "${instanceId}" of "${memberId}", which stops: ` +
        'give each running consumer an instanceId of its own',
    )
    throw this.#fenced
  }

  #damaged(sign: string): MillraceError {
    return new MillraceError(
      'damaged',
      `the consumer cannot go on as a member of the group "${this.#options.group}": ${sign}, so the row of the group is not ` +
        'what was written to it. log.admin.verify() lists what is damaged',
    )
  }

  #forget(): void {
    if (this.#memberId !== undefined) this.#context.session.remove(this.#memberId)
    this.#waitWarning.stop()
    this.#memberId = undefined
    this.#owned = []
  }

  get #isLate(): boolean {
    if (this.#isPolling || this.#memberId === undefined) return false
    return this.#context.clock.elapsed() - this.#lastPollMs > this.#options.maxPollIntervalMs
  }

  /** Runs with every heartbeat too: a member whose user does not ask for records makes room for others. */
  #leaveWhenLate(): void {
    if (!this.#isLate || this.#memberId === undefined) return
    this.#context.groups.leave(this.#options.group, this.#memberId)
    this.#context.session.remove(this.#memberId)
  }

  /** Leaves; a static member keeps its place until its session times out. The revocation is the caller's. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#context.inTurn(() => this.#leave())
  }

  #leave(): void {
    const memberId = this.#memberId
    if (memberId === undefined) return
    // The heartbeat ends last: without it a static member would look dead before its place is kept.
    if (this.#options.instanceId === undefined) this.#context.groups.leave(this.#options.group, memberId)
    else this.#context.groups.detach(this.#options.group, memberId)
    this.#forget()
  }
}
