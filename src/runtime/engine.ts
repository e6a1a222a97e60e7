/**
 * The engine of one application: takes records in sequence, turn by turn, and commits what they caused in one
 * transaction.
 *
 * It is synchronous and knows no time of its own: the application drives it from the event loop, the test driver by
 * hand.
 */
import { present } from '../core/assert.ts'
import { Durations } from '../core/durations.ts'
import type { CacheFigures } from '../core/figures.ts'
import type { AsyncWork } from '../plan/async-calls.ts'
import type { Carrier } from '../plan/carrier.ts'
import type { MillraceError } from '../core/errors.ts'
import type { Commit, Session, StoreSize, TopicDescription, EngineTopicRequest } from '../log/contract.ts'
import type { OperatorNode, PlanNode, RegroupNode, SourceTopic, SubTopology } from '../plan/node.ts'
import type { DropReason } from '../plan/operator.ts'
import type { Taker } from '../plan/subscriber.ts'
import type { Topology } from '../plan/topology.ts'
import type { MemberStore, Store, StoreSpec } from '../plan/store.ts'
import { Agenda, type TaskAgenda } from './agenda.ts'
import { Calls, type TaskCalls } from './calls.ts'
import { ChangeFeed } from './change-feed.ts'
import { Closing } from './closing.ts'
import { type EngineOptions, type RunResult, turnsBetweenLooksMax } from './engine-options.ts'
import { writeDropped } from './failures.ts'
import type { Inlet } from './inlet.ts'
import { type Layout, requestOf } from './layout.ts'
import { taskName, taskOf } from './inherited-ledgers.ts'
import type { Job } from './job.ts'
import { Idleness } from './idleness.ts'
import { Ledger } from './ledger.ts'
import type { LedgerEntries } from '../core/stored-progress.ts'
import { OperatorWork } from './operator-work.ts'
import { OutputTopics } from './output-topics.ts'
import type { Output } from './outputs.ts'
import { RecordJob, UntimedRecordJob } from './record-job.ts'
import { Regroupings } from './regroupings.ts'
import { type SourceLane, SourceSequence } from './sequence.ts'
import { Shuffle } from './shuffle.ts'
import { Stores } from './stores.ts'
import type { TakeOver } from './take-over.ts'
import { inletOf, Task, type TaskHost } from './task.ts'
import { TurnScope } from './turn.ts'
import { asError, Turns } from './turns.ts'
import { Uncommitted } from './uncommitted.ts'

export class Engine implements TaskHost {
  /** One for each task. */
  readonly ledgers: Ledger[] = []
  /** Source records processed by this instance. */
  recordCount = 0
  /** From when records were seen to be there until what came of them was durable. */
  readonly appendToCommit: Durations = new Durations()
  /** Tells those that watch stores. */
  readonly changes: ChangeFeed = new ChangeFeed()
  readonly layout: Layout
  readonly #options: EngineOptions
  readonly #now = (): number => this.#options.clock.elapsed()
  readonly #scope = new TurnScope()
  readonly #turns: Turns
  readonly #agenda: Agenda
  readonly #calls: Calls
  readonly #recordJob = new RecordJob()
  readonly #inherited: ReadonlyMap<string, LedgerEntries>
  readonly #sequence: SourceSequence
  readonly #operators = new OperatorWork()
  readonly #shuffle = new Shuffle()
  readonly #regroupings = new Regroupings(this.#shuffle)
  /** Where records of source lane i enter. */
  readonly #inlets: Inlet[]
  readonly #tasks: readonly Task[]
  readonly #outputs: OutputTopics
  readonly #stores: Stores
  readonly #closing = new Closing()
  readonly #idleness: Idleness
  readonly #uncommitted: Uncommitted

