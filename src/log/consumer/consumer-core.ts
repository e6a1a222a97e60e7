/**
 * What a consumer does, without the types of its records: it keeps its partitions in line with its group, reads them,
 * and commits positions.
 */
import { randomUUID } from 'node:crypto'
import { monotonicMs, yieldToEventLoop } from '../../core/clock.ts'
import { isInstance } from '../../core/checks.ts'
import { MillraceError, messageOf } from '../../core/errors.ts'
import type { ConsumerSettings, RebalanceHook } from './consumer-options.ts'
import { ConsumerPartitions, placeOf, type RunHook } from './consumer-partitions.ts'
import type { ConsumerLog } from './consumer-log.ts'
import { type ConsumerLag, ConsumerMeter, type ConsumerMetrics } from './consumer-metrics.ts'
import type { TopicPartition } from '../format/partition-id.ts'
import type { GroupSubscription } from '../group/group.ts'
import type { PositionCommit } from '../group/groups.ts'
import type { Hand, Lane } from './lane.ts'
import type { Lanes } from './lanes.ts'
import { LoopBody } from './loop-body.ts'
import { Membership } from './membership.ts'
import type { OffsetStage } from '../producer/offset-source.ts'

/** Timers, heartbeats among them, get their turn after this much work. */
const sliceMs = 10

export class ConsumerCore {
  readonly #partitions: ConsumerPartitions
  readonly #log: ConsumerLog
  readonly #settings: ConsumerSettings
  readonly #hooks: RunHook
  readonly #onClose: () => void
  readonly #membership: Membership | undefined
  #polling: Promise<unknown> = Promise.resolve()
  #loop: LoopBody | undefined
  #stopWatching: (() => void) | undefined
  #cancelCommit: (() => void) | undefined
  #wake: (() => void) | undefined
  /** Whether something happened since the last check. */
  #isDirty = false
  #lastTurnMs = 0
  #lastAlignMs = 0
  #failure: Error | undefined
  #closing: Promise<void> | undefined
  #isClosed = false
  /** Whether a hook is being called; not while one that has returned a promise is awaited. */
  #isCallingHook = false
  readonly meter: ConsumerMeter

  constructor(log: ConsumerLog, settings: ConsumerSettings, hooks: RunHook, onClose: () => void) {
    this.#log = log
    this.#settings = settings
    this.#hooks = (hook, partitions) => this.#callHook(hooks, hook, partitions)
    this.#onClose = onClose
    this.meter = new ConsumerMeter(log.clock)
    this.#partitions = new ConsumerPartitions(log, settings, this.#hooks, async () =>
      this.inTurn(() => this.#commitDoneAsMember()),
    )
    this.#membership = this.#newMembership()
    settings.signal?.addEventListener('abort', this.#onAbort)
    if (settings.signal?.aborted === true) this.#onAbort()
  }

  #newMembership(): Membership | undefined {
    const { group, assign, clientId, instanceId, assignor, sessionTimeoutMs, heartbeatMs, maxPollIntervalMs } =
      this.#settings
    if (group === undefined || assign !== undefined) return undefined
    const { groups, groupSession: session, clock, topics } = this.#log
    const partitions = this.#partitions
    const subscription = (): GroupSubscription => partitions.subscription.forGroup()
    return new Membership(
      {
        groups,
        session,
        clock,
        inTurn: (step) => this.inTurn(step),
        refresh: () => this.#log.refresh(),
        topicsVersion: () => topics.version(),
        newMemberId: () => `${clientId}-${randomUUID()}`,
      },
      { group, clientId, instanceId, subscription, assignor, sessionTimeoutMs, heartbeatMs, maxPollIntervalMs },
      {
        begin: (transaction, numbers) => partitions.begin(transaction, group, numbers),
        assigned: (numbers) => partitions.assigned(numbers),
        revoked: (numbers) => partitions.revoked(numbers),
        lost: (numbers) => partitions.lost(numbers),
        fail: (error) => this.#fail(error),
      },
    )
  }

  get lanes(): Lanes {
    return this.#partitions.lanes
  }

  /** Resolves when it is known what it reads, and from where on. */
  get begun(): Promise<void> | undefined {
    return this.#partitions.hasBegun ? undefined : this.#partitions.begun()
  }

  /** Does not wait for {@link begun}: blocks while another process commits and it is not known. */
  beginNow(): void {
    this.#partitions.beginNow()
  }

  // Reading.

  /** A loop begins; the one before must be over. */
  beginLoop(): LoopBody {
    if (this.#loop !== undefined) {
      throw new MillraceError('bad_option', 'the consumer is read already: one loop or subscription at a time')
    }
    this.#loop = new LoopBody()
    return this.#loop
  }

