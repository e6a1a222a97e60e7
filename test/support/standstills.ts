// An application that may stand still, in a process that can hang, as anyone sees it in one look.
import {
  type Application,
  type Log,
  ManualClock,
  minutes,
  type Standstill,
  type StreamsOptions,
  string,
  topic,
  type Topology,
} from 'millrace'
import { expect } from 'vitest'
import { decodeEntries, openCallsCell } from '../../src/core/stored-progress.ts'
import { start, until } from './applications.ts'
import { openTestLog } from './open.ts'
import { ProcessClock } from './process-clock.ts'
import { Service } from './service.ts'
import { topologyOf } from './topology.ts'
import { words } from './topics.ts'

export const copying = topologyOf((builder) =>
  builder.stream(words).to(topic('heard', { key: string(), value: string() })),
)

/** What is read is not committed before the test is over: as of a process that does not return from a function. */
export const uncommitted = { commit: { everyMs: minutes(600), everyRecords: 1_000_000 } }

export class World {
  readonly time = new ManualClock(1_000_000_000)
  /** That of the process which runs the application: while it hangs no timer runs, and everyone's time goes on. */
  readonly clock = new ProcessClock(this.time)
  readonly #opened = openTestLog(undefined, { clock: this.clock })
  readonly log: Log = this.#opened.log

  /** What anyone sees of the application in one look. */
  async look(): Promise<Standstill | null> {
    const [seen] = await this.log.admin.applications()
    const described = await this.log.admin.describeApplication('app')
    expect(described.standstill).toEqual(seen?.standstill)
    return seen?.standstill ?? null
  }

  async send(count: number, { partition = 0, timestamp = this.time.now() } = {}): Promise<void> {
    await this.log.producer().sendMany(
      words,
      Array.from({ length: count }, (_, at) => ({ key: 'a', value: `${at}`, timestamp, partition })),
    )
  }

  start(topology: Topology = copying, options: Partial<StreamsOptions> = {}): Promise<Application> {
    return start(this.log, topology, options)
  }

  /** Calls that are never answered, two at a time, of five that there are to make. */
  async startCalling(options: Partial<StreamsOptions> = {}): Promise<void> {
    const service = new Service()
    const calling = topologyOf((builder) =>
      builder
        .stream(words)
        .mapAsync(service.fn, { concurrency: 2, timeoutMs: minutes(1_000), name: 'ask' })
        .to(topic('heard', { key: string(), value: string() })),
    )
    await this.send(5)
    await this.start(calling, options)
    await until(() => service.open.length === 2)
    await until(async () => (await this.lag()) === 3)
  }

  /** Calls that are open as of the last commit. */
  get committedCalls(): number {
    const { embedded } = this.#opened
    embedded.refresh()
    const cells = embedded.applications
      .progress('app')
      .flatMap(({ progress }) => (progress === undefined ? [] : Object.values(decodeEntries(progress).cells)))
    return cells.reduce((total, { [openCallsCell]: open = 0 }) => total + open, 0)
  }

  async lag(): Promise<number> {
    return (await this.log.admin.describeApplication('app')).lag
  }
}
