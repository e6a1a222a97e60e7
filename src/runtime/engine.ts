/**
 * The engine of one application: takes records in sequence, turn by turn, and commits what they caused in one transaction.
 *
 * It is synchronous and knows no time of its own: the application drives it from the event loop, the test driver by hand.
 */
import { present } from '../core/assert.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { Clock } from '../core/clock.ts'
import type { MillraceError } from '../core/errors.ts'
import { type Commit, fencedBySuccessor, type LogContract } from '../log/contract.ts'
import type { PlanNode, RegroupNode, SinkNode } from '../plan/node.ts'
import type { DropReason } from '../plan/operator.ts'
import type { Topology } from '../plan/topology.ts'
import type { State, StoreSpec } from '../plan/store.ts'
import type { FailurePolicy } from './failures.ts'
import type { Inlet } from './inlet.ts'
import { OutputTopics } from './output-topics.ts'
import type { Output } from './outputs.ts'
import { type Layout, layoutOf } from './layout.ts'
import { Progress } from './progress.ts'
import { Regroupings } from './regroupings.ts'
import { type SourceLane, SourceSequence } from './sequence.ts'
import { Shuffle } from './shuffle.ts'
import { Stores } from './stores.ts'
import { checkPlan, takeOver } from './take-over.ts'
import { Task, type TaskHost } from './task.ts'
import { TurnScope } from './turn.ts'
import { asError, Turns } from './turns.ts'

export interface EngineOptions {
  readonly applicationId: string
  readonly clock: Clock
  readonly policy: FailurePolicy
  readonly deadLetterTopic: string
  /** Source records after which a commit is due. */
  readonly commitRecords: number
  /** How long an empty partition is waited for while others have records. */
  readonly maxTaskIdleMs: number
  /** The most memory that rows of stores take between commits, roughly. */
  readonly stateCacheBytes: number
  /** Called when an operator stops the application, perhaps outside of a run. */
  readonly onStop: () => void
}

/**
 * A run looks at the time after its first turn and then after twice as many each time, up to this distance: a look costs a
 * part of a short turn, but where each turn is long, waiting for it would hold up the event loop and the commit.
 */
const turnsBetweenLooksMax = 64

/** Why a run came back. */
export type RunResult = 'commitDue' | 'timeUp' | 'drained' | 'waiting'

export class Engine implements TaskHost {
  readonly progress: Progress
  /** Source records worked on by this instance. */
  recordCount = 0
  /** Commits of this instance. */
  commitCount = 0
  readonly plan: 'new' | 'same' | 'extended'
  readonly layout: Layout
  readonly #log: LogContract
  readonly #options: EngineOptions
  readonly #epoch: number
  readonly #turns: Turns
  readonly #sequence: SourceSequence
  readonly #shuffle = new Shuffle()
  readonly #regroupings = new Regroupings(this.#shuffle)
  /** Where records of source lane i enter. */
  readonly #inlets: readonly Inlet[]
  readonly #outputs: OutputTopics
  readonly #stores: Stores
  #recordsSinceCommit = 0