  /** A loop is left: what was fetched ahead for it, and what it has in hand, is fetched again. */
  endLoop(loop: LoopBody, hand?: Hand): void {
    if (this.#loop !== loop) return
    loop.rests()
    hand?.giveBack()
    this.#loop = undefined
    this.meter.left()
    this.#stopWatching?.()
    this.#stopWatching = undefined
    this.wake()
    for (const lane of this.lanes.all) lane.forgetAhead()
    if (!this.#isClosed && !this.#log.environment.isClosed) this.#commitDoneOrWait()
  }

  /** The next records; undefined when the loop is over. Only one call works at a time. */
  next(loop: LoopBody, recordsMax: number): Promise<Hand | undefined> {
    const before = this.#polling
    const polling = (async () => {
      await Promise.allSettled([before])
      return this.#poll(loop, recordsMax)
    })()
    this.#polling = polling
    return polling
  }

  async #poll(loop: LoopBody, recordsMax: number): Promise<Hand | undefined> {
    this.meter.polled()
    await this.#membership?.work()
    try {
      for (;;) {
        if (this.#failure !== undefined) throw this.#failure
        if (this.#isOver(loop)) return undefined
        await this.#giveWay()
        if (this.#isOver(loop)) return undefined
        this.#isDirty = false
        this.#stopWatching ??= this.#log.onCommit(() => this.wake())
        try {
          await this.#align()
        } catch (error) {
          if (this.#isOver(loop) && this.#log.environment.isClosed) return undefined // a hook has closed the log
          throw error
        }
        if (this.#isOver(loop)) return undefined
        const hand = this.lanes.next(recordsMax)
        if (hand !== undefined) {
          this.meter.fetched()
          if (hand.end >= this.lanes.endOffset) {
            this.meter.cameToEnd(hand.partition, this.#log.partitions.row(hand.partition))
          }
          return hand
        }
        await this.#nextEvent()
      }
    } finally {
      this.#membership?.rest()
    }
  }

  #isOver(loop: LoopBody): boolean {
    return this.#loop !== loop || this.#closing !== undefined
  }

  async #align(): Promise<void> {
    const { begun } = this
    if (begun !== undefined) {
      await begun
      if (this.#closing !== undefined) return
    }
    this.#log.refresh()
    this.#lastAlignMs = this.#log.clock.elapsed()
    await this.#membership?.poll()
    if (this.#closing === undefined) this.#partitions.followTopics()
  }

  /** Whether to check the group, or whether to go on at all, before anything else is handed out. */
  get isAlignDue(): boolean {
    if (this.#closing !== undefined) return true
    if (this.#membership === undefined) return false
    const nowMs = this.#log.clock.elapsed()
    return !this.#membership.isInTime(nowMs) || nowMs - this.#lastAlignMs >= this.#settings.heartbeatMs
  }

  /** Long work without an await of something real would keep timers from running. */
  async #giveWay(): Promise<void> {
    if (monotonicMs() - this.#lastTurnMs < sliceMs) return
    await yieldToEventLoop()
    this.#lastTurnMs = monotonicMs()
  }

  /** What happened since the last check counts: nothing is slept through. */
  async #nextEvent(): Promise<void> {
    if (this.#isDirty) return
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    this.#lastTurnMs = monotonicMs()
  }

  wake(): void {
    this.#isDirty = true
    this.#wake?.()
    this.#wake = undefined
  }

  #fail(error: unknown): void {
    this.#failure ??= error instanceof Error ? error : new Error(messageOf(error), { cause: error })
    this.wake()
  }

  // Positions.

  /** The user has done what was handed out. */
  done(hand: Hand): void {
    if (hand.done()) this.commitLater()
  }

  /** What is done by now is committed by itself in a while. */
  commitLater(): void {
    const { autoCommitMs, group } = this.#settings
    if (group === undefined || autoCommitMs === 0 || this.#cancelCommit !== undefined) return
    this.#cancelCommit = this.#log.clock.schedule(autoCommitMs, () => this.#commitDoneOrWait(), 'background')
  }

  /** @throws MillraceError `member_fenced`, `owned_by_application` */
  commitDone(): void {
    this.#cancelCommit?.()
    this.#cancelCommit = undefined
    if (this.#settings.group === undefined || this.#settings.autoCommitMs === 0) return
    this.commit(this.#toCommit((lane) => lane.doneToCommit))
  }

  /** False when it may no longer commit: it learns what it has lost when it checks its group. */
  #commitDoneAsMember(): boolean {
    try {
      this.commitDone()
      return true
    } catch (error) {
      if (error instanceof MillraceError && error.code === 'member_fenced') return false
      throw error
    }
  }

  /** A member that was fenced meanwhile learns it, with what it has lost, when it asks for the next record. */
  #commitDoneOrWait(): void {
    const commit = async (): Promise<boolean> => this.inTurn(() => this.#commitDoneAsMember())
    commit().catch((error: unknown) => this.#fail(error))
  }

  /** Everything that was handed out and is not committed. */
  handedOut(): PositionCommit[] {
    return this.#toCommit((lane) => lane.handedOutToCommit)
  }

  #toCommit(offsetOf: (lane: Lane) => number | undefined): PositionCommit[] {
    return this.lanes.all.flatMap((lane) => {
      const offset = offsetOf(lane)
      return offset === undefined ? [] : [{ partition: lane.partition, offset, metadata: '' }]
    })
  }

  /** Runs something that commits when no other commit is under way. */
  inTurn<T>(step: () => T): T | Promise<T> {
    return this.#log.environment.inTurn(step)
  }

  commit(positions: readonly PositionCommit[]): void {
    const stage = this.stage(positions)
    if (positions.length === 0) return
    const sinceMs = this.#log.clock.elapsed()
    this.#log.environment.write((transaction) => stage.write(transaction))
    stage.committed()
    this.meter.committed(sinceMs)
  }

  stage(positions: readonly PositionCommit[]): OffsetStage {
    const { group, clientId } = this.#settings
    if (this.#isClosed) throw new MillraceError('closed', 'the consumer is closed')
    if (group === undefined) {
      throw new MillraceError('bad_option', 'a consumer without a group has no positions to commit: give it one')
    }
    const membership = this.#membership
    if (membership?.hasJoined === false && positions.length > 0) {
      this.#log.positions.checkNotApplication(group)
      throw new MillraceError(
        'bad_option',
        `the consumer has not joined the group "${group}" yet; it joins when its loop asks for the first record. Commit ` +
          'inside the loop or in onAssigned. To set positions before anyone reads, use log.admin.resetOffsets',
      )
    }
    const memberId = membership && (membership.memberId ?? clientId)
    return {
      write: (transaction) => {
        membership?.checkInTime()
        this.#log.groups.commit(transaction, group, memberId, positions)
      },
      committed: () => {
        for (const { partition, offset } of positions) {
          this.lanes.find(partition.topic, partition.partition)?.commit(offset)
        }
      },
    }
  }

  metrics(lagIn: (lane: Lane) => ConsumerLag | undefined): ConsumerMetrics {
    const { resets, missed } = this.lanes
    const { rebalances } = this.#partitions
    const generation = this.#membership?.generation ?? 0
    return { ...this.meter.figures(), resets, missed, rebalances, generation, ...this.#readMetrics(lagIn) }
  }

  /** Those that the log is read for. Figures never fail: what reads records tells that the log cannot be read. */
  #readMetrics(lagIn: (lane: Lane) => ConsumerLag | undefined): Pick<ConsumerMetrics, 'lags' | 'lastHeartbeatMs'> {
    try {
      this.#log.refresh()
      const lags = this.lanes.all.map(lagIn).filter((lag) => lag !== undefined)
      return { lags, lastHeartbeatMs: this.#membership?.lastHeartbeatMs ?? null }
    } catch (error) {
      if (!isInstance(error, MillraceError)) throw error
      return { lags: [], lastHeartbeatMs: null }
    }
  }

  // The end.

  readonly #onAbort = (): void => void (this.#closing ??= this.#close()).catch((error: unknown) => this.#fail(error))

  /** Waits for the body of the loop, unless the body itself or a hook calls this. */
  async close(): Promise<void> {
    const isOfHook = this.#isCallingHook
    if (this.#loop?.isCaller === true) this.#loop.rests()
    this.#closing ??= this.#close()
    if (!isOfHook) return this.#closing
    this.#closing.catch((error: unknown) => this.#fail(error))
  }

  #callHook(hooks: RunHook, hook: RebalanceHook, partitions: readonly TopicPartition[]): Promise<void> {
    this.#isCallingHook = true
    try {
      return hooks(hook, partitions)
    } finally {
      this.#isCallingHook = false
    }
  }

  /** A hook that never settles must not keep the consumer, and its log, from closing. */
  async #inTime(hook: Promise<void>): Promise<void> {
    let cancel = (): void => undefined
    const timeout = new Promise<void>((resolve) => {
      cancel = this.#log.clock.schedule(this.#settings.closeTimeoutMs, resolve)
    })
    await Promise.race([hook, timeout]).finally(cancel)
  }

  /** Whether there is something to leave or to commit. */
  get #endsInTurn(): boolean {
    const { autoCommitMs, group } = this.#settings
    if (this.#membership !== undefined) return true
    return group !== undefined && autoCommitMs !== 0 && this.lanes.all.some((lane) => lane.doneToCommit !== undefined)
  }

  async #close(): Promise<void> {
    this.#settings.signal?.removeEventListener('abort', this.#onAbort)
    this.wake()
    if (!this.#log.environment.isClosed) await this.#loop?.rested(this.#log.clock, this.#settings.closeTimeoutMs)
    const lanes = [...this.lanes.all]
    try {
      if (this.#log.environment.isClosed) return
      const isMember = this.#membership?.memberId !== undefined
      const isFenced = this.#endsInTurn && !(await this.inTurn(() => this.#commitDoneAsMember()))
      const hook = isFenced ? this.#settings.onLost : this.#settings.onRevoked
      if (isMember && lanes.length > 0) await this.#inTime(this.#hooks(hook, lanes.map(placeOf)))
    } finally {
      this.#isClosed = true
      this.#cancelCommit?.()
      this.#stopWatching?.()
      this.#partitions.drop(lanes)
      this.#onClose()
      if (!this.#log.environment.isClosed) await this.#membership?.close()
    }
  }
}
