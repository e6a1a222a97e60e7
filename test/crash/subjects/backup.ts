// A process that makes backups while another one writes, and either may be killed: a backup is whole, or it is taken for none.
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf, MillraceError } from '../../../src/core/errors.ts'
import { openLog, restoreLog, string, topic } from '../../../src/index.ts'
import type { Child } from '../children.ts'
import type { Partitions } from '../contents.ts'
import { OpenedLog } from '../opened.ts'
import { Processes } from '../processes.ts'
import { checkRounds, type Places, roundTopics } from '../rounds.ts'
import type { EpisodeContext, Subject } from '../subject.ts'

export const backup: Subject = { name: 'backup', run: (context) => new BackupEpisode(context).run() }

/** So much that a copy takes a while. */
const ballast = topic('ballast', { key: string(), value: string() })
const ballastCount = 8_000
const ballastBytes = 2_000
const producer = 'a'

class BackupEpisode {
  readonly #context: EpisodeContext
  readonly #dir: string
  readonly #processes: Processes
  readonly #opened: OpenedLog
  readonly #acked = new Map<number, Places>()
  #nextRound = 0
  #writer: Child | undefined
  #keeper: Child | undefined
  /** How long the newest backup took that came to its end. */
  #tookMs = 100

  constructor(context: EpisodeContext) {
    this.#context = context
    this.#dir = join(context.dir, 'log')
    this.#processes = new Processes(context)
    this.#opened = new OpenedLog(this.#dir)
  }

