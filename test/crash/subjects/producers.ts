// Several producers of one log, killed and stopped in between: what was acknowledged is there once, whole and in order.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkSeen } from '../checks.ts'
import type { Child } from '../children.ts'
import { Follower } from '../follower.ts'
import { OpenedLog } from '../opened.ts'
import { Processes } from '../processes.ts'
import { checkRounds, type Places, roundTopics } from '../rounds.ts'
import type { EpisodeContext, Subject } from '../subject.ts'

export const producers: Subject = { name: 'producers', run: (context) => new ProducersEpisode(context).run() }

/** Who sends with the producer of the public API, and who repeats batches under their sequence numbers. */
const names = ['a', 'b', 'c', 'repeater'] as const
type Name = (typeof names)[number]

class ProducersEpisode {
  readonly #context: EpisodeContext
  readonly #dir: string
  readonly #processes: Processes
  readonly #follower: Follower
  readonly #working = new Map<Name, Child>()
  readonly #stopped = new Set<Name>()
  readonly #acked = new Map<string, Map<number, Places>>(names.map((name) => [name, new Map()]))
  /** The round that each producer goes on with. */
  #next: ReadonlyMap<string, number> = new Map()
  #reader: Child | undefined
  #opened: OpenedLog

  constructor(context: EpisodeContext) {
    this.#context = context
    this.#dir = join(context.dir, 'log')
    this.#processes = new Processes(context)
    this.#follower = new Follower(this.#processes, context.report)
    this.#opened = new OpenedLog(this.#dir)
  }

  async run(): Promise<void> {
    const { random, tally } = this.#context
    const follows = random.chance(0.7)
    try {
      for (let steps = random.int(8, 20); steps > 0 && !tally.isOver; steps--) {
        if (follows && this.#reader?.isAlive !== true) this.#reader = await this.#follower.start(this.#dir, roundTopics)
        for (const name of names) if (!this.#working.has(name)) await this.#start(name)
        await sleep(random.next() ** 2 * 250)
        if (random.chance(0.4)) await this.#stop(random.pick(names))
        await sleep(random.next() ** 2 * 50)
        await this.#killSome()
        await this.#check()
        if (random.chance(0.6)) this.#goOn()
      }
      this.#goOn()
      await this.#acknowledgeMore()
    } finally {
      await this.#processes.dismiss()
      await this.#opened.log.close()
    }
    this.#opened = new OpenedLog(this.#dir)
    await this.#check()
    await this.#opened.log.close()
  }

  async #start(name: Name): Promise<void> {
    const { random } = this.#context
    const command = { dir: this.#dir, producer: name, pauseMs: random.pick([0, 3, 10]) }
    const hear = (word: string, rest: string): void => this.#hear(name, word, rest)
    if (name === 'repeater') {
      // It does not know whether its last batch was appended, and repeats some of those before it.
      const firstRound = Math.max(0, (this.#acked.get(name)?.size ?? 0) - random.int(0, 3))
      this.#working.set(name, await this.#processes.employ({ ...command, role: 'repeater', firstRound }, hear))
      return
    }
    const options = {
      batchBytes: random.pick([300, 4_096, 131_072]),
      compression: random.pick(['none', 'snappy'] as const),
      lingerMs: random.pick([0, 0, 5]),
    }
    const firstRound = this.#next.get(name) ?? 0
    this.#working.set(name, await this.#processes.employ({ ...command, role: 'producer', firstRound, options }, hear))
  }

  #hear(name: Name, word: string, rest: string): void {
    const { report, tally } = this.#context
    if (word === 'repeated') tally.count('repeated batches')
    if (word !== 'acked') return
    const [round, ...places] = rest.split(' ')
    const rounds = this.#acked.get(name) as Map<number, Places>
    const before = rounds.get(Number(round))
    if (before !== undefined && before.join() !== places.join()) {
      report(`A8 round ${round} of ${name} was at ${before.join()}, and when it was repeated at ${places.join()}`)
    }
    if (before === undefined) tally.count('rounds')
    rounds.set(Number(round), places)
  }

  async #stop(name: Name): Promise<void> {
    const child = this.#working.get(name)
    if (child === undefined || this.#stopped.has(name)) return
    await this.#processes.stop(child)
    this.#stopped.add(name)
  }

  #goOn(): void {
    for (const name of this.#stopped) this.#working.get(name)?.signal('SIGCONT')
    this.#stopped.clear()
  }

  /** One of them, some, or all. */
  async #killSome(): Promise<void> {
    const { random, tally } = this.#context
    const dice = random.next()
    const victims = dice < 0.7 ? [random.pick(names)] : dice < 0.85 ? names.filter(() => random.chance(0.5)) : names
    const children = victims.map((name) => this.#working.get(name) as Child)
    const reader = this.#reader !== undefined && random.chance(0.2) ? [this.#reader] : []
    await this.#processes.kill(...children, ...reader)
    for (const name of victims) {
      this.#working.delete(name)
      this.#stopped.delete(name)
    }
    if (!this.#processes.isEmpty) return
    // Whoever opens a log that nobody has open puts it in order.
    tally.count('opened alone')
    await this.#opened.log.close()
    this.#opened = new OpenedLog(this.#dir)
  }

  async #check(): Promise<void> {
    const { report, tally } = this.#context
    const acked = new Map([...this.#acked].map(([name, rounds]) => [name, new Map(rounds)]))
    const { seen } = this.#follower
    this.#opened.settle()
    const topics = await this.#opened.readAtOnce(roundTopics)
    const { violations, next } = checkRounds(topics, acked)
    checkSeen(topics, seen, report)
    for (const violation of [...violations, ...(await this.#opened.problems())]) report(violation)
    this.#next = next
    tally.count('checks')
  }

  /** Whoever is alive goes on, also after a stop. */
  async #acknowledgeMore(): Promise<void> {
    const before = new Map([...this.#working.keys()].map((name) => [name, this.#acked.get(name)?.size ?? 0]))
    await this.#processes.until('another round of everybody', () =>
      [...before].every(([name, rounds]) => (this.#acked.get(name)?.size ?? 0) > rounds),
    )
  }
}
