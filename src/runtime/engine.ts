/**
 * The engine of one application: takes records in sequence, turn by turn, and commits what they caused in one transaction.
 *
 * It is synchronous and knows no time of its own: the application drives it from the event loop, the test driver by hand.
 */
import { present } from '../core/assert.ts'
import { ByteWriter } from '../core/bytes.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { Clock } from '../core/clock.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { partitionOf } from '../core/partitioner.ts'
import { type Commit, fencedBySuccessor, type LogContract } from '../log/contract.ts'
import type { PlanNode, RegroupNode, SinkNode } from '../plan/node.ts'
import { type DropReason, isRecordError } from '../plan/operator.ts'
import type { StoreSpec } from '../plan/store.ts'
import type { Topology } from '../plan/topology.ts'
import { StateTable } from '../state/table.ts'
import { type Failure, type FailurePolicy, failureOf, writeDeadLetter } from './failures.ts'
import type { Inlet } from './inlet.ts'
import { Output } from './outputs.ts'
import { type Layout, layoutOf } from './layout.ts'
import { Progress } from './progress.ts'
import { type SourceLane, SourceSequence } from './sequence.ts'
import { Shuffle, ShuffleLane } from './shuffle.ts'
import { checkPlan, takeOver } from './take-over.ts'
import { Task, type TaskHost } from './task.ts'
import { TurnScope } from './turn.ts'

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

