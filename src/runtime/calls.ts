/**
 * The asynchronous calls of all operators: which begin, which wait for a slot or for others, and whose results may
 * come.
 *
 * Whatever was asked for takes a slot of its operator until its completion is kept. When an operator has none left, the
 * whole sequence pauses, so what waits is bounded by the slots and by what one turn may ask for.
 */
import { present } from '../core/assert.ts'
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import type { CallFigures } from '../core/figures.ts'
import type { AsyncRequest, AsyncWork } from '../plan/async-calls.ts'
import type { OperatorNode } from '../plan/node.ts'
import type { JobPlace } from '../plan/origin.ts'
import type { Turn } from '../plan/turn.ts'
import { Completion, type CompletionGround } from './completion.ts'
import { Deadlines } from './deadlines.ts'
import type { EngineOptions } from './engine-options.ts'
import type { Ledger } from './ledger.ts'

/** Those of one operator, in all of its tasks. */
class OperatorCalls {
  /** How many have a slot. */
  count = 0
  readonly concurrency: number
  /** Without a slot, the oldest first. */
  readonly waiting: Set<Completion> = new Set<Completion>()
  /** By the key of their order: the one that is under way, and those that follow it. */
  readonly queues: Map<string, Completion[]> = new Map<string, Completion[]>()
  readonly deadlines: Deadlines

  constructor({ concurrency, timeoutMs }: AsyncWork, clock: Clock) {
    this.concurrency = concurrency
    this.deadlines = new Deadlines(clock, timeoutMs)
  }

  get isFull(): boolean {
    return this.count + this.waiting.size >= this.concurrency
  }
}

/** Those of one operator in one task, which is what the operator talks to. */
export class TaskCalls {
  readonly work: AsyncWork
  readonly operator: OperatorCalls
  /** In the order in which they were asked for. */
  readonly inOrder: Set<Completion> = new Set<Completion>()
  readonly #calls: Calls
  readonly #ground: CompletionGround

  constructor(calls: Calls, operator: OperatorCalls, ground: CompletionGround) {
    this.#calls = calls
    this.operator = operator
    this.work = ground.work
    this.#ground = ground
  }

