// Two versions of an application live, one after the other and back, while records come, either of them is killed, and readers
// look on. What they leave, and what anyone sees meanwhile, is held against the naive evaluator of the model.
import fc from 'fast-check'
import type { Application, Log, Replay, SwitchOutputs } from 'millrace'
import { startStreams } from 'millrace'
import { expect, vi } from 'vitest'
import { present } from '../../src/core/assert.ts'
import type { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { turns } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { startReplay } from '../support/replays.ts'
import type { Case } from '../model/cases.ts'
import type { NumberTopic } from '../model/sides.ts'
import { type Act, type Episode, episodes, secondOf } from './episodes.ts'
import { Follower } from './follower.ts'
import { linesIn } from './lines.ts'
import { ModelledTopics, type SwitchPlaces } from './modelled-topics.ts'
import { countAt, inOrder, ModelledVersion } from './modelled-version.ts'
import { Onlooker } from './onlooker.ts'

const applicationId = 'app'
const nameOf = (version: number): string => `v${version + 1}`

/** What has happened, so that a test knows that it has tested something. */
interface Seen {
  switches: number
  written: number
  samples: number
  delivered: number
}

/** Draws episodes, and lets two versions live through each of them. */
export async function checkLives(seed: number, numRuns: number): Promise<void> {
  const seen: Seen = { switches: 0, written: 0, samples: 0, delivered: 0 }
  await fc.assert(
    fc.asyncProperty(episodes, (episode) => live(episode, seen)),
    { seed, numRuns },
  )
  expect(seen.switches).toBeGreaterThan(numRuns / 2)
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0)
}

export async function live(episode: Episode, seen: Seen): Promise<void> {
  const lives = new Lives(episode)
  try {
    await lives.run()
  } finally {
    await lives.close()
  }
  for (const name of Object.keys(seen) as (keyof Seen)[]) seen[name] += lives.seen[name]
}

class Lives {
  readonly seen: Seen = { switches: 0, written: 0, samples: 0, delivered: 0 }
  readonly #mode: SwitchOutputs
  /** Whether both versions do the same. */
  readonly #isSame: boolean
  readonly #acts: readonly Act[]
  readonly #drawn: Case
  readonly #log: Log
  readonly #embedded: EmbeddedLog
  readonly #versions: readonly ModelledVersion[]
  readonly #topics: ModelledTopics
  readonly #onlooker: Onlooker
  readonly #follower: Follower | undefined
  #sent = 0
  #live = 0
  #app: Application | Replay | undefined
  #beside: Replay | undefined
  /** Whether the other version stands beside the live one. */
  #stands = false
  /** Whether the version that left last has been run beside the live one since. */
  #hasFollowed = false
  /** Whether one became the live one again that had not caught up. */
  #wentBack = false

