// The world in which the examples of docblocks run. Each finds every public name of millrace, the topics and stores below, and
// what World makes, under its names. What it builds on `builder` runs over the clicks when it is through.
import {
  type Application,
  int64,
  json,
  keyValueStore,
  type Log,
  type MillraceError,
  minutes,
  openLog,
  replay,
  type Replay,
  sessionStore,
  SessionWindows,
  startStreams,
  StreamsBuilder,
  string,
  TimeWindows,
  topic,
  type Topology,
  windowed,
  windowStore,
} from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'

export interface Click {
  readonly page: string
  readonly status: number
  readonly bytes: number
}

export const clicks = topic('clicks', { key: string(), value: json<Click>() })
export const missing = topic('missing', { key: string(), value: json<Click>() })
export const perAddress = topic('clicks-per-address', { key: string(), value: int64() })
export const perMinute = topic('clicks-per-minute', { key: windowed(string(), { size: minutes(1) }), value: int64() })
export const totals = keyValueStore('totals', { key: string(), value: int64() })
export const counts = windowStore('counts', { key: string(), value: int64() })
export const visits = sessionStore('visits', { key: string(), value: int64() })

export class World {
  readonly #open: { close(): void | Promise<void> }[] = []
  #isBuilderUsed = false

  /** A log of a few clicks. */
  readonly log = once(async (): Promise<Log> => {
    const log = this.#keep(await openLog('./log'))
    const value = { page: '/', status: 200, bytes: 512 }
    await log.producer().sendMany(clicks, [
      { key: '10.0.0.1', value, timestamp: 0 },
      { key: '10.0.0.2', value: { ...value, page: '/cart', status: 404 }, timestamp: 1_000 },
      { key: '10.0.0.1', value: { ...value, status: 500 }, timestamp: 2_000 },
    ])
    return log
  })
  readonly builder = once(() => {
    this.#isBuilderUsed = true
    return new StreamsBuilder()
  })
  /** Of the builder: the clicks, the clicks by address, and how many each address has. */
  readonly stream = once(() => this.builder().stream(clicks))
  readonly grouped = once(() => this.stream().groupByKey())
  readonly table = once(() => this.grouped().count())
  /** Keeps `totals` and `counts` by page and `visits` by address, and writes `perMinute`. */
  readonly topology = once(() => {
    const builder = new StreamsBuilder()
    const pages = builder.stream(clicks).groupBy(({ value }) => value.page, { key: string() })
    pages.count({ store: totals })
    const windows = pages.windowedBy(TimeWindows.of({ size: minutes(1) }))
    windows.count({ store: counts, name: 'count-per-minute' }).toStream().to(perMinute)
    const visiting = builder
      .stream(clicks)
      .groupByKey()
      .windowedBy(SessionWindows.of({ gap: minutes(30) }))
    visiting.count({ store: visits })
    return builder.build()
  })
  /** The topology on the log, caught up; and on a log of its own. */
  readonly app = once(() => this.#start(this.topology(), 'pages'))
  /** A version of it beside, with the same topology. */
  readonly v2 = once(async (): Promise<Replay> => {
    // An example may make it the live version.
    void (await this.app()).stopped.catch((error: MillraceError) => {
      if (error.code !== 'superseded') throw error
    })
    const log = await this.log()
    return this.#keep(await replay(this.topology(), { log, applicationId: 'pages', version: 'v2' }))
  })
  readonly driver = once(() => this.#keep(new TopologyTestDriver(this.topology())))

  /** Runs an example and what it built; fails as they do. */
  async run(example: (world: World) => Promise<void>): Promise<void> {
    try {
      await example(this)
      if (this.#isBuilderUsed) await this.#start(this.builder().build(), 'built')
    } finally {
      for (const open of this.#open.toReversed()) await open.close()
    }
  }

  /** Runs what an example built by itself over the topics of the log. */
  async runs(topology: Topology): Promise<void> {
    await this.#start(topology, 'its-own')
  }

  async #start(topology: Topology, applicationId: string): Promise<Application> {
    const app = this.#keep(await startStreams(topology, { log: await this.log(), applicationId }))
    await app.caughtUp()
    return app
  }

  #keep<T extends { close(): void | Promise<void> }>(open: T): T {
    this.#open.push(open)
    return open
  }
}

/** Makes a thing when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: readonly [T] | undefined
  return () => (made ??= [make()])[0]
}
