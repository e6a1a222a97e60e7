// A double around each operator of a topology: it sees whether the operator keeps to the contract of src/plan/operator.ts.
// What runs is the topology itself, in the engine; only what goes in and comes out of an operator passes through here.
import { inspect } from 'node:util'
import { Observable } from 'rxjs'
import type { Carrier } from '../../src/plan/carrier.ts'
import type { OperatorNode, PlanNode } from '../../src/plan/node.ts'
import type { CarrierObserver, OperatorContext, OperatorFactory, Release } from '../../src/plan/operator.ts'
import { profile } from '../../src/plan/profile.ts'
import { PassingSubscriber } from '../../src/plan/subscriber.ts'
import { Topology } from '../../src/plan/topology.ts'
import { withNodes } from '../../src/plan/with-nodes.ts'

/** What an operator of a topology did, and what it may not do. */
export interface Strict {
  readonly topology: Topology
  /** Each as a sentence; also thrown where it happens. */
  readonly faults: readonly string[]
  /** How many carriers each operator has been given, and has emitted; by its id. */
  readonly taken: ReadonlyMap<string, number>
  readonly emitted: ReadonlyMap<string, number>
}

/** How many carriers that it has emitted an operator is watched with: whoever takes them may hold them for a while. */
const watchedMax = 20

/** The operator whose own code runs now: not what it calls downstream, nor the engine that calls it. */
let working: { readonly id: string; readonly faults: string[] } | undefined

/** Says whose code runs. */
function as<T>(who: typeof working, run: () => T): T {
  const before = working
  working = who
  try {
    return run()
  } finally {
    working = before
  }
}

function fault(faults: string[], sentence: string): Error {
  faults.push(sentence)
  return new Error(sentence)
}

/** The same topology, in which each operator is watched. */
export function strict(given: Topology): Strict {
  const faults: string[] = []
  const taken = new Map<string, number>()
  const emitted = new Map<string, number>()
  const change = (node: PlanNode): PlanNode =>
    node.kind === 'operator' ? { ...node, operator: watched(node, { faults, taken, emitted }) } : node
  return { topology: withNodes(given, change), faults, taken, emitted }
}

/** Lets no operator read a clock, or throw dice, until what it returns is called. */
export function withoutClocks(): () => void {
  const { Date: realDate } = globalThis
  const { random } = Math
  const now = performance.now.bind(performance)
  const { hrtime } = process
  const refuse = (what: string): void => {
    if (working !== undefined) throw fault(working.faults, `${working.id} asks ${what}`)
  }
  globalThis.Date = new Proxy(realDate, {
    construct(target, args: readonly unknown[]) {
      if (args.length === 0) refuse('for the date')
      return Reflect.construct(target, args) as object
    },
    get: (target, name) => {
      if (name === 'now') refuse('for the time')
      return Reflect.get(target, name) as unknown
    },
  })
  Math.random = () => (refuse('for a random number'), random())
  performance.now = () => (refuse('for the time that has passed'), now())
  process.hrtime = Object.assign((from?: [number, number]) => (refuse('for the time of the system'), hrtime(from)), {
    bigint: () => (refuse('for the time of the system'), hrtime.bigint()),
  })
  // The engine measures what operators take, now and then.
  const [enter, leave] = [profile.enter.bind(profile), profile.leave.bind(profile)]
  profile.enter = (worker) => as(undefined, () => enter(worker))
  profile.leave = () => as(undefined, leave)
  return () => {
    Object.assign(profile, { enter, leave })
    Object.assign(globalThis, { Date: realDate })
    Object.assign(Math, { random })
    Object.assign(performance, { now })
    Object.assign(process, { hrtime })
  }
}

interface Records {
  readonly faults: string[]
  readonly taken: Map<string, number>
  readonly emitted: Map<string, number>
}

function watched({ id, operator }: OperatorNode, records: Records): OperatorFactory {
  return (context) => {
    const watch = new Watch(id, records)
    const inner = watch.own(() => operator(watch.context(context)))
    return (...inputs) =>
      new Observable<Carrier>((out) => {
        const outlet = watch.outlet(out)
        const watchedInputs = inputs.map(
          (input) =>
            new Observable<Carrier>((to) => {
              const feed: CarrierObserver = {
                next: (carrier) => watch.given(carrier, (copy) => to.next(copy)),
              }
              return input.subscribe(new PassingSubscriber(feed))
            }),
        )
        return inner(...watchedInputs).subscribe(new PassingSubscriber(outlet))
      })
  }
}

/** One operator in one task. */
class Watch {
  readonly #id: string
  readonly #records: Records
  /** How many calls of it are under way. */
  #depth = 0
  /** What it was given in these calls, each with what that looked like. */
  #given: { readonly copy: Carrier; readonly before: string }[] = []
  /** The carriers that its copies stand for. */
  readonly #originals = new WeakMap<Carrier, Carrier>()
  #emitted: { readonly carrier: Carrier; readonly before: string }[] = []

  constructor(id: string, records: Records) {
    this.#id = id
    this.#records = records
  }

