// Versions of an application that are begun, replayed, switched to, switched back from and deleted, while it works: whoever is killed or
// frozen, one version is live, and stores and outputs are what the input makes of them.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SwitchOutputs } from '../../../src/index.ts'
import type { Child } from '../children.ts'
import { OpenedLog } from '../opened.ts'
import { Processes } from '../processes.ts'
import { fencedExitCode } from '../programs/counter.ts'
import type { EpisodeContext, Subject } from '../subject.ts'
import { isAtEnd, readDownstream, turnovers } from '../downstream.ts'
import { Adder, type StartingOver } from '../version-adder.ts'
import { Bill } from '../version-bill.ts'
import { checkVersions } from '../version-checks.ts'
import {
  glanceAt,
  type KeptVersion,
  readVersions,
  type VersionContents,
  type VersionGlance,
} from '../version-contents.ts'
import { VersionHistory } from '../version-history.ts'
import { answers, clicks, restResults, results } from '../versioned.ts'

export const replay: Subject = { name: 'replay', run: (context) => new ReplayEpisode(context).run() }

type From = 'beginning' | 'live'

const first = 'v1'
const besideMax = 2
/** A switch that waits for more records than this takes long. */
const near = 40
/** Errors that say that something cannot be done as things are: part of the game. */
const refusals = new Set([
  'behind',
  'switch_refused',
  'version_unknown',
  'application_running',
  'version_live',
  'closed',
  'superseded',
])

class ReplayEpisode {
  readonly #context: EpisodeContext
  readonly #dir: string
  readonly #processes: Processes
  readonly #opened: OpenedLog
  /** Whether the application has calls: their answers are events, which cannot be corrected. */
  readonly #asks: boolean
  readonly #history: VersionHistory
  readonly #bill: Bill
  readonly #adder: Adder
  #feeder: Child | undefined
  #live: Child | undefined
  /** Replays, by their versions. */
  readonly #beside = new Map<string, Child>()
  readonly #from = new Map<string, From>()
  #contents: VersionContents | undefined
  #acked = 0
  #versions = 1

  constructor(context: EpisodeContext) {
    this.#context = context
    this.#asks = context.random.chance(0.4)
    this.#history = new VersionHistory(first, this.#asks)
    this.#dir = join(context.dir, 'log')
    this.#processes = new Processes(context)
    this.#opened = new OpenedLog(this.#dir)
    this.#bill = new Bill(this.#processes, this.#dir, context.report)
    this.#adder = new Adder(this.#processes, this.#dir, context)
  }

  async run(): Promise<void> {
    const { random, tally } = this.#context
    try {
      for (const topic of [clicks, results, answers, restResults, turnovers])
        await this.#opened.log.admin.createTopic(topic)
      await this.#ensure()
      await this.#processes.until('the first record', () => this.#acked > 0)
      for (let steps = random.int(8, 20); steps > 0 && !tally.isOver; steps--) {
        await this.#step()
        await this.#check()
        await this.#ensure()
      }
      await this.#processes.until('what is downstream to come to the end', () => isAtEnd(this.#opened.embedded))
      await this.#processes.dismiss()
      await this.#check()
    } finally {
      await this.#processes.dismiss()
      await this.#opened.log.close()
    }
    tally.count('records', this.#acked)
  }

  #step(): Promise<void> {
    const { random } = this.#context
    const dice = random.next()
    const beside = this.#kept.filter(({ isLive }) => !isLive)
    if (beside.length === 0 || (dice < 0.2 && beside.length < besideMax)) return this.#begin()
    if (dice < 0.55) return this.#switch(random.pick(beside))
    if (dice < 0.68) return this.#switchBack()
    if (dice < 0.78) return this.#delete(random.pick(beside))
    if (dice < 0.88) return this.#freeze()
    if (dice < 0.94) return this.#pause(random.pick(beside))
    return this.#killAny()
  }