  constructor({ drawn, isSpread, change, mode, acts }: Episode) {
    this.#mode = mode
    this.#isSame = change === null
    this.#acts = acts
    this.#drawn = inOrder(drawn, isSpread)
    const second = secondOf(this.#drawn, change)
    const writesTables = mode === 'correct'
    this.#versions = [this.#drawn, second].map((one) => new ModelledVersion(one, writesTables))
    const views = this.#versions.flatMap((version) => version.views)
    for (const version of this.#versions) version.leaveOut(views)
    this.#topics = new ModelledTopics(this.#versions)
    const { log, embedded } = openTestLog()
    this.#log = log
    this.#embedded = embedded
    this.#onlooker = new Onlooker(log, embedded, this.#versions, this.#topics, this.#drawn)
    const followed = this.#versions[0]?.outputs.find(({ name }) => this.#outputs(1).some((one) => one.name === name))
    this.#follower = followed && new Follower(log, embedded, followed, this.#topics, this.#drawn.records.length)
  }

  #outputs(version: number): readonly NumberTopic[] {
    return this.#versions[version]?.outputs ?? []
  }

  async run(): Promise<void> {
    for (const index of [0, 1, 2, 3]) {
      const input = this.#versions[0]?.inputs[index] as NumberTopic
      await this.#log.admin.createTopic(input)
    }
    await this.#startLive()
    for (const act of this.#acts) {
      await this.#do(act)
      this.#onlooker.check()
      await this.#checkOrder()
    }
    await this.#end()
  }

  async #do({ act, detail }: Act): Promise<void> {
    switch (act) {
      case 'send':
        return this.#send(1 + (detail % 5))
      case 'rest':
        return turns(detail % 20)
      case 'killLive': // the one before has not closed, and loses what it has not committed
        return this.#startLive()
      case 'stopLive':
        await this.#app?.close()
        this.#app = undefined
        await this.#send(detail % 3)
        return this.#beside?.caughtUp()
      case 'killBeside':
        return this.#startBeside()
      case 'stopBeside':
        await this.#beside?.close()
        this.#beside = undefined
        return
      case 'pauseBeside':
        await this.#beside?.pause()
        await turns(detail)
        return this.#beside?.resume()
      case 'read':
        for (const topic of this.#outputs(this.#live)) this.#onlooker.read(topic)
        return
      case 'follow':
        return this.#follower?.take(detail % 4)
      case 'compare':
        return this.#compare(detail)
      case 'breakOff':
        return this.#breakOff(detail)
      case 'switch':
        return this.#switch(detail)
    }
  }

  async #send(count: number): Promise<void> {
    const producer = this.#log.producer()
    for (let left = count; left > 0 && this.#sent < this.#drawn.records.length; left--) {
      const { topic, key, value, timestamp, headers } = this.#drawn.records[this.#sent++] as Case['records'][number]
      const [name = '', text = ''] = headers.split('=')
      const list = headers === '' ? [] : [{ key: name, value: Buffer.from(text) }]
      await producer.send(this.#versions[0]?.inputs[topic] as NumberTopic, { key, value, timestamp, headers: list })
    }
  }

  async #startLive(): Promise<void> {
    const { topology } = this.#versions[this.#live] as ModelledVersion
    this.#app = await startStreams(topology, {
      log: this.#log,
      applicationId,
      version: nameOf(this.#live),
      commit: { everyRecords: 1 + (this.#sent % 4) },
      onError: this.#onError,
    })
    void this.#app.stopped.catch(() => undefined) // whoever is killed here says so, and nobody is there to hear it
    this.#topics.writes(this.#live, await this.#countOf(this.#live), true)
    this.#onlooker.begin(this.#live)
  }

  async #startBeside(): Promise<void> {
    const other = 1 - this.#live
    const { topology } = this.#versions[other] as ModelledVersion
    this.#beside = await startReplay(this.#log, topology, {
      version: nameOf(other),
      onError: this.#onError,
      effects: 'run',
    })
    this.#topics.writes(other, this.#stands ? await this.#countOf(other) : 0, false)
    this.#stands = this.#hasFollowed = true
  }

  get #onError(): 'skip' | 'deadLetter' {
    return this.#drawn.policy === 'skip' ? 'skip' : 'deadLetter'
  }

  /**
   * How many records there are up to the last one that the live version reads: a version beside it goes no further in
   * time, in topics that the live one does not read.
   */
  async #lastOfLive(): Promise<number> {
    const { reads } = await this.#log.admin.describeApplication(applicationId)
    return 1 + this.#drawn.records.findLastIndex(({ topic }) => reads.includes(`in-${topic}`))
  }

  /** How many records of the input a version has committed. */
  async #countOf(version: number): Promise<number> {
    const { reads, positions } = await this.#log.admin.describeApplication(applicationId, { version: nameOf(version) })
    const { partitions } = this.#drawn
    const offsets = Object.fromEntries(reads.map((topic) => [topic, Array<number>(partitions).fill(0)]))
    for (const { topic, partition, offset } of positions) {
      const list = offsets[topic]
      if (list !== undefined) list[partition] = offset
    }
    return countAt(this.#drawn, offsets)
  }

  async #bothRun(): Promise<Replay> {
    if (this.#app === undefined) await this.#startLive()
    if (this.#beside === undefined) await this.#startBeside()
    return present(this.#beside, 'it was started')
  }

  /** While records come: of versions that are the same nothing differs. */
  async #compare(detail: number): Promise<void> {
    const beside = await this.#bothRun()
    const sending = this.#send(detail % 4)
    const report = await beside.compare()
    await sending
    if (!this.#isSame) return
    expect([...report.stores, ...report.topics].filter(({ samples }) => samples.length > 0)).toEqual([])
    expect(report.isEqual).toBe(true)
  }

  /** Whoever switches dies in the middle, and nothing has been exchanged: perhaps the live version has to be started again. */
  async #breakOff(detail: number): Promise<void> {
    await this.#bothRun()
    if (await this.#isRefused(1 - this.#live)) return
    const { environment } = this.#embedded
    const inTurn = environment.inTurn.bind(environment)
    let left = detail % 2
    const spy = vi.spyOn(environment, 'inTurn').mockImplementation((work) => {
      // Of the switch alone: the applications commit otherwise.
      if (new Error().stack?.includes('switchVersion') !== true || left-- > 0) return inTurn(work)
      throw new Error('broken off')
    })
    const outputs = this.#mode
    const switching = this.#log.admin.switchVersion(applicationId, nameOf(1 - this.#live), { outputs })
    await expect(switching).rejects.toThrow('broken off')
    spy.mockRestore()
    return this.#startLive()
  }

  /** A version beside the live one that has not gone back has read no more than that one. */
  async #checkOrder(): Promise<void> {
    if (this.#beside === undefined || this.#wentBack) return
    const count = await this.#countOf(1 - this.#live)
    expect(count).toBeLessThanOrEqual(await this.#countOf(this.#live))
  }

  async #switch(detail: number): Promise<void> {
    const [from, to] = [this.#live, 1 - this.#live]
    // One that was live before goes on where it stood, unless it was run as a replay since.
    const hasStood = this.seen.switches > 0 && this.#beside === undefined && !this.#hasFollowed
    const goesBack = hasStood && this.#mode === 'replace' && detail % 2 === 0
    if (!goesBack) {
      await this.#bothRun()
    }
    if (await this.#isRefused(to)) return
    this.#onlooker.switches(to)
    const sending = this.#send(detail % 3)
    const outputs = this.#mode
    if (detail % 3 === 0 && this.#beside !== undefined) await this.#beside.switch({ outputs })
    else if (this.seen.switches > 0 && detail % 3 === 1) await this.#log.admin.switchBack(applicationId, { outputs })
    else await this.#log.admin.switchVersion(applicationId, nameOf(to), { outputs })
    await sending
    const { switches } = await this.#log.admin.describeApplication(applicationId)
    const places = { leaving: await this.#countOf(from), coming: this.#countIn(switches.at(-1)?.positions ?? []) }
    expect(switches).toHaveLength(this.seen.switches + 1)
    if (goesBack) this.#wentBack = true
    else expect(places.coming).toBe(places.leaving)
    if (outputs === 'replace') this.#topics.replaced(from, to, places)
    else if (outputs === 'continue') this.#topics.continued(from, to, places)
    else this.#corrected(from, to, places)
    this.#follower?.switched(outputs, places)
    this.#onlooker.begin(to)
    this.#app = this.#beside
    this.#beside = undefined
    this.#live = to
    this.#hasFollowed = false
    this.seen.switches++
    if (this.#app === undefined) await this.#startLive()
  }

  #corrected(from: number, to: number, places: SwitchPlaces): void {
    const appended = (name: string, count: number) => linesIn(this.#embedded, name).slice(count)
    for (const one of this.#topics.corrected(from, to, places, this.seen.switches + 1, appended)) {
      expect(one.appended).toEqual(one.expected)
    }
  }

  /** Events are not corrected, and what is late is an event. A topic that is not there yet has none. */
  async #isRefused(to: number): Promise<boolean> {
    const outputs = this.#mode
    const names = this.#topics.names.filter((name) => this.#outputs(to).some((output) => output.name === name))
    if (outputs !== 'correct' || !names.some((name) => name.startsWith('late'))) return false
    const plan = await this.#log.admin.switchVersion(applicationId, nameOf(to), { outputs, dryRun: true })
    expect(plan.refusals).toContainEqual(expect.stringContaining('holds events'))
    return true
  }

  #countIn(positions: readonly { readonly topic: string; readonly partition: number; readonly offset: number }[]) {
    const { partitions } = this.#drawn
    const offsets: Record<string, number[]> = {}
    for (const { topic, partition, offset } of positions) {
      const list = (offsets[topic] ??= Array<number>(partitions).fill(0))
      list[partition] = offset
    }
    return countAt(this.#drawn, offsets)
  }

  /** Everything is read to its end, and is what it has to be. */
  async #end(): Promise<void> {
    const count = this.#drawn.records.length
    await this.#send(count)
    if (this.#app === undefined) await this.#startLive()
    await this.#app?.caughtUp()
    if (this.#stands) {
      if (this.#beside === undefined) await this.#startBeside()
      await this.#beside?.caughtUp()
    }
    this.#onlooker.check()
    this.#onlooker.checkRows(this.#live, count)
    await this.#onlooker.checkReadings()
    await this.#follower?.end()
    for (const name of this.#topics.names) {
      const lines = linesIn(this.#embedded, name)
      expect({ [name]: lines }).toEqual({ [name]: this.#topics.lines(name, count) })
      this.seen.written += lines.length
    }
    const other = 1 - this.#live
    const reached = await this.#lastOfLive()
    // What a correction overwrites goes there too.
    for (const name of this.#mode === 'correct' ? [] : this.#topics.ownNames(other)) {
      const hidden = `${name}@${applicationId}@${nameOf(other)}`
      expect({ [hidden]: linesIn(this.#embedded, hidden) }).toEqual({
        [hidden]: this.#topics.ownLines(other, name, reached),
      })
    }
    expect((await this.#log.admin.verify({ deep: true })).problems).toEqual([])
    this.seen.samples = this.#onlooker.samples
    this.seen.delivered = this.#follower?.delivered ?? 0
  }

  async close(): Promise<void> {
    this.#onlooker.close()
    await this.#beside?.close().catch(() => undefined) // what has failed it is told where it was waited for
    await this.#app?.close().catch(() => undefined) // the same
    await this.#log.close()
  }
}