  async run(): Promise<void> {
    const { random, tally, report } = this.#context
    try {
      const records = Array.from({ length: ballastCount }, (_, i) => ({
        key: `${i}`,
        value: `${i}`.padEnd(ballastBytes, '.'),
      }))
      await this.#opened.log.producer().sendMany(ballast, records)
      for (let step = 0, steps = random.int(10, 20); step < steps && !tally.isOver; step++) {
        await this.#backUp(join(this.#context.dir, `backup-${step}`))
      }
    } finally {
      await this.#processes.dismiss()
      this.#opened.environment.releaseDeadReaders()
      const readers = this.#opened.environment.statistics().readers.map(({ pid }) => pid)
      if (readers.some((pid) => pid !== process.pid)) report(`processes are gone and still read: ${readers.join()}`)
      for (const problem of await this.#opened.problems()) report(problem)
      await this.#opened.log.close()
    }
  }

  async #startAll(): Promise<Child> {
    if (this.#writer?.isAlive !== true) {
      const command = { dir: this.#dir, producer, firstRound: this.#nextRound, pauseMs: 10, options: {} }
      this.#writer = await this.#processes.employ({ ...command, role: 'producer' }, (word, rest) => {
        const [round, ...places] = rest.split(' ')
        if (word === 'acked') this.#acked.set(Number(round), places)
      })
    }
    if (this.#keeper?.isAlive !== true) {
      this.#keeper = await this.#processes.employ({ role: 'keeper', dir: this.#dir }, () => undefined)
      await this.#processes.within('the maker of backups', this.#keeper.says('opened'))
    }
    return this.#keeper
  }

  async #backUp(path: string): Promise<void> {
    const { random, tally } = this.#context
    const keeper = await this.#startAll()
    const acked = new Map(this.#acked)
    const sinceMs = performance.now()
    const done = new Promise<boolean>((resolve) => {
      keeper.onLine = (word) => resolve(word === 'done')
    })
    const ended = Promise.race([done, keeper.exited.then(() => false)])
    keeper.tell(path)
    const [dice, moment, isRestored] = [random.next(), random.next(), random.chance(0.3)]
    if (dice < 0.8) {
      if (moment < 0.7) await this.#processes.until('the beginning of a backup', () => existsSync(path))
      await Promise.race([ended, sleep(moment * this.#tookMs)])
      if (dice < 0.6) await this.#processes.kill(keeper)
      else if (dice < 0.7) await this.#processes.kill(keeper, this.#writer as Child)
      else await this.#processes.kill(this.#writer as Child)
    }
    const isDone = await this.#processes.within('a backup', ended)
    if (isDone && dice >= 0.8) this.#tookMs = performance.now() - sinceMs
    await this.#checkLog()
    await this.#checkBackup(path, isDone, isRestored, acked)
    rmSync(path, { recursive: true, force: true })
    tally.count('checks')
  }

  async #checkLog(): Promise<void> {
    const acked = new Map([[producer, new Map(this.#acked)]])
    this.#opened.settle()
    const { violations, next } = checkRounds(await this.#opened.readAtOnce(roundTopics), acked)
    for (const violation of violations) this.#context.report(violation)
    this.#nextRound = next.get(producer) ?? 0
  }

  async #checkBackup(
    path: string,
    isDone: boolean,
    isRestored: boolean,
    acked: ReadonlyMap<number, Places>,
  ): Promise<void> {
    const { report, tally } = this.#context
    const isThere = existsSync(join(path, 'data.mdb'))
    if (isDone && !isThere) report(`a backup that was done is not there`)
    if (isThere) {
      tally.count(isDone ? 'backups done' : 'backups done and not told')
      const restored = `${path}-restored`
      if (isRestored) await restoreLog(path, restored)
      await this.#checkCopy(isRestored ? restored : path, acked)
      rmSync(restored, { recursive: true, force: true })
      return
    }
    tally.count('backups cut short')
    if (existsSync(path) && readdirSync(path).length > 0) {
      await this.#isRefused('openLog', openLog(path))
    }
    await this.#isRefused('restoreLog', restoreLog(path, `${path}-restored`))
  }

  async #isRefused(what: string, attempt: Promise<unknown>): Promise<void> {
    const outcome = await attempt.then(
      () => 'takes it',
      (error: unknown) => (error instanceof MillraceError ? error.code : messageOf(error)),
    )
    if (outcome !== 'format_unknown') this.#context.report(`a backup that was cut short: ${what} says ${outcome}`)
  }

  /** It has all that was durable when it began, nothing half done, and nothing but what the log has too. */
  async #checkCopy(path: string, acked: ReadonlyMap<number, Places>): Promise<void> {
    const report = (violation: string): void => this.#context.report(`in a backup: ${violation}`)
    const verifier = await this.#processes.employ({ role: 'verifier', dir: path }, (word, rest) => {
      if (word === 'problem') report(rest)
    })
    this.#processes.mayEnd(verifier, 0)
    if (!(await this.#processes.within('the verification', verifier.says('verified')))) return
    await this.#processes.within('the end of the verification', verifier.exited)
    const copy = new OpenedLog(path)
    const topics = await copy.readAtOnce([...roundTopics, ballast])
    await copy.log.close()
    for (const violation of checkRounds(topics, new Map([[producer, acked]])).violations) report(violation)
    const ballastFound = topics.get(ballast.name)?.flat().length
    if (ballastFound !== ballastCount) report(`A1 ${ballastFound} of ${ballastCount} records of ballast`)
    const original = await this.#opened.readAtOnce([...roundTopics, ballast])
    for (const violation of beyondPrefix(topics, original)) report(violation)
  }
}

/** Where a copy has something that the log has not. */
function beyondPrefix(copy: ReadonlyMap<string, Partitions>, log: ReadonlyMap<string, Partitions>): string[] {
  return [...copy].flatMap(([name, partitions]) =>
    partitions.flatMap((records, partition) => {
      const original = log.get(name)?.[partition] ?? []
      const wrong = records.findIndex(({ key, value }, index) => {
        const other = original[index]
        return other === undefined || !sameBytes(key, other.key) || !sameBytes(value, other.value)
      })
      return wrong < 0 ? [] : [`A6 ${name}[${partition}] differs from the log at ${wrong}`]
    }),
  )
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  return a === null || b === null ? a === b : Buffer.compare(a, b) === 0
}
