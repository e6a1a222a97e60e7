// How an implementation is held to promises: to each as it is, or, where it excepts one, to not keeping it.
import { AsyncLocalStorage } from 'node:async_hooks'
import { onTestFinished } from 'vitest'
import type { Log, ManualClock } from 'millrace'

/** What holds the topics: a directory, or the brokers of Kafka. */
export interface Cluster {
  /** What time it is for it and its clients; only the suite moves it. Undefined where that cannot be had. */
  readonly clock: ManualClock | undefined
  /** A client of its own, as in a process of its own. */
  connect(): Promise<Log>
  /** The process of a client dies, or freezes: its timers do not run any more, and nothing is closed. What it still calls comes too late. */
  crash(client: Log): void
  /** Closes all clients, crashed ones too, and the cluster. */
  close(): Promise<void>
}

export interface Implementation {
  readonly name: string
  /** A cluster without topics. */
  readonly start: () => Promise<Cluster>
  /** A promise that keeps its test waiting for longer is not kept. */
  readonly patienceMs?: number
  /** Promises that it does not keep, and why. */
  readonly exceptions?: Readonly<Record<string, string>>
}

/** What a promise is tried on. */
export interface World extends Pick<Cluster, 'connect' | 'crash'> {
  /** The first client. */
  readonly log: Log
  /** Whoever takes it needs a cluster whose time can be moved, and fails on another. */
  readonly clock: ManualClock
}

/** Promises by their names; each ends without an error where it is kept. */
export type Promises = Readonly<Record<string, (world: World) => Promise<void>>>

/** Long on a machine that has other work, and less than a test may take. */
const patienceMsDefault = 240_000

const patience = new AsyncLocalStorage<number>()

/** How long to wait for what a promise says that comes; what does not come is told before the promise is given up. */
export const waitMs = (): number => (patience.getStore() ?? patienceMsDefault) / 2

/** A cluster with a first client; closed at the end of the running test. */
async function open({ start }: Implementation): Promise<World> {
  const cluster = await start()
  onTestFinished(() => cluster.close())
  return {
    log: await cluster.connect(),
    connect: () => cluster.connect(),
    crash: (client) => cluster.crash(client),
    get clock() {
      if (cluster.clock === undefined) throw new Error('this needs a cluster whose time can be moved')
      return cluster.clock
    },
  }
}

/** Rejects where a promise is not kept, with what was wrong. */
async function keep(promises: Promises, name: string, world: World, patienceMs: number): Promise<void> {
  const holds = promises[name]
  if (holds === undefined) throw new Error(`nothing promises "${name}"`)
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it still waits after ${patienceMs} ms`)), patienceMs)
  })
  await Promise.race([patience.run(patienceMs, () => holds(world)), tooLate]).finally(() => clearTimeout(timer))
}

/** Rejects where a promise is not kept, and where one is kept that the implementation excepts. To be called in a test. */
export async function hold(promises: Promises, name: string, implementation: Implementation): Promise<void> {
  const { patienceMs = patienceMsDefault } = implementation
  const kept = keep(promises, name, await open(implementation), patienceMs)
  const reason = implementation.exceptions?.[name]
  if (reason === undefined) return kept
  const isKept = await kept.then(
    () => true,
    () => false,
  )
  if (isKept) throw new Error(`"${name}" is kept: take it off the exceptions (${reason})`)
}

/** What is wrong with a list of exceptions: names that promise nothing, and reasons that say nothing. */
export function wrongExceptions(promises: Promises, { exceptions = {} }: Implementation): string[] {
  return Object.entries(exceptions)
    .filter(([name, reason]) => !Object.hasOwn(promises, name) || reason.trim() === '')
    .map(([name]) => name)
}
