/**
 * The partitions of a consumer: how they come to it and go, by its group or by the topics that there are.
 *
 * It begins when its topics are there, and the producers of its log that were opened before it have their
 * transactional ids: at once, almost always, or when other processes have committed. So it begins with what older
 * producers have left.
 */
import type { WriteTransaction } from '../../storage/environment.ts'
import type { ConsumerSettings, RebalanceHook } from './consumer-options.ts'
import type { PartitionsLog } from './consumer-log.ts'
import { Lane } from './lane.ts'
import { Lanes } from './lanes.ts'
import { checkNotReplaced } from './replaced-topic.ts'
import { resetOffset } from './start-offset.ts'
import { Subscription } from './subscription.ts'
import { type PartitionId, partitionName, type PartitionNumbers, type TopicPartition } from '../format/partition-id.ts'

/** Calls a hook of the user. */
export type RunHook = (hook: RebalanceHook, partitions: readonly TopicPartition[]) => Promise<void>

export class ConsumerPartitions {
  readonly lanes: Lanes
  readonly subscription: Subscription
  /** How often partitions came or went. */
  rebalances = 0
  readonly #log: PartitionsLog
  readonly #settings: ConsumerSettings
  readonly #runHook: RunHook
  readonly #commitDone: () => Promise<boolean>
  /** Partitions that there were when it began: one that comes later is read from its beginning. */
  #initial: ReadonlyMap<string, PartitionId> = new Map()
  #topicsVersion = 0
  #hasBegun = false

  constructor(log: PartitionsLog, settings: ConsumerSettings, runHook: RunHook, commitDone: () => Promise<boolean>) {
    const { group, source, reset } = settings
    this.#log = log
    this.#settings = settings
    this.#runHook = runHook
    this.#commitDone = commitDone
    log.refresh()
    if (group !== undefined) log.positions.checkNotApplication(group)
    this.lanes = new Lanes(log, reset)
    this.subscription = new Subscription(log.topics, source, log.outstanding)
    if (log.outstanding.isEmpty) this.#begin()
  }

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  /** @throws MillraceError as {@link Subscription}, and `bad_option`, of what could not be known before */
  async begun(): Promise<void> {
    if (this.#hasBegun) return
    await this.subscription.created
    await this.#log.outstanding.settled()
    if (!this.#hasBegun) this.#begin()
  }

  /** As {@link begun}, but at once: blocks while another process commits and this has not begun. */
  beginNow(): void {
    if (this.#hasBegun) return
    this.subscription.createNow()
    this.#log.outstanding.settleNow()
    this.#begin()
  }

  #begin(): void {
    const { group, assign } = this.#settings
    this.#log.refresh()
    this.#topicsVersion = this.#log.topics.version()
    this.#initial = new Map(this.subscription.partitions().map((partition) => [partitionName(partition), partition]))
    if (assign !== undefined) {
      this.drop(this.lanes.all) // of a try that has failed
      for (const { topic, partition } of assign) this.#add(this.subscription.partition(topic, partition))
    } else if (group === undefined) {
      this.#readAll()
    }
    this.#hasBegun = true
  }

  #add(partition: PartitionId): Lane {
    const lane = new Lane(this.#log, partition, this.subscription.codecs(partition.topic))
    const { group } = this.#settings
    const committed = group === undefined ? undefined : this.#log.positions.get(group, partition)?.offset
    if (committed !== undefined) lane.moveTo(committed)
    this.lanes.add(lane)
    return lane
  }

  drop(lanes: readonly Lane[]): void {
    for (const lane of lanes) lane.letGo()
    this.lanes.remove(lanes)
  }

  /**
   * Notices topics that were created, changed or deleted; without a group it reads what is there now, unless it was
   * told its partitions.
   *
   * @throws MillraceError `topic_unknown` when one that is read by its name is gone, `superseded` when a switch has
   *   replaced the topic of such a partition
   */
  followTopics(): void {
    const version = this.#log.topics.version()
    if (version === this.#topicsVersion) return
    const { assign, group } = this.#settings
    if (assign === undefined) this.subscription.check()
    else for (const { partition } of this.lanes.all) checkNotReplaced(this.#log, partition)
    if (assign === undefined && group === undefined) this.#readAll()
    this.#topicsVersion = version
  }

  #readAll(): void {
    const wanted = new Map(this.subscription.partitions().map((partition) => [partitionName(partition), partition]))
    this.drop(this.lanes.all.filter(({ partition }) => !wanted.delete(partitionName(partition))))
    for (const [name, partition] of wanted) {
      const lane = this.#add(partition)
      if (!this.#initial.has(name)) lane.moveTo(this.#log.startOffset(partition))
    }
  }

  /**
   * Where partitions begin by `latest` or a duration is kept from the first owner on, in the transaction that takes
   * them: what is appended until the first commit would be missed by the next owner. It is kept for all partitions of
   * the topic, taken or not, so one that has no position later was added later: it is read from its beginning.
   */
  begin(transaction: WriteTransaction, group: string, numbers: readonly PartitionNumbers[]): void {
    const { reset } = this.#settings
    if (reset === 'none' || reset === 'earliest') return
    const { topics, positions, clock } = this.#log
    const committedMs = clock.now()
    const begun = new Set(positions.list(group).map(({ topicId }) => topicId))
    const isFirst = ({ topic, topicId }: PartitionId): boolean =>
      !begun.has(topicId) && topics.find(topic)?.id === topicId
    const wanted = new Map([...this.#initial].filter(([, partition]) => isFirst(partition)))
    for (const partition of topics.named(numbers)) wanted.set(partitionName(partition), partition)
    for (const [name, partition] of wanted) {
      if (positions.get(group, partition) !== undefined) continue
      const isAdded = begun.has(partition.topicId) || !this.#initial.has(name)
      const offset = isAdded ? this.#log.startOffset(partition) : resetOffset(this.#log, partition, reset, undefined)
      positions.put(transaction, group, partition, { offset, committedMs, metadata: '' })
    }
  }

  async assigned(numbers: readonly PartitionNumbers[]): Promise<void> {
    this.rebalances++
    const lanes: Lane[] = []
    try {
      for (const partition of this.#log.topics.named(numbers)) lanes.push(this.#add(partition))
      await this.#tell(this.#settings.onAssigned, lanes)
    } catch (error) {
      this.drop(lanes)
      throw error
    }
  }

  /** A static member that comes back has partitions to give up that it never had. */
  async #tell(hook: RebalanceHook, lanes: readonly Lane[]): Promise<void> {
    if (lanes.length > 0) await this.#runHook(hook, lanes.map(placeOf))
  }

  /** False when it was removed from its group meanwhile, which is for {@link lost} then. */
  async revoked(numbers: readonly PartitionNumbers[]): Promise<boolean> {
    if (!(await this.#commitDone())) return false
    this.rebalances++
    const lanes = this.#lanesOf(numbers)
    await this.#tell(this.#settings.onRevoked, lanes)
    this.drop(lanes)
    return true
  }

  async lost(numbers: readonly PartitionNumbers[]): Promise<void> {
    this.rebalances++
    const lanes = this.#lanesOf(numbers)
    this.drop(lanes)
    await this.#tell(this.#settings.onLost, lanes)
  }

  #lanesOf(numbers: readonly PartitionNumbers[]): Lane[] {
    const names = new Set(numbers.map(partitionName))
    return this.lanes.all.filter(({ partition }) => names.has(partitionName(partition)))
  }
}

/** A lane's partition, as its user knows it. */
export function placeOf({ partition: { topic, partition } }: Lane): TopicPartition {
  return { topic, partition }
}