  /**
   * Takes the application over from whoever ran it before.
   *
   * @throws MillraceError `plan_changed`, `partitions_differ`, `position_lost`
   */
  constructor(log: LogContract, topology: Topology, options: EngineOptions) {
    this.#log = log
    this.#options = options
    const { applicationId } = options
    log.refresh()
    this.layout = layoutOf(topology, log, (preview) => checkPlan(log, topology, preview, applicationId))
    const { epoch, plan, progress, lanes } = takeOver(log, topology, this.layout, applicationId)
    this.plan = plan
    this.#epoch = epoch
    const scope = new TurnScope()
    this.progress = new Progress(scope, progress)
    this.#stores = new Stores(log, applicationId, topology.stores, scope, this.progress)
    this.#outputs = new OutputTopics(log, scope, this.layout.sinkTopics)
    this.#turns = new Turns({
      scope,
      shuffle: this.#shuffle,
      progress: this.progress,
      policy: options.policy,
      deadLetters: () => this.#outputs.created(options.deadLetterTopic),
    })
    const tasks = this.#makeTasks(topology)
    this.#inlets = lanes.map((lane) => inletOf(tasks, lane))
    this.#sequence = new SourceSequence(log, lanes)
    this.#sequence.lookForMore(options.clock.elapsed())
  }

  #makeTasks(topology: Topology): readonly Task[] {
    const tasks = topology.subTopologies.flatMap((subTopology) =>
      Array.from(
        { length: this.layout.partitionsOfSub(subTopology) },
        (_, partition) => new Task(topology, subTopology, partition, this),
      ),
    )
    const regroups = topology.nodes.filter((node) => node.kind === 'regroup')
    this.#regroupings.connect(regroups, (node) =>
      tasks
        .filter(({ inlets }) => inlets.has(node))
        .slice(0, this.layout.partitionsOf(node))
        .map(({ inlets }) => present(inlets.get(node), 'a task has an inlet for each input')),
    )
    return tasks
  }

  state(store: StoreSpec, partition: number): State<unknown, unknown> {
    return this.#stores.of(store, partition)
  }

  drop({ id }: PlanNode, reason: DropReason): void {
    this.progress.drop(id, reason)
  }

  stop(error: MillraceError): void {
    this.#fatal ??= error
    this.#options.onStop()
  }

  output({ topic }: SinkNode): Output {
    return this.#outputs.of(topic.name)
  }

  regroup(node: RegroupNode, carrier: Carrier): void {
    this.#regroupings.send(node, carrier)
  }

  /**
   * Works on records until a commit is due, the input is drained, an empty partition is waited for, or `timeUp` says so.
   *
   * @throws the error that stops the application; nothing since the last commit is kept then
   */
  run(timeUp: () => boolean): RunResult {
    const sequence = this.#sequence
    const now = (): number => this.#options.clock.elapsed()
    sequence.lookForMore(now())
    let nextLook = 1
    for (let turns = 1; ; turns++) {
      if (this.#fatal !== undefined) throw this.#fatal
      if (this.isCommitDue) return 'commitDue'
      const lane = sequence.next()
      if (lane === undefined) return 'drained'
      if (this.#options.maxTaskIdleMs > 0 && this.idleWaitMs > 0) return 'waiting'
      this.#work(lane)
      if (sequence.take(lane, now)) sequence.lookForMore(now())
      if (turns < nextLook) continue
      if (timeUp()) return 'timeUp'
      nextLook += Math.min(turns, turnsBetweenLooksMax)
    }
  }

  /** How long the emptiest partition is still waited for; 0 when nothing is waited for. */
  get idleWaitMs(): number {
    const untilMs = this.#options.clock.elapsed() - this.#options.maxTaskIdleMs
    let waitMs = 0
    for (const lane of this.#sequence.lanes) {
      if (lane.emptySinceMs !== undefined) waitMs = Math.max(waitMs, lane.emptySinceMs - untilMs)
    }
    return waitMs
  }

  /** One source record, and all regrouped records that come of it. */
  #work(lane: SourceLane): void {
    this.#turns.run(lane.carrier(), present(this.#inlets[lane.index], 'every source lane has an inlet'))
    for (let queue = this.#shuffle.next(); queue !== undefined; queue = this.#shuffle.next()) {
      const carrier = this.#shuffle.take(queue)
      this.#turns.run(carrier, queue.inlet)
    }
    this.#recordsSinceCommit++
    this.recordCount++
    const { timestamp } = lane.cursor
    if (timestamp > this.progress.eventTime) this.progress.eventTime = timestamp
  }

  /**
   * Checks whether a newer instance has taken over: an idle instance makes no commits from which it could find out.
   *
   * @throws MillraceError `fenced`
   */
  checkCurrent(): void {
    const { applicationId } = this.#options
    this.#log.refresh()
    if (!this.#log.isCurrent(applicationId, this.#epoch)) throw (this.#fatal ??= fencedBySuccessor(applicationId))
  }

  /** Nobody runs the application any more. */
  end(): void {
    this.#log.endApplication(this.#options.applicationId, this.#epoch)
  }

  get hasUncommitted(): boolean {
    return this.#recordsSinceCommit > 0
  }

  /** Whether the work since the last commit is as much as one commit should hold. */
  get isCommitDue(): boolean {
    if (this.#recordsSinceCommit >= this.#options.commitRecords) return true
    if (this.#outputs.isFull) return true
    return (this.#recordsSinceCommit & 63) === 63 && this.stateBytes > 2 * this.#options.stateCacheBytes
  }

  /** Memory of all stores, roughly. */
  get stateBytes(): number {
    return this.#stores.bytes
  }

  /**
   * Commits positions, outputs, state, stream times and counters; durable when it returns.
   *
   * @throws MillraceError `fenced`, `storage_failed`
   */
  commit(): void {
    if (this.#fatal !== undefined) throw this.#fatal
    if (!this.hasUncommitted) return
    const { lanes } = this.#sequence
    const moved = lanes.filter((lane) => lane.position !== lane.committedPosition)
    const appends = [...this.#outputs.all].flatMap((output) => output.take())
    for (const { partition, position, committedPosition } of moved) {
      Progress.add(this.progress.consumed, partition.topic, position - committedPosition)
    }
    for (const output of this.#outputs.all) Progress.add(this.progress.produced, output.topic, output.pendingCount)
    this.#commitToLog({
      applicationId: this.#options.applicationId,
      epoch: this.#epoch,
      positions: moved.map(({ partition, position }) => ({ partition, offset: position })),
      appends,
      progress: this.progress.encode(),
      writeState: (writer) => this.#stores.write(writer),
    })
    for (const lane of moved) lane.committedPosition = lane.position
    this.#outputs.committed()
    this.#stores.committed(this.#options.stateCacheBytes)
    this.#recordsSinceCommit = 0
    this.commitCount++
  }

  /** A commit that fails is the last thing that an engine does: what it has counted and closed for it is not taken back. */
  #commitToLog(commit: Commit): void {
    try {
      this.#log.commit(commit)
    } catch (error) {
      throw (this.#fatal = asError(error))
    }
  }

  /** How many records of the input, as far as it was seen, are not worked on yet. */
  get lag(): number {
    return this.#sequence.lag
  }

  /** The place in every source partition, and what is durable of it. */
  get lanes(): readonly SourceLane[] {
    return this.#sequence.lanes
  }

  /** What keeps the application from going on. */
  get fatal(): Error | undefined {
    return this.#turns.fatal
  }

  get #fatal(): Error | undefined {
    return this.#turns.fatal
  }

  set #fatal(error: Error) {
    this.#turns.fatal = error
  }

  /** The id of a store, for queries. */
  storeId(name: string): number | undefined {
    return this.#stores.idOf(name)
  }
}

/** Where the records of a source partition enter. */
function inletOf(tasks: readonly Task[], { node, partition }: SourceLane): Inlet {
  const task = tasks.find((candidate) => candidate.partition === partition.partition && candidate.inlets.has(node))
  return present(task?.inlets.get(node), 'every source partition belongs to a task')
}