  /** In a turn: the call begins when it is kept. */
  request(request: AsyncRequest): void {
    const { wave, turn } = this.#calls
    const completion = new Completion(this.#ground, request, wave, (done) => this.#calls.settled(this, done))
    this.#calls.enter(this, completion)
    turn.touch({ turn: -1, revert: () => this.#calls.leave(this, completion) })
  }
}

type CallOptions = Pick<EngineOptions, 'clock' | 'onNews' | 'onRetry'>

export class Calls {
  readonly turn: Turn
  readonly #options: CallOptions
  readonly #operators = new Map<OperatorNode, OperatorCalls>()
  readonly #tasks: TaskCalls[] = []
  readonly #all = new Map<Completion, TaskCalls>()
  /** Those whose turn comes, in this order. */
  readonly #ready = new Set<Completion>()
  /** Whose turn goes on, with the regrouped records that it caused. */
  #current: Completion | undefined
  #wave = 0

  constructor(turn: Turn, options: CallOptions) {
    this.turn = turn
    this.#options = options
  }

  ofTask(node: OperatorNode, ledger: Ledger, work: AsyncWork): TaskCalls {
    const { clock, onRetry } = this.#options
    let operator = this.#operators.get(node)
    if (operator === undefined) this.#operators.set(node, (operator = new OperatorCalls(work, clock)))
    const place: JobPlace = { kind: 'completion', operator: node.id, partition: ledger.task.partition }
    const { deadlines } = operator
    const task = new TaskCalls(this, operator, { work, place, ledger, clock, deadlines, onRetry })
    this.#tasks.push(task)
    return task
  }

  /** Asks again for what was not finished before a restart; in a turn, before the first record. */
  resume(): void {
    for (const task of this.#tasks) for (const request of task.work.unfinished()) task.request(request)
  }

  /** Before a commit: what is not done is part of it. */
  keep(): void {
    for (const { work } of this.#tasks) work.keep()
  }

  /** That of the completion whose turn this is, or a new one. */
  get wave(): number {
    return this.#current?.wave ?? this.#wave
  }

  enter(task: TaskCalls, completion: Completion): void {
    this.#all.set(completion, task)
    task.inOrder.add(completion)
    task.operator.waiting.add(completion)
  }

  leave(task: TaskCalls, completion: Completion): void {
    task.work.forget(completion.request.number)
    this.#all.delete(completion)
    task.inOrder.delete(completion)
    task.operator.waiting.delete(completion)
  }

  /** Whether no call was asked for, nor has the turn of one just gone by. */
  get isQuiet(): boolean {
    return this.#all.size === 0 && this.#current === undefined
  }

  /** Between turns: begins what has been asked for, as far as there are slots. */
  begin(): void {
    if (this.#all.size === 0) return
    for (const operator of this.#operators.values()) {
      for (const completion of operator.waiting) {
        if (operator.count >= operator.concurrency) break
        operator.waiting.delete(completion)
        operator.count++
        this.#start(operator, completion)
      }
    }
  }

  #start(operator: OperatorCalls, completion: Completion): void {
    const { orderKey } = completion.request
    if (this.#all.get(completion)?.work.order === 'key') {
      const others = operator.queues.get(orderKey)
      if (others !== undefined) {
        others.push(completion)
        return
      }
      operator.queues.set(orderKey, [completion])
    }
    completion.call()
  }

  settled(task: TaskCalls, completion: Completion): void {
    if (task.work.order === 'partition') this.#admitInOrder(task)
    else this.#ready.add(completion)
    this.#options.onNews()
  }

  /** The result of the oldest of a partition may come, if it is there. */
  #admitInOrder({ inOrder }: TaskCalls): void {
    const [oldest] = inOrder
    if (oldest?.isDone === true) this.#ready.add(oldest)
  }

  /** The completion whose turn comes next. It stays so until {@link ended}. */
  next(): Completion | undefined {
    if (this.#ready.size === 0) return (this.#current = undefined)
    const [first] = this.#ready
    return (this.#current = first)
  }

  /** Its turn is kept, or it is passed over: its slot is free. */
  ended(completion: Completion): void {
    const task = this.#all.get(completion)
    if (task === undefined) return
    const { operator, work } = task
    this.#ready.delete(completion)
    this.leave(task, completion)
    operator.count--
    if (work.order === 'partition') this.#admitInOrder(task)
    if (work.order === 'key') followUp(operator, completion.request.orderKey)
  }

  /** Whether an operator has no slot left, so that the sequence pauses. */
  get isFull(): boolean {
    if (this.#all.size === 0) return false
    for (const operator of this.#operators.values()) if (operator.isFull) return true
    return false
  }

  /** Whether a call is under way, or its result has to come yet. */
  get isBusy(): boolean {
    if (this.#ready.size > 0) return true
    for (const completion of this.#all.keys()) if (completion.isCalling) return true
    return false
  }

  /** Whether nothing is unfinished, nor waits for its next attempt. */
  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  /** Those of each operator, by its id. */
  get figures(): Record<string, CallFigures> {
    const nowMs = this.#options.clock.elapsed()
    const none = [...this.#operators.keys()].map(({ id }) => [id, { open: 0, oldestMs: 0 }] as const)
    const figures: Record<string, CallFigures> = Object.fromEntries(none)
    for (const { operator, askedMs } of this.#all.keys()) {
      const { open, oldestMs } = present(figures[operator], 'calls are those of operators')
      figures[operator] = { open: open + 1, oldestMs: Math.max(oldestMs, nowMs - askedMs) }
    }
    return figures
  }

  /** What is asked for from here on belongs to a later wave than this. */
  endOfWave(): number {
    return this.#wave++
  }

  /** Whether nothing of this wave, or of an earlier one, is unfinished. */
  isFinished(wave: number): boolean {
    for (const completion of this.#all.keys()) if (completion.wave <= wave) return false
    return true
  }

  /** The application ends: what was asked for stays unfinished. */
  abort(): void {
    const reason = new MillraceError('closed', 'the application ends; the call will be made again by the next instance')
    for (const completion of this.#all.keys()) completion.abort(reason)
    this.#ready.clear()
  }
}

/** The next call of a key begins. */
function followUp(operator: OperatorCalls, orderKey: string): void {
  const others = operator.queues.get(orderKey)
  others?.shift()
  const next = others?.[0]
  if (next === undefined) operator.queues.delete(orderKey)
  else next.call()
}
