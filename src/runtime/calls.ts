/**
 * The asynchronous calls of all operators: which begin, which wait for a slot or for others, and whose results may
 * come.
 *
 * Whatever was asked for takes a slot of its operator until its completion is kept. When an operator has none left, the
 * whole sequence pauses, so what waits is bounded by the slots and by what one turn may ask for.
 */
import { assert, present } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import type { CallFigures } from '../core/figures.ts'
import type { AsyncRequest, AsyncWork } from '../plan/async-calls.ts'
import type { OperatorNode } from '../plan/node.ts'
import type { JobPlace } from '../plan/origin.ts'
import type { Turn } from '../plan/turn.ts'
import { Chain } from './chain.ts'
import { Completion, type CompletionGround } from './completion.ts'
import { Deadlines } from './deadlines.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Ledger } from './ledger.ts'

type Call = Completion<TaskCalls>

/** Those of one operator, in all of its tasks. */
class OperatorCalls {
  readonly id: string
  readonly concurrency: number
  readonly deadlines: Deadlines
  /** How many have a slot. */
  count = 0
  /** Without a slot, the oldest first. */
  readonly waiting: Chain<Call> = new Chain<Call>()
  /** By the key of their order: the one that is under way, and those that follow it. */
  readonly queues: Map<string, Chain<Call>> = new Map<string, Chain<Call>>()

  constructor(id: string, { concurrency, timeoutMs }: AsyncWork, clock: Clock) {
    this.id = id
    this.concurrency = concurrency
    this.deadlines = new Deadlines(clock, timeoutMs)
  }

  get isFull(): boolean {
    return this.count + this.waiting.size >= this.concurrency
  }
}

/** Those of one operator in one task, which is what the operator talks to. */
export class TaskCalls implements CompletionGround {
  readonly work: AsyncWork
  readonly place: JobPlace
  readonly ledger: Ledger
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly onRetry: CompletionGround['onRetry']
  readonly operator: OperatorCalls
  /** In the order in which they were asked for. */
  readonly inOrder: Chain<Call> = new Chain<Call>()
  readonly #calls: Calls

  constructor(calls: Calls, operator: OperatorCalls, ledger: Ledger, work: AsyncWork, options: CallOptions) {
    this.#calls = calls
    this.operator = operator
    this.work = work
    this.ledger = ledger
    this.place = { kind: 'completion', operator: operator.id, partition: ledger.task.partition }
    this.clock = options.clock
    this.onRetry = options.onRetry
    this.deadlines = operator.deadlines
  }

  /** In a turn: the call begins when it is kept. */
  request(request: AsyncRequest): void {
    this.#calls.enter(this, request)
  }

  settled(completion: Call): void {
    this.#calls.settled(completion)
  }

  undone(completion: Call): void {
    this.#calls.undone(completion)
  }

  /** Before a commit: those that came since the last one, and are not done, are part of it. */
  keep(): void {
    const fresh: Call[] = []
    for (const completion of this.inOrder.backwards()) {
      if (completion.isKept) break
      completion.isKept = true
      fresh.push(completion)
    }
    for (const { request } of fresh.toReversed()) this.work.keep(request)
  }
}

type CallOptions = Pick<EngineOptions, 'clock' | 'onNews' | 'onRetry'>

export class Calls {
  readonly #turn: Turn
  readonly #options: CallOptions
  readonly #operators = new Map<OperatorNode, OperatorCalls>()
  readonly #tasks: TaskCalls[] = []
  /** How many there are. */
  #count = 0
  /** Those whose turn comes, in this order. */
  readonly #ready = new Chain<Call>()
  /** Whose turn goes on, with the regrouped records that it caused. */
  #current: Call | undefined
  #wave = 0
  /** Elapsed time, when it was last read. */
  #nowMs: number

  constructor(turn: Turn, options: CallOptions) {
    this.#turn = turn
    this.#options = options
    this.#nowMs = options.clock.elapsed()
  }