/** Bytes of outputs after which a commit is due. */
const outputBytesMax = 32 * 1_048_576

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
  readonly #topology: Topology
  readonly #turn = new TurnScope()
  readonly #epoch: number
  readonly #sequence: SourceSequence
  readonly #shuffle = new Shuffle()
  readonly #shuffleLanes = new Map<PlanNode, readonly ShuffleLane[]>()
  /** Where records of source lane i enter. */
  readonly #inlets: readonly Inlet[]
  readonly #outputs = new Map<string, Output>()
  readonly #tables: StateTable<unknown, unknown>[] = []
  readonly #storeIds = new Map<string, number>()
  /** Bytes of outputs that wait for the commit. */
  readonly #pending = { bytes: 0 }
  readonly #scratch = new ByteWriter(256)
  #recordsSinceCommit = 0
  #fatal: Error | undefined

  /**
   * Takes the application over from whoever ran it before.
   *
   * @throws MillraceError `plan_changed`, `partitions_differ`, `position_lost`
   */
  constructor(log: LogContract, topology: Topology, options: EngineOptions) {
    this.#log = log
    this.#topology = topology
    this.#options = options
    const { applicationId } = options
    log.refresh()
    this.layout = layoutOf(topology, log, (preview) => checkPlan(log, topology, preview, applicationId))
    const { epoch, plan, progress, lanes } = takeOver(log, topology, this.layout, applicationId)
    this.plan = plan
    this.#epoch = epoch
    this.progress = new Progress(this.#turn, progress)
    const stores = topology.stores.map(({ name }) => name)
    for (const [index, id] of log.storeIds(applicationId, stores).entries()) {
      this.#storeIds.set(present(stores[index], 'a log gives an id to each store'), id)
    }
    for (const topic of this.layout.sinkTopics)
      this.#outputs.set(topic.name, new Output(topic, this.#turn, this.#pending))
    const tasks = this.#makeTasks()
    this.#inlets = lanes.map((lane) => inletOf(tasks, lane))
    this.#sequence = new SourceSequence(log, lanes)
    this.#sequence.lookForMore(options.clock.elapsed())
  }

  #makeTasks(): readonly Task[] {
    const tasks = this.#topology.subTopologies.flatMap((subTopology) =>
      Array.from(
        { length: this.layout.partitionsOfSub(subTopology) },
        (_, partition) => new Task(this.#topology, subTopology, partition, this),
      ),
    )
    let order = 0
    const regroups = this.#topology.nodes.filter((node) => node.kind === 'regroup')
    for (const node of regroups.toSorted((a, b) => (a.id < b.id ? -1 : 1))) {
      const fed = tasks.filter(({ inlets }) => inlets.has(node))
      const lanes = fed
        .slice(0, this.layout.partitionsOf(node))
        .map((task) => new ShuffleLane(present(task.inlets.get(node), 'a task has an inlet for each input'), order++))
      this.#shuffleLanes.set(node, lanes)
    }
    return tasks
  }

  state(store: StoreSpec, partition: number, operator: string): StateTable<unknown, unknown> {
    const id = present(this.#storeIds.get(store.name), 'every store of the topology has an id')
    const streamTime = store.window === undefined ? undefined : this.progress.streamTime(operator, partition)
    const table = new StateTable(store, id, partition, this.#log.state, this.#turn, streamTime)
    this.#tables.push(table)
    return table
  }

  drop({ id }: PlanNode, reason: DropReason): void {
    this.progress.drop(id, reason)
  }

  stop(error: MillraceError): void {
    this.#fatal ??= error
    this.#options.onStop()
  }

  output({ topic }: SinkNode): Output {
    return present(this.#outputs.get(topic.name), 'every sink has an output')
  }

  regroup(node: RegroupNode, carrier: Carrier): void {
    const lanes = present(this.#shuffleLanes.get(node), 'every regrouping has its lanes')
    // Encoded for one partition too: a key that does not encode fails the turn that made it.
    const scratch = this.#scratch
    scratch.at = 0
    carrier.writeKey(node.keyCodec, scratch)
    const partition = partitionOf(scratch.bytes, 0, scratch.at - node.keyCodec.partitionSuffixBytes, lanes.length)
    const lane = lanes[partition]
    if (lane !== undefined) this.#shuffle.push(lane, carrier) // nothing follows a regrouping that has no lanes
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
    this.#turnOf(lane.carrier(), present(this.#inlets[lane.index], 'every source lane has an inlet'))
    for (let queue = this.#shuffle.next(); queue !== undefined; queue = this.#shuffle.next()) {
      const carrier = this.#shuffle.take(queue)
      this.#turnOf(carrier, queue.inlet)
    }
    this.#recordsSinceCommit++
    this.recordCount++
    const { timestamp } = lane.cursor
    if (timestamp > this.progress.eventTime) this.progress.eventTime = timestamp
  }

  #turnOf(carrier: Carrier, inlet: Inlet): void {
    for (let attempt = 0; ; attempt++) {
      const error = this.#attempt(carrier, inlet)
      if (error === undefined) return
      if (attempt < this.#options.policy.retries) continue
      this.#passOver(failureOf(error, carrier), carrier)
      return
    }
  }

  /** Runs a turn; undoes it and returns the error when the record failed. Every other error stops the application. */
  #attempt(carrier: Carrier, inlet: Inlet): MillraceError | undefined {
    this.#turn.begin()
    carrier.beginTurn()
    try {
      inlet.next(carrier)
      if (this.#fatal !== undefined) throw this.#fatal
      if (carrier.failure === undefined) {
        this.#shuffle.keep()
        return undefined
      }
      throw carrier.failure
    } catch (error) {
      this.#turn.undo()
      this.#shuffle.discard()
      if (this.#fatal !== undefined) throw this.#fatal
      if (isRecordError(error)) return error
      throw (this.#fatal = asError(error))
    }
  }

  #passOver(failure: Failure, carrier: Carrier): void {
    try {
      const answer = this.#options.policy.answer(failure)
      if (answer === 'fail') throw failure.error
      this.#turn.begin()
      this.progress.fail(failure.operator ?? failure.topic, failure.error.code)
      if (answer === 'deadLetter') writeDeadLetter(this.#deadLetters(), failure, carrier)
    } catch (error) {
      throw (this.#fatal = asError(error)) // also a mistake of the handler, or of the log
    }
  }

  #deadLetters(): Output {
    const name = this.#options.deadLetterTopic
    let output = this.#outputs.get(name)
    if (output === undefined) {
      const [topic] = this.#log.ensureTopics([{ name, partitions: undefined }])
      if (topic === undefined) throw new MillraceError('topic_unknown', `there is no topic "${name}"`)
      output = new Output(topic, this.#turn, this.#pending)
      this.#outputs.set(name, output)
    }
    return output
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
    if (this.#pending.bytes > outputBytesMax) return true
    return (this.#recordsSinceCommit & 63) === 63 && this.stateBytes > 2 * this.#options.stateCacheBytes
  }

  /** Memory of all stores, roughly. */
  get stateBytes(): number {
    return this.#tables.reduce((total, table) => total + table.memoryBytes, 0)
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
    const appends = [...this.#outputs.values()].flatMap((output) => output.take())
    for (const { partition, position, committedPosition } of moved) {
      Progress.add(this.progress.consumed, partition.topic, position - committedPosition)
    }
    for (const output of this.#outputs.values()) Progress.add(this.progress.produced, output.topic, output.pendingCount)
    this.#commitToLog({
      applicationId: this.#options.applicationId,
      epoch: this.#epoch,
      positions: moved.map(({ partition, position }) => ({ partition, offset: position })),
      appends,
      progress: this.progress.encode(),
      writeState: (writer) => {
        for (const table of this.#tables) table.write(writer)
      },
    })
    for (const lane of moved) lane.committedPosition = lane.position
    for (const output of this.#outputs.values()) output.committed()
    this.#pending.bytes = 0
    for (const table of this.#tables) table.committed()
    // Once drops what was not used for a while, twice drops everything.
    for (let i = 0; i < 2 && this.stateBytes > this.#options.stateCacheBytes; i++) {
      for (const table of this.#tables) table.age()
    }
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
    return this.#fatal
  }

  /** The id of a store, for queries. */
  storeId(name: string): number | undefined {
    return this.#storeIds.get(name)
  }
}

/** Where the records of a source partition enter. */
function inletOf(tasks: readonly Task[], { node, partition }: SourceLane): Inlet {
  const task = tasks.find((candidate) => candidate.partition === partition.partition && candidate.inlets.has(node))
  return present(task?.inlets.get(node), 'every source partition belongs to a task')
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(messageOf(thrown), { cause: thrown })
}