  /** What becomes of the outputs in a switch. */
  get #modes(): readonly SwitchOutputs[] {
    return this.#asks ? ['replace', 'continue'] : ['replace', 'continue', 'correct', 'correct']
  }

  get #kept(): readonly KeptVersion[] {
    return this.#contents?.versions ?? []
  }

  /** Whoever is gone comes back. */
  async #ensure(): Promise<void> {
    if (this.#feeder?.isAlive !== true) {
      const from = this.#contents?.input.flat().length ?? 0
      this.#feeder = await this.#processes.employ({ role: 'feeder', dir: this.#dir, from }, (word, rest) => {
        if (word === 'acked') this.#acked = Number(rest)
      })
    }
    this.#feeder.tell('more')
    if (this.#live?.isAlive !== true) {
      this.#live = await this.#employ(this.#history.live, undefined)
      await this.#processes.within('the live version', this.#live.says('begun'))
    }
    await this.#adder.ensure()
  }

  async #employ(version: string, from: From | undefined): Promise<Child> {
    const everyRecords = this.#context.random.pick([50, 10_000])
    const command = { role: 'version', dir: this.#dir, version, from, everyRecords, asks: this.#asks } as const
    return this.#processes.employ(command, (word, rest) => this.#hear(word, rest))
  }

  #hear(word: string, rest: string): void {
    const { report, tally } = this.#context
    const [code = ''] = rest.split(' ')
    if (word === 'did') tally.count(`did ${code}`)
    if (word !== 'refused') return
    tally.count(`refused ${code}`)
    if (!refusals.has(code)) report(`an order was refused with ${rest}`)
  }

  /** A replay of a version, as far as it lives to begin. */
  async #replay(version: string): Promise<Child> {
    const running = this.#beside.get(version)
    if (running?.isAlive === true) return running
    const child = await this.#employ(version, this.#from.get(version) ?? 'beginning')
    this.#beside.set(version, child)
    return child
  }

  async #begin(): Promise<void> {
    const { random } = this.#context
    const version = `v${++this.#versions}`
    this.#from.set(version, random.chance(0.3) ? 'live' : 'beginning')
    const child = await this.#replay(version)
    if (random.chance(0.4)) await this.#killSoon(child)
    else await this.#processes.within('a replay', child.says('begun'))
    this.#context.tally.count('begun')
  }

  async #switch(beside: KeptVersion): Promise<void> {
    const { random, tally } = this.#context
    const { version } = beside.row
    const outputs = random.pick(this.#modes)
    const child = await this.#replay(version)
    await this.#processes.within('a replay', child.says('begun'))
    await this.#comesNear(version)
    await this.#check() // a copy may be whole only now
    const wish = `${outputs} ${await this.#followOn(outputs)}`
    const who = random.pick(['self', 'third', 'both'])
    const live = this.#live
    const administrator = who === 'self' ? undefined : await this.#administrator()
    this.#mayEnd(child, live)
    const orders: Promise<unknown>[] = []
    if (who !== 'third') orders.push(this.#order(child, `switch ${wish}`))
    if (administrator !== undefined) orders.push(this.#order(administrator, `switch ${version} ${wish}`))
    await this.#hit(orders, [child, administrator, live, this.#adder.victim])
    await this.#settle()
    const isDone = this.#look().row.version === version
    if (isDone) tally.count('switched')
    tally.count(isDone ? `switched, ${outputs}` : 'not switched')
  }

  async #switchBack(): Promise<void> {
    const { random, tally } = this.#context
    const left = this.#kept.filter(({ row, isLive }) => !isLive && this.#history.wasLive(row.version))
    const outputs = random.pick(this.#modes)
    for (const { row } of outputs === 'replace' ? [] : left) {
      await this.#processes.within('a replay', (await this.#replay(row.version)).says('begun'))
      await this.#comesNear(row.version)
    }
    const wish = `${outputs} ${await this.#followOn(outputs)}`
    const administrator = await this.#administrator()
    const children = [...this.#beside.values(), this.#adder.victim]
    this.#mayEnd(...this.#beside.values(), this.#live)
    await this.#hit([this.#order(administrator, `back ${wish}`)], [administrator, this.#live, ...children])
    await this.#settle()
    if (this.#look().row.version !== this.#history.live) tally.count(`switched back, ${outputs}`)
  }

  async #delete({ row: { version } }: KeptVersion): Promise<void> {
    const { random } = this.#context
    const child = this.#beside.get(version)
    if (child?.isAlive === true && random.chance(0.8)) await this.#processes.kill(child)
    const administrator = await this.#administrator()
    await this.#hit([this.#order(administrator, `delete ${version}`)], [administrator])
    if (!readVersions(this.#opened.embedded).versions.some(({ row }) => row.version === version))
      this.#context.tally.count('deleted')
  }

  /** An instance that stands still while another one takes its place is refused when it goes on. */
  async #freeze(): Promise<void> {
    const { random, tally } = this.#context
    const [version, frozen] = random.pick([
      ...[...this.#beside].filter(([, child]) => child.isAlive),
      [this.#history.live, this.#live] as const,
    ])
    if (frozen?.isAlive !== true) return
    await this.#processes.stop(frozen)
    this.#mayEnd(frozen)
    const isLive = frozen === this.#live
    const next = await this.#employ(version, isLive ? undefined : (this.#from.get(version) ?? 'beginning'))
    await this.#processes.within('an instance after a frozen one', next.says('begun'))
    if (isLive) this.#live = next
    else this.#beside.set(version, next)
    await sleep(random.int(0, 100))
    frozen.signal('SIGCONT')
    await this.#processes.within('a frozen instance to be fenced', frozen.exited)
    tally.count('fenced')
  }

  async #pause({ row: { version } }: KeptVersion): Promise<void> {
    let child = await this.#replay(version)
    await this.#processes.within('a replay', child.says('begun'))
    await this.#order(child, 'pause')
    const { place } = this.#look(version)
    await this.#staysAt(version, place)
    if (this.#context.random.chance(0.5)) {
      await this.#processes.kill(child)
      child = await this.#replay(version)
      await this.#processes.within('a paused replay', child.says('begun'))
      await this.#staysAt(version, place)
    }
    await this.#order(child, 'resume')
    await this.#comesNear(version)
  }

  async #staysAt(version: string, place: VersionGlance['place']): Promise<void> {
    await sleep(30)
    const later = this.#look(version).place
    if (later.join() === place.join()) return
    this.#context.report(`${version} was paused at ${place.join()}, and is at ${later.join()}`)
  }

  async #killAny(): Promise<void> {
    const { random } = this.#context
    const all = [this.#feeder, this.#live, this.#adder.child, ...this.#beside.values()].filter(
      (child) => child?.isAlive === true,
    )
    const victims = all.filter(() => random.chance(0.6))
    await this.#processes.kill(...victims.flatMap((child) => child ?? []))
  }

  /**
   * A group may follow topics that stay, and has to be gone before they are replaced; now and then it is not. What is
   * downstream starts over, or goes on.
   */
  async #followOn(outputs: SwitchOutputs): Promise<StartingOver> {
    const { random } = this.#context
    if (outputs !== 'replace') {
      if (random.chance(0.7)) await this.#bill.start()
    } else {
      if (random.chance(0.3)) await this.#bill.kill()
      if (random.chance(0.9)) await this.#bill.leave()
    }
    const startingOver = await this.#adder.prepare(outputs)
    await this.#check()
    return startingOver
  }

  async #administrator(): Promise<Child> {
    const child = await this.#processes.employ({ role: 'administrator', dir: this.#dir }, (word, rest) => {
      this.#hear(word, rest)
    })
    await this.#processes.within('an administrator', child.says('opened'))
    return child
  }

  /** Resolves when an order was carried out, or refused, or whoever had it is gone. */
  #order(child: Child, order: string): Promise<unknown> {
    const heard = child.onLine
    const answered = new Promise<void>((resolve) => {
      child.onLine = (word, rest) => {
        heard(word, rest)
        if (word === 'did' || word === 'refused') resolve()
      }
    })
    child.tell(order)
    return this.#processes.within(order, Promise.race([answered, child.exited]))
  }

  /** Kills some of these while orders are carried out, or lets them stand still for a moment, or nobody. */
  async #hit(orders: readonly Promise<unknown>[], candidates: readonly (Child | undefined)[]): Promise<void> {
    const { random } = this.#context
    const all = candidates.flatMap((child) => (child?.isAlive === true ? [child] : []))
    if (random.chance(0.3)) {
      await Promise.all(orders)
    } else {
      await Promise.race([Promise.all(orders), sleep(random.next() ** 2 * 120)])
      const some = all.filter(() => random.chance(0.4))
      const hit = some.length === 0 ? [random.pick(all)] : some
      await (random.chance(0.2) ? this.#standStill(hit) : this.#processes.kill(...hit))
    }
    const workers = [this.#live, this.#adder.child, ...this.#beside.values()]
    const administrators = all.filter((child) => !workers.includes(child))
    await Promise.all(orders)
    await this.#processes.end(...administrators)
  }

  /** Wherever they are. */
  async #standStill(children: readonly Child[]): Promise<void> {
    const { random, tally } = this.#context
    for (const child of children) child.signal('SIGSTOP')
    await sleep(random.int(0, 300))
    for (const child of children) child.signal('SIGCONT')
    tally.count('stood still')
  }

  async #killSoon(child: Child): Promise<void> {
    await Promise.race([child.says('begun'), sleep(this.#context.random.next() ** 2 * 400)])
    await this.#processes.kill(child)
  }

  /** After a switch that was done, or not: who had to stop has stopped. */
  async #settle(): Promise<void> {
    this.#opened.settle()
    const { row } = this.#look()
    if (row.version !== this.#history.live) {
      if (this.#live !== undefined) await this.#processes.within('the version that left', this.#live.exited)
      this.#live = this.#beside.get(row.version)
      this.#beside.delete(row.version)
      await this.#processes.until('the new version to go on', () => {
        return this.#look().isRunning || this.#live?.isAlive !== true
      })
    } else if (row.retired === 'superseded' && this.#live !== undefined) {
      await this.#processes.within('the version that was stopped', this.#live.exited)
    }
  }

  #mayEnd(...children: readonly (Child | undefined)[]): void {
    for (const child of children) if (child !== undefined) this.#processes.mayEnd(child, fencedExitCode)
  }

  /** A replay goes on as far as the live version does. */
  async #comesNear(version: string): Promise<void> {
    if (this.#beside.get(version)?.isAlive !== true) return
    const isNear = (): boolean => {
      const [live, beside] = [this.#look(), this.#look(version)]
      return live.place.every((offset, lane) => offset - (beside.place[lane] ?? 0) < near)
    }
    while (!isNear()) {
      const before = this.#look(version).place.join()
      await this.#processes.until(`more of ${version}`, () => this.#look(version).place.join() !== before || isNear())
    }
  }

  /** Where a version stands, without a look at anything else. */
  #look(version?: string): VersionGlance {
    return glanceAt(this.#opened.embedded, version)
  }

  async #check(): Promise<void> {
    const { report, tally } = this.#context
    this.#opened.settle()
    const acked = this.#acked
    const contents = readVersions(this.#opened.embedded)
    this.#contents = contents
    const downstream = readDownstream(this.#opened.embedded)
    checkVersions(contents, this.#history, acked, report)
    this.#adder.check(downstream, contents)
    this.#bill.check(contents, this.#history)
    for (const problem of await this.#opened.problems()) report(problem)
    tally.count('checks')
  }
}