  /** @param start what the session was opened with */
  constructor(session: Session, start: TakeOver, topology: Topology, options: EngineOptions) {
    const { layout, ledgers, lanes } = start
    this.#options = options
    this.layout = layout
    this.#inherited = ledgers
    this.#stores = new Stores(session, topology.stores, layout.kept, this.#scope, options.stateCacheBytes)
    this.#outputs = new OutputTopics(session, this.#scope, layout.sinkTopics)
    this.#turns = new Turns({
      scope: this.#scope,
      shuffle: this.#shuffle,
      policy: options.policy,
      deadLetters: () => this.#outputs.created(options.deadLetterTopic),
      onRetry: options.onRetry,
    })
    this.#agenda = new Agenda(this.#scope, options.clock)
    this.#calls = new Calls(this.#scope, options)
    const tasks = (this.#tasks = this.#makeTasks(topology))
    this.#scope.begin()
    this.#calls.resume()
    this.#inlets = lanes.map((lane) => inletOf(tasks, lane))
    this.#sequence = new SourceSequence(session, lanes, options.moveBounds)
    this.#sequence.lookForMore(this.#now())
    if (options.isBounded) this.#sequence.boundHere()
    const agendas = tasks.map(({ agenda }) => agenda)
    this.#idleness = new Idleness(options, agendas, this.#now())
    this.#uncommitted = new Uncommitted(
      {
        sequence: this.#sequence,
        shuffle: this.#shuffle,
        calls: this.#calls,
        inlets: this.#inlets,
        ledgers: this.ledgers,
        outputs: this.#outputs,
        stores: this.#stores,
        changes: this.changes,
      },
      options,
    )
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

  agendaOf(subTopology: SubTopology, partition: number): TaskAgenda {
    const task = taskOf(subTopology, partition)
    const ledger = new Ledger(this.#scope, task, this.#inherited.get(taskName(task)))
    this.ledgers.push(ledger)
    return this.#agenda.ofTask(ledger)
  }

  state(store: StoreSpec, ledger: Ledger): Store<unknown, unknown> {
    return this.#stores.of(store, ledger)
  }

  members(store: StoreSpec, ledger: Ledger): MemberStore {
    return this.#stores.membersOf(store, ledger)
  }

  drop(ledger: Ledger, { id }: PlanNode, reason: DropReason, carrier: Carrier | undefined): void {
    ledger.drop(id, reason)
    if (carrier === undefined || !this.#options.deadLetterDrops) return
    const output = this.#outputs.created(this.#options.deadLetterTopic)
    writeDropped(output, reason, id, carrier)
    ledger.writesTo(output.topic).add()
  }

  calls(node: OperatorNode, ledger: Ledger, work: AsyncWork): TaskCalls {
    return this.#calls.ofTask(node, ledger, work)
  }

  stop(error: MillraceError): void {
    this.#turns.fatal ??= error
    this.#options.onStop()
  }

  commit(): void {
    this.#uncommitted.isWanted = true
  }

  onClose(close: () => void): void {
    this.#closing.add(close)
  }

  /** @throws the first error of an operator that closes */
  close(): void {
    this.asyncCalls.abort()
    this.#closing.close()
  }

  /** Between turns: reads these too from now on. */
  read(lanes: readonly SourceLane[]): void {
    this.#inlets.push(...lanes.map((lane) => inletOf(this.#tasks, lane)))
    this.#sequence.add(lanes)
  }

  output(topic: SourceTopic): Output {
    const output = this.#outputs.find(topic.name)
    if (output === undefined) throw this.#turns.lacks(requestOf(topic))
    return output
  }

  /** A turn that nothing has caused, between runs: a test puts something into a store. */
  intervene(work: () => void): void {
    this.#turns.intervene(work)
    this.#uncommitted.jobs++
  }

  takes(node: PlanNode, taker: Taker): void {
    this.#operators.add(node.id, taker)
  }

  regroup(node: RegroupNode, carrier: Carrier, partition: number): void {
    this.#regroupings.send(node, carrier, partition)
  }

  /**
   * Works on what is due, and on records, until it says why it cannot go on, or `timeUp` says so. Except where a topic
   * has to be created, no regrouped records wait when it comes back.
   *
   * @param goesOn the log and the clock were looked at just now
   * @throws the error that stops the application; nothing since the last commit is kept then
   */
  run(timeUp: () => boolean, goesOn = false): RunResult {
    try {
      return this.#run(timeUp, goesOn)
    } finally {
      this.#operators.endSample()
    }
  }

  #run(timeUp: () => boolean, goesOn: boolean): RunResult {
    if (this.#uncommitted.isUnderWay) throw this.fatal ?? new Error('a turn while a commit is in flight')
    if (!goesOn) {
      this.#sequence.lookForMore(this.#calls.lookAtClock())
      this.#agenda.lookAtClock()
      this.#idleness.look(this.#now())
    }
    if (this.missingTopic !== undefined || !this.#drain()) return 'topicMissing'
    if (!goesOn) this.#operators.beginSample()
    let nextLook = 1
    for (let turns = 1; ; turns++) {
      if (this.fatal !== undefined) throw this.fatal
      // Asked for every record, so that most cost no more than this.
      const isQuiet = this.#calls.isQuiet && !this.hasDue
      if (!isQuiet) this.#calls.begin()
      if (this.#uncommitted.isEnough) return 'commitDue'
      const end = isQuiet ? this.#record() : this.#jobOrRecord()
      if (end !== undefined) return end
      if (!this.#drain()) return 'topicMissing'
      if (turns < nextLook) continue
      this.#operators.endSample()
      if (timeUp()) return 'timeUp'
      nextLook += Math.min(turns, turnsBetweenLooksMax)
    }
  }

  /** The job that is due, or a record where none is; returns what ends the run. */
  #jobOrRecord(): RunResult | undefined {
    const completion = this.#calls.next()
    if (completion === undefined && this.#calls.isFull) return 'blocked'
    const job = completion ?? this.#agenda.next() ?? this.#idleness.next()
    if (job === undefined) return this.#record()
    if (!this.#work(job, job.root)) return 'topicMissing'
    this.#uncommitted.lookAtState()
    if (completion === undefined) this.#idleness.done(job)
    else this.#calls.ended(completion)
    return undefined
  }

  /** The record that goes next; returns what ends the run. */
  #record(): RunResult | undefined {
    const sequence = this.#sequence
    const lane = sequence.next()
    if (lane === undefined) {
      if (sequence.isLate) return 'late'
      return this.#calls.isEmpty && this.#idleness.drained(this.#now()) ? undefined : 'drained'
    }
    if (this.#options.maxTaskIdleMs > 0 && this.idleWaitMs > 0) return 'waiting'
    const inlet = present(this.#inlets[lane.index], 'every source lane has an inlet')
    const { failure, timestamp } = lane
    const job = failure === undefined ? this.#recordJob : new UntimedRecordJob(failure)
    if (!this.#work(job.of(inlet), lane.carrier())) return 'topicMissing'
    this.recordCount++
    const { ledger } = inlet.agenda
    if (timestamp > ledger.eventTime) ledger.eventTime = timestamp
    if (sequence.take(lane, this.#now)) sequence.lookForMore(this.#now())
    return undefined
  }

  /** How long the emptiest partition is still waited for; 0 when nothing is waited for. */
  get idleWaitMs(): number {
    return this.#sequence.waitMs(this.#now() - this.#options.maxTaskIdleMs)
  }

  /** One job; false when it goes again once a topic is there. The regrouped records that come of it wait. */
  #work(job: Job, root: Carrier): boolean {
    if (!this.#turns.run(job, root)) return false
    this.#uncommitted.jobs++
    return true
  }

  /** All regrouped records that wait; false when there is one that goes again once a topic is there. */
  #drain(): boolean {
    for (let queue = this.#shuffle.next(); queue !== undefined; queue = this.#shuffle.next()) {
      if (!this.#turns.run(this.#recordJob.of(queue.inlet), queue.head)) return false
      this.#shuffle.take(queue)
    }
    return true
  }

  /** A topic that has to be created before work goes on; {@link topicFound} is called when it is there. */
  get missingTopic(): EngineTopicRequest | undefined {
    return this.#turns.missing
  }

  topicFound(topic: TopicDescription): void {
    this.#outputs.found(topic)
    this.#turns.missing = undefined
  }

  /** How long it is until the wall clock makes something due; Infinity: it does not. */
  get nextDueMs(): number {
    return Math.min(this.#agenda.nextDueMs, this.#idleness.nextDueMs(this.#now()))
  }

  /** Whether a bounded input has ended, its calls are done, and what was open has been closed, or soon is. */
  get hasEnded(): boolean {
    return this.#idleness.hasEnded && this.#calls.isEmpty
  }

  /** What asynchronous calls are under way, and which are done. */
  get asyncCalls(): Pick<Calls, 'figures' | 'isBusy' | 'endOfWave' | 'isFinished' | 'abort'> {
    return this.#calls
  }

  /** Whether there may be jobs to do that need no further record. */
  get hasDue(): boolean {
    return this.#agenda.hasDue || this.#idleness.hasDue
  }

  get hasUncommitted(): boolean {
    return !this.#uncommitted.isEmpty
  }

  /** Commits of this instance. */
  get commitCount(): number {
    return this.#uncommitted.commitCount
  }

  /** How many turns there were, those included that were undone. */
  get turnCount(): number {
    return this.#scope.number
  }

  /** What its parts have counted since it began. */
  get operatorWork(): OperatorWork {
    return this.#operators
  }

  storeSize(name: string): StoreSize | undefined {
    return this.#stores.size(name)
  }

  /** What is in memory of each store. */
  get cacheFigures(): Readonly<Record<string, CacheFigures>> {
    return this.#stores.figures
  }

  /** Memory of all stores, roughly. */
  get stateBytes(): number {
    return this.#stores.bytes
  }

  /**
   * Positions, outputs, state, stream times and counters since the last commit; undefined when there are none. No turn
   * is taken until {@link committed} or {@link fail} is called.
   */
  prepare(): Commit | undefined {
    if (this.fatal !== undefined) throw this.fatal
    return this.hasUncommitted ? this.#uncommitted.prepare() : undefined
  }

  /** The commit that was prepared is durable. */
  committed(): void {
    const nowMs = this.#now()
    this.#uncommitted.committed((seenMs) => this.appendToCommit.record(nowMs - seenMs, nowMs))
  }

  /** A commit that fails is the last thing an engine does: what it has counted and closed for it is not taken back. */
  fail(error: unknown): Error {
    return (this.#turns.fatal = asError(error))
  }

  /** How many records of the input, as far as it was seen, are not processed yet. */
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
}