  ofTask(node: OperatorNode, ledger: Ledger, work: AsyncWork): TaskCalls {
    let operator = this.#operators.get(node)
    if (operator === undefined) {
      operator = new OperatorCalls(node.id, work, this.#options.clock)
      this.#operators.set(node, operator)
    }
    const task = new TaskCalls(this, operator, ledger, work, this.#options)
    this.#tasks.push(task)
    return task
  }

  /** Asks again for what was not finished before a restart; in a turn, before the first record. */
  resume(): void {
    for (const task of this.#tasks) for (const request of task.work.unfinished()) task.request(request)
  }

  /** Before a commit: what is not done is part of it. */
  keep(): void {
    if (this.#count > 0) for (const task of this.#tasks) task.keep()
  }

  /** That of the completion whose turn this is, or a new one. */
  get #currentWave(): number {
    return this.#current?.wave ?? this.#wave
  }

  /** Reads the clock, once for all that is asked for in a run. */
  lookAtClock(): number {
    return (this.#nowMs = this.#options.clock.elapsed())
  }

  enter(task: TaskCalls, request: AsyncRequest): void {
    const { inOrder, operator } = task
    const completion = new Completion(task, request, this.#currentWave, this.#nowMs)
    this.#turn.touch(completion)
    completion.place = inOrder.add(completion)
    operator.waiting.add(completion)
    this.#count++
  }

  /** A turn is undone from its end, so of what waits this came last. */
  undone(completion: Call): void {
    const last = completion.ground.operator.waiting.pop()
    assert(last === completion, 'what a turn has asked for has not begun before it is kept')
    this.#leave(completion)
  }

  #leave({ place, ground }: Call): void {
    ground.inOrder.remove(present(place, 'a completion leaves once'))
    this.#count--
  }

  /** Whether no call was asked for, nor has the turn of one just gone by. */
  get isQuiet(): boolean {
    return this.#count === 0 && this.#current === undefined
  }

  /** Between turns: begins what has been asked for, as far as there are slots. */
  begin(): void {
    if (this.#count === 0) return
    for (const operator of this.#operators.values()) {
      const { waiting, concurrency } = operator
      while (waiting.size > 0 && operator.count < concurrency) {
        operator.count++
        this.#start(operator, present(waiting.shift(), 'one waits'))
      }
    }
  }

  #start(operator: OperatorCalls, completion: Call): void {
    if (completion.ground.work.order === 'key') {
      const { orderKey } = completion.request
      const others = operator.queues.get(orderKey)
      if (others !== undefined) {
        others.add(completion)
        return
      }
      const queue = new Chain<Call>()
      queue.add(completion)
      operator.queues.set(orderKey, queue)
    }
    completion.call()
  }

  settled(completion: Call): void {
    const { ground } = completion
    if (ground.work.order === 'partition') this.#admitInOrder(ground)
    else this.#ready.add(completion)
    this.#options.onNews()
  }

  /** The result of the oldest of a partition may come, if it is there. */
  #admitInOrder({ inOrder: { first } }: TaskCalls): void {
    if (first === undefined || !first.isDone || first.isReady) return
    first.isReady = true
    this.#ready.add(first)
  }

  /** The completion whose turn comes next. It stays so until {@link ended}. */
  next(): Call | undefined {
    return (this.#current = this.#ready.first)
  }

  /** Its turn is kept, or it is passed over: its slot is free. */
  ended(completion: Call): void {
    const { ground, request } = completion
    const { operator, work } = ground
    if (this.#ready.first === completion) this.#ready.shift()
    this.#leave(completion)
    operator.count--
    if (work.order === 'partition') this.#admitInOrder(ground)
    if (work.order === 'key') followUp(operator, request.orderKey)
  }

  /** Whether an operator has no slot left, so that the sequence pauses. */
  get isFull(): boolean {
    if (this.#count === 0) return false
    for (const operator of this.#operators.values()) if (operator.isFull) return true
    return false
  }

  /** Whether a call is under way, or its result has to come yet. */
  get isBusy(): boolean {
    if (this.#ready.size > 0) return true
    for (const completion of this.#all()) if (completion.isCalling) return true
    return false
  }

  *#all(): Generator<Call, undefined> {
    for (const { inOrder } of this.#tasks) yield* inOrder
  }

  /** Whether nothing is unfinished, nor waits for its next attempt. */
  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** Those of each operator, by its id. */
  get figures(): Record<string, CallFigures> {
    const nowMs = this.#options.clock.elapsed()
    const none = [...this.#operators.keys()].map(({ id }) => [id, { open: 0, oldestMs: 0 }] as const)
    const figures: Record<string, CallFigures> = Object.fromEntries(none)
    for (const { operator, inOrder } of this.#tasks) {
      const { open, oldestMs } = present(figures[operator.id], 'calls are those of operators')
      const ownMs = nowMs - (inOrder.first?.askedMs ?? nowMs)
      figures[operator.id] = { open: open + inOrder.size, oldestMs: Math.max(oldestMs, ownMs) }
    }
    return figures
  }

  /** What is asked for from here on belongs to a later wave than this. */
  endOfWave(): number {
    return this.#wave++
  }

  /** Whether nothing of this wave, or of an earlier one, is unfinished. */
  isFinished(wave: number): boolean {
    for (const completion of this.#all()) if (completion.wave <= wave) return false
    return true
  }

  /** The application ends: what was asked for stays unfinished. */
  abort(): void {
    const reason = new MillraceError('closed', 'the application ends; the call will be made again by the next instance')
    for (const completion of this.#all()) completion.abort(reason)
    this.#ready.clear()
  }
}

/** The next call of a key begins. */
function followUp(operator: OperatorCalls, orderKey: string): void {
  const others = operator.queues.get(orderKey)
  others?.shift()
  const next = others?.first
  if (next === undefined) operator.queues.delete(orderKey)
  else next.call()
}
