// When schedules of processors come: a naive evaluator, and the scripts that fast-check draws for it. Partitions
// have nothing to do with each other, so each is evaluated alone.
import fc from 'fast-check'
import { partitionOf } from './naive.ts'

/** A schedule that a processor makes, and what it does when it comes. */
export interface Plan {
  readonly operator: number
  readonly type: 'streamTime' | 'wallClock'
  readonly interval: number
  readonly startMs: number | undefined
  /** At which times modulo 7 it cancels itself. */
  readonly cancelsAt: number
  /** At which times modulo 5 it fails, after all that it does. */
  readonly failsAt: number
}

export interface Sent {
  readonly kind: 'record'
  readonly key: string
  readonly value: number
  readonly timestamp: number
}

export type Action =
  | Sent
  | { readonly kind: 'clock'; readonly ms: number }
  | { readonly kind: 'commit' }
  /** With the interval of a schedule changed, so that it is longer by a number that it never had. */
  | { readonly kind: 'crash'; readonly changes: number | undefined }

export interface Script {
  readonly partitions: number
  /** Of those that are made with the processors. */
  readonly plans: readonly Plan[]
  /** Of those that the first makes with a record. */
  readonly late: Plan
  readonly actions: readonly Action[]
  readonly policy: 'skip' | 'deadLetter'
}

const plan = fc.record({
  operator: fc.nat({ max: 1 }),
  type: fc.constantFrom('streamTime', 'wallClock'),
  interval: fc.integer({ min: 1, max: 20 }),
  startMs: fc.option(fc.nat({ max: 60 }), { nil: undefined }),
  cancelsAt: fc.integer({ min: -6, max: 6 }),
  failsAt: fc.integer({ min: -4, max: 4 }),
}) satisfies fc.Arbitrary<Plan>

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('record'),
      key: fc.constantFrom('a', 'b', 'c', 'ab'),
      value: fc.nat({ max: 40 }),
      timestamp: fc.nat({ max: 100 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('clock'), ms: fc.nat({ max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('commit') }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash'), changes: fc.option(fc.nat(), { nil: undefined }) }),
  },
)

export const scripts: fc.Arbitrary<Script> = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  plans: fc.array(plan, { minLength: 1, maxLength: 4 }),
  late: plan,
  actions: fc.array(action, { minLength: 1, maxLength: 30, size: 'max' }),
  policy: fc.constantFrom('skip', 'deadLetter'),
})

/** What stands of a schedule. */
interface Entry {
  readonly plan: Plan
  readonly key: string
  readonly interval: number
  readonly due: number
  readonly isCancelled: boolean
}

/** What a commit keeps. */
interface State {
  readonly streamTime: number
  /** In the order of the processors, then as they were made. */
  readonly entries: readonly Entry[]
  readonly lines: readonly string[]
  readonly letters: readonly string[]
  readonly done: number
}

const nothing: State = { streamTime: -1, entries: [], lines: [], letters: [], done: 0 }

/** One partition of a script. */
export class Schedules {
  readonly #script: Script
  readonly #partition: number
  readonly #records: Sent[] = []
  #extra: readonly number[]
  #clock = 0
  #committed = nothing
  #state = nothing

  constructor(script: Script, partition: number) {
    this.#script = script
    this.#partition = partition
    this.#extra = script.plans.map(() => 0)
    this.#begin()
  }

  get outcome(): Pick<State, 'lines' | 'letters'> {
    return this.#state
  }

  act(one: Action, extra: readonly number[]): void {
    if (one.kind === 'commit') this.#committed = this.#state
    else if (one.kind === 'clock') this.#clock += one.ms
    else if (one.kind === 'crash') {
      this.#extra = extra
      this.#state = this.#committed
      this.#begin()
    } else if (partitionOf(one.key, this.#script.partitions) === this.#partition) this.#records.push(one)
    this.#run()
  }

  /** The processors are made. What they make goes on where it was, unless its interval is another. */
  #begin(): void {
    const kept = this.#state.entries
    const entries = this.#script.plans.map((plan, index): Entry => {
      const fresh = this.#made(plan, plan.interval + (this.#extra[index] ?? 0), `schedule ${index}`)
      return kept.find(({ key, interval }) => key === fresh.key && interval === fresh.interval) ?? fresh
    })
    this.#set({ entries: entries.toSorted((a, b) => a.plan.operator - b.plan.operator) })
  }

  #made(plan: Plan, interval: number, key: string): Entry {
    const { type, startMs } = plan
    let due = startMs ?? (type === 'streamTime' ? 0 : this.#clock + interval)
    if (type === 'wallClock') while (due <= this.#clock) due += interval
    return { plan, key, interval, due, isCancelled: false }
  }

  #set(change: Partial<State>): void {
    this.#state = { ...this.#state, ...change }
  }

  /** What is due, then a record, as long as there is one of either. */
  #run(): void {
    for (;;) {
      const next = this.#nextDue()
      if (next !== undefined) this.#come(next)
      else if (this.#state.done < this.#records.length) this.#take(this.#records[this.#state.done] as Sent)
      else return
    }
  }

  #nextDue(): Entry | undefined {
    const open = this.#state.entries.filter(({ isCancelled }) => !isCancelled)
    const due = (type: Plan['type'], now: number): readonly Entry[] =>
      open.filter((one) => one.plan.type === type && one.due <= now).toSorted((a, b) => a.due - b.due)
    return due('streamTime', this.#state.streamTime)[0] ?? due('wallClock', this.#clock)[0]
  }

  #come(entry: Entry): void {
    const { plan, key } = entry
    const { streamTime, entries, lines, letters } = this.#state
    const now = plan.type === 'streamTime' ? streamTime : this.#clock
    let { due } = entry
    while (due <= now) due += entry.interval
    const becomes = (isCancelled: boolean): readonly Entry[] =>
      entries.map((one) => (one === entry ? { ...entry, due, isCancelled } : one))
    if (now % 5 === plan.failsAt) this.#set({ entries: becomes(false), letters: [...letters, `null@${now}`] })
    else {
      const line = `${key}=${plan.operator === 0 ? streamTime : now}@${now}`
      this.#set({ entries: becomes(now % 7 === plan.cancelsAt), lines: [...lines, line] })
    }
  }

  #take({ key, value, timestamp }: Sent): void {
    const { streamTime, entries, lines, letters, done } = this.#state
    if (value % 11 === 7) return this.#set({ letters: [...letters, `${key}@${timestamp}`], done: done + 1 })
    const { late } = this.#script
    const now = Math.max(streamTime, timestamp)
    const made = value % 6 === 5 ? [this.#made({ ...late, operator: 0 }, late.interval, 'late')] : []
    this.#set({
      streamTime: now,
      entries: [...entries, ...made].toSorted((a, b) => a.plan.operator - b.plan.operator),
      lines: [...lines, `${key}=${now}@${timestamp}`],
      done: done + 1,
    })
  }
}
