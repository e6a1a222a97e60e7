// A program that reads, transforms and writes in transactions does each step once, however often it is killed, stopped and taken over
// from; and nobody who follows its outputs sees what is aborted.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkSeen } from '../checks.ts'
import type { Child } from '../children.ts'
import { copyTopics, copyViolations, group, inputs } from '../copying.ts'
import { Follower } from '../follower.ts'
import { OpenedLog } from '../opened.ts'
import { Processes } from '../processes.ts'
import { fencedExitCode } from '../programs/counter.ts'
import type { EpisodeContext, Subject } from '../subject.ts'

export const transactions: Subject = { name: 'transactions', run: (context) => new TransactionsEpisode(context).run() }

const inputCount = 20_000

class TransactionsEpisode {
  readonly #context: EpisodeContext
  readonly #dir: string
  readonly #processes: Processes
  readonly #follower: Follower
  #reader: Child | undefined
  /** The position that a copier was told is durable, and the one that was found. */
  #told = 0
  #position = 0

  constructor(context: EpisodeContext) {
    this.#context = context
    this.#dir = join(context.dir, 'log')
    this.#processes = new Processes(context)
    this.#follower = new Follower(this.#processes, context.report)
  }

  async run(): Promise<void> {
    const { random, tally } = this.#context
    await this.#fill()
    const follows = random.chance(0.5)
    try {
      for (let steps = random.int(8, 20); steps > 0 && !tally.isOver && this.#position < inputCount; steps--) {
        if (follows && this.#reader?.isAlive !== true) this.#reader = await this.#follower.start(this.#dir, copyTopics)
        const dice = random.next()
        if (dice < 0.6) await this.#kill()
        else await this.#takeOver(dice < 0.8)
        await this.#check()
      }
    } finally {
      await this.#processes.dismiss()
    }
    await this.#check()
  }

  async #fill(): Promise<void> {
    const { log } = new OpenedLog(this.#dir)
    const records = Array.from({ length: inputCount }, (_, value) => ({ key: `key ${value}`, value }))
    await log.producer().sendMany(inputs, records)
    await log.close()
  }

  #start(): Promise<Child> {
    const { random, tally } = this.#context
    const batchBytes = random.pick([500, 4_096, 131_072])
    return this.#processes.employ({ role: 'copier', dir: this.#dir, batchBytes }, (word, rest) => {
      if (word !== 'committed') return
      this.#told = Math.max(this.#told, Number(rest))
      tally.count('transactions')
    })
  }

  /** One copier: killed early, or after a while. */
  async #kill(): Promise<void> {
    const { random } = this.#context
    const copier = await this.#start()
    if (random.chance(0.8)) await copier.says('committed')
    await sleep(random.next() ** 2 * 200)
    const reader = this.#reader !== undefined && random.chance(0.2) ? [this.#reader] : []
    await this.#processes.kill(copier, ...reader)
  }

  /** A second copier begins while the first one works, or stands still and goes on later. */
  async #takeOver(isStopped: boolean): Promise<void> {
    const { random, tally } = this.#context
    const older = await this.#start()
    await this.#processes.within('the older copier', older.says('committed'))
    if (isStopped) await this.#processes.stop(older)
    this.#processes.mayEnd(older, fencedExitCode)
    const newer = await this.#start()
    await this.#processes.within('the newer copier', newer.says('opened'))
    await sleep(random.next() ** 2 * 100)
    if (random.chance(0.3)) await this.#processes.kill(newer)
    older.signal('SIGCONT')
    await this.#processes.within('the older copier to be fenced', older.exited)
    tally.count('fenced')
    await this.#processes.kill(newer)
  }

  /** Nobody writes while this looks. */
  async #check(): Promise<void> {
    const { report, tally } = this.#context
    const opened = new OpenedLog(this.#dir)
    try {
      const { seen } = this.#follower
      const { admin } = opened.log
      const isKnown = (await admin.groups()).some(({ name }) => name === group)
      this.#position = isKnown ? ((await admin.lag(group))[0]?.offset ?? 0) : 0
      if (this.#position < this.#told)
        report(`A1 ${this.#told} was told to be committed, the position is ${this.#position}`)
      const topics = await opened.readAtOnce(copyTopics)
      checkSeen(topics, seen, report)
      for (const violation of [...copyViolations(topics, this.#position), ...(await opened.problems())])
        report(violation)
      tally.count('checks')
    } finally {
      await opened.log.close()
    }
  }
}