  /** Runs the operator's own code. */
  own<T>(run: () => T): T {
    return as({ id: this.#id, faults: this.#records.faults }, run)
  }

  /** Runs what the operator calls, which is not its own. */
  #others<T>(run: () => T): T {
    return as(undefined, run)
  }

  /** Hands it a carrier of its own, which is gone when it returns. */
  given(carrier: Carrier, take: (copy: Carrier) => void): void {
    count(this.#records.taken, this.#id)
    this.job(carrier, take)
  }

  /** As {@link given}, of the carrier of a job. */
  job<T>(carrier: Carrier, take: (copy: Carrier) => T): T {
    const copy = copyOf(carrier)
    this.#originals.set(copy, carrier)
    this.#given.push({ copy, before: shown(copyOf(carrier)) })
    return this.call(() => take(copy))
  }

  /** A call of the operator: what it emits is emitted in one. */
  call<T>(run: () => T): T {
    this.#depth++
    try {
      const result = this.own(run)
      this.#compare()
      return result
    } finally {
      this.#depth--
      if (this.#depth === 0) for (const { copy } of this.#given.splice(0)) this.#end(copy)
    }
  }

  #compare(): void {
    const { faults } = this.#records
    for (const [what, carriers] of [
      ['was given', this.#given.map(({ copy, before }) => ({ carrier: copy, before }))],
      ['has emitted', this.#emitted],
    ] as const) {
      for (const { carrier, before } of carriers) {
        const after = shown(what === 'was given' ? carrier : copyOf(carrier))
        if (after !== before) throw fault(faults, `${this.#id} changes what it ${what}: ${before} to ${after}`)
      }
    }
  }

  /** Makes a carrier useless: whatever is asked of it is a fault. */
  #end(copy: Carrier): void {
    const kept = (): never => {
      throw fault(this.#records.faults, `${this.#id} has kept a carrier`)
    }
    for (const name of Object.keys(copy)) Reflect.deleteProperty(copy, name)
    Object.setPrototypeOf(copy, new Proxy({}, { get: kept, has: kept, set: kept }))
  }

  #real(carrier: Carrier): Carrier {
    return this.#originals.get(carrier) ?? carrier
  }

  /** A way out of the operator. */
  outlet(to: CarrierObserver): CarrierObserver {
    return {
      next: (carrier) => {
        if (this.#depth === 0) throw fault(this.#records.faults, `${this.#id} emits when it is not called`)
        count(this.#records.emitted, this.#id)
        const real = this.#real(carrier)
        this.#emitted.push({ carrier: real, before: shown(copyOf(real)) })
        if (this.#emitted.length > watchedMax) this.#emitted.shift()
        this.#others(() => to.next(real))
      },
    }
  }

  #outletOf(to: CarrierObserver | undefined): CarrierObserver | undefined {
    return to === undefined ? undefined : this.outlet(to)
  }

  /** The operator's context: it calls the operator through the watch, and gets no copy to keep. */
  context(context: OperatorContext): OperatorContext {
    // It is filled when what follows is made.
    const children = new Proxy(context.children, {
      get: (target, name) => {
        if (name === 'get') return (id: string) => this.#outletOf(target.get(id))
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
    const own: Partial<OperatorContext> = {
      children,
      port: (name) => this.outlet(context.port(name)),
      drop: (reason, carrier, port) => this.#others(() => context.drop(reason, this.#real(carrier), port)),
      schedule: (intervalMs, type, punctuator, options) =>
        context.schedule(intervalMs, type, (now, job) => this.job(job, (copy) => punctuator(now, copy)), options),
      release: (release) => this.#release(context, release),
      calls: (work) => {
        const ask = context.calls({
          concurrency: work.concurrency,
          order: work.order,
          timeoutMs: work.timeoutMs,
          retries: work.retries,
          call: (record, call) => work.call(record, call),
          finish: (request, result, job) => this.job(job, (copy) => work.finish(request, result, copy)),
          passOver: (request) => this.call(() => work.passOver(request)),
          keep: (request) => this.own(() => work.keep(request)),
          unfinished: () => work.unfinished(),
        })
        return (request) => this.#others(() => ask(request))
      },
      whenIdle: (close) => context.whenIdle(() => this.call(close)),
      onClose: (close) => context.onClose(() => this.own(close)),
    }
    return new Proxy(context, {
      get: (target, name) => {
        if (Object.hasOwn(own, name)) return Reflect.get(own, name) as unknown
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: readonly unknown[]) => this.#others(() => Reflect.apply(value, target, args) as unknown)
      },
    })
  }

  #release(context: OperatorContext, release: Release): ReturnType<OperatorContext['release']> {
    const ask = context.release({
      next: (max, job) => this.job(job, (copy) => release.next(max, copy)),
      skip: () => this.call(() => release.skip()),
    })
    return (now) => this.#others(() => (now === undefined ? ask() : ask(this.#real(now))))
  }
}

function count(of: Map<string, number>, id: string): void {
  of.set(id, (of.get(id) ?? 0) + 1)
}

/** Another carrier of the same record, with the same origin. */
function copyOf(carrier: Carrier): Carrier {
  if (carrier.isOlderVersion) return carrier.withOlderVersion(carrier.value, undefined)
  return carrier.hasOld ? carrier.withOld(carrier.old) : carrier.withTimestamp(carrier.timestamp)
}

/** All that can be said of a carrier; bytes that cannot be decoded are a fault of the record, and not of this. */
function shown(carrier: Carrier): string {
  const { root } = carrier
  const { failure } = root
  const part = (read: () => unknown): string => {
    try {
      return inspect(read(), { depth: 9 })
    } catch (error) {
      return String(error)
    } finally {
      root.failure = failure
    }
  }
  const { timestamp, headers, isOlderVersion, hasOld } = carrier
  const old = hasOld ? ` in place of ${part(() => carrier.old)}` : ''
  const version = isOlderVersion ? ' an older version' : ''
  return `${part(() => carrier.key)}=${part(() => carrier.value)}@${timestamp}${old}${version} ${part(() => headers)}`
}
