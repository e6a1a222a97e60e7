// One episode: a fresh directory, an input, and counters, importers and readers that are killed until the input is counted.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { lengthsAfter, type SeenMark, type Verdict } from './checks.ts'
import type { Child, Crew, Exit } from './children.ts'
import { inputOf, type Plan, prefixEndsOf } from './input.ts'
import { isLate, patienceMs } from './late.ts'
import { placed } from './model.ts'
import type { CountProgress, Request } from './programs/checker.ts'
import { type CountCommand, fencedExitCode } from './programs/counter.ts'
import type { Random } from './random.ts'
import type { Tally } from './tally.ts'

/** A process at work. */
interface Worker {
  readonly role: 'counter' | 'importer' | 'reader'
  readonly run: number
  readonly child: Child
  /** Whether its end is nothing unexpected. */
  doomed: boolean
}

export interface EpisodeParts {
  readonly plan: Plan
  readonly dir: string
  /** How many kills it gets. */
  readonly kills: number
  readonly random: Random
  readonly crew: Crew
  readonly tally: Tally
}

export class Episode {
  readonly #plan: Plan
  readonly #dir: string
  readonly #logDir: string
  readonly #random: Random
  readonly #crew: Crew
  readonly #tally: Tally
  /** The lengths of the partitions of the orders that a reader may see. */
  readonly #wholePrefixes: ReadonlySet<string>
  readonly #violations: Set<string> = new Set()
  readonly #hasReader: boolean
  #killsLeft: number
  #counter: Worker | undefined
  #importer: Worker | undefined
  #reader: Worker | undefined
  #checker: Child | undefined
  #answer: (line: string) => void = () => undefined
  readonly #workers: Worker[] = []
  #runs = 0
  /** How many lines its processes have said. */
  #heard = 0
  #acked = 0
  #imported = 0
  #consumed = 0
  readonly #fenced: { readonly run: number; readonly steps: number }[] = []
  /** The newest mark of each reader and partition. */
  readonly #seen = new Map<string, SeenMark>()

  constructor({ plan, dir, kills, random, crew, tally }: EpisodeParts) {
    this.#plan = plan
    this.#dir = dir
    this.#logDir = join(dir, 'log')
    this.#killsLeft = kills
    this.#random = random
    this.#crew = crew
    this.#tally = tally
    this.#wholePrefixes = new Set(
      lengthsAfter(prefixEndsOf(plan), placed(inputOf(plan)), 'orders').map(({ lengths }) => lengths),
    )
    this.#hasReader = random.chance(0.8)
    mkdirSync(dir, { recursive: true })
    writeFileSync(join(dir, 'plan.json'), JSON.stringify(plan))
  }

  /** Returns the violations. */
  async run(): Promise<readonly string[]> {
    try {
      if (this.#plan.mode === 'complete') await this.#importAll()
      while (this.#goesOn && this.#consumed < this.#plan.records) await this.#scenario()
      if (this.#violations.size === 0) await this.#finish()
    } catch (error) {
      this.#violations.add(error instanceof Error ? error.message : String(error))
    } finally {
      for (const worker of [this.#counter, this.#importer, this.#reader])
        if (worker !== undefined) await this.#end(worker)
      this.#checker?.signal('SIGKILL')
      await this.#checker?.exited
    }
    return [...this.#violations]
  }

  get #goesOn(): boolean {
    return this.#killsLeft > 0 && this.#violations.size === 0 && !this.#tally.isOver
  }

  /** A time to let things happen: mostly short, sometimes long. */
  async #while(maxMs: number): Promise<void> {
    await sleep(this.#random.next() ** 2 * maxMs)
  }

  // Processes

  async #employ(role: Worker['role'], command: Parameters<Crew['employ']>[0], run: number): Promise<Worker> {
    const worker: Worker = {
      role,
      run,
      child: await this.#crew.employ(command, (word, rest) => this.#hear(worker, word, rest)),
      doomed: false,
    }
    this.#workers.push(worker)
    void worker.child.exited.then((exit) => this.#onExit(worker, exit))
    return worker
  }

  #hear({ role, run }: Worker, word: string, rest: string): void {
    this.#heard++
    if (word === 'ack') this.#acked = Math.max(this.#acked, Number(rest))
    if (word === 'gap') this.#violations.add(`A6 ${rest}`)
    if (word === 'ends' && !this.#wholePrefixes.has(rest)) {
      this.#violations.add(`A7 a reader saw the orders end at ${rest}, which is no whole prefix`)
    }
    if (word === 'saw') {
      const [topic = '', partition, end, digest = ''] = rest.split(' ')
      const mark = { topic, partition: Number(partition), end: Number(end), digest }
      this.#seen.set(`${role} ${run} ${topic} ${partition}`, mark)
    }
  }

  #onExit(worker: Worker, { code, signal }: Exit): void {
    if (this.#counter === worker) this.#counter = undefined
    if (this.#importer === worker) this.#importer = undefined
    if (this.#reader === worker) this.#reader = undefined
    if (worker.doomed || (worker.role === 'importer' && code === 0)) return
    this.#violations.add(`the ${worker.role} ended by itself with ${signal ?? code}\n${worker.child.complaints}`)
  }

  async #startCounter(finish: boolean = false): Promise<Worker> {
    const random = this.#random
    const live = this.#plan.mode === 'live'
    const stateCacheBytes = random.pick([0, 2_000, undefined])
    const command: CountCommand = {
      role: 'counter',
      dir: this.#logDir,
      run: ++this.#runs,
      pauseEvery: finish ? 0 : random.pick(live ? [0, 0, 2, 10] : [1, 2, 4]),
      options: {
        commit: { everyMs: random.pick([0, 1, 5, 20, 100]), everyRecords: random.pick([1, 2, 5, 20, 100, 10_000]) },
        maxTaskIdleMs: random.pick([0, 0, 0, 5]),
        ...(stateCacheBytes === undefined ? {} : { stateCacheBytes }),
      },
      finish,
    }
    this.#counter = await this.#employ('counter', command, command.run)
    return this.#counter
  }

  async #ensureCounter(): Promise<Worker> {
    return this.#counter ?? (await this.#startCounter())
  }

  async #ensureImporter(): Promise<void> {
    if (this.#importer !== undefined || this.#imported === this.#plan.records) return
    const random = this.#random
    this.#importer = await this.#employ(
      'importer',
      {
        role: 'importer',
        dir: this.#logDir,
        plan: this.#plan,
        pauseMs: random.pick(this.#plan.mode === 'live' ? [0, 5, 20] : [0, 1]),
        producer: { batchBytes: random.pick([300, 2_000, 131_072]), compression: random.pick(['none', 'gzip']) },
      },
      0,
    )
  }

  async #ensureReader(): Promise<void> {
    if (!this.#hasReader) return
    this.#reader ??= await this.#employ('reader', { role: 'reader', dir: this.#logDir }, ++this.#runs)
  }

  async #ensureAll(): Promise<void> {
    await this.#ensureReader()
    await this.#ensureCounter()
    if (this.#plan.mode === 'live') await this.#ensureImporter()
  }

  /** SIGKILL at once for all of them, as far as kills are left. */
  async #kill(...workers: (Worker | undefined)[]): Promise<void> {
    const victims = workers.filter((worker) => worker !== undefined && worker.child.isAlive && this.#tally.take())
    for (const worker of victims as Worker[]) {
      this.#killsLeft--
      this.#tally.count(`${worker.role} kills`)
      worker.doomed = true
      worker.child.signal('SIGKILL')
    }
    await this.#within('a killed process to end', Promise.all((victims as Worker[]).map(({ child }) => child.exited)))
  }

  /** Ends a process for good, without counting it as a kill. */
  async #end(worker: Worker): Promise<void> {
    worker.doomed = true
    worker.child.signal('SIGKILL')
    await worker.child.exited
  }

  /** A process that still says something new is slow, and not stuck. */
  async #within<T>(what: string, promise: Promise<T>): Promise<T> {
    for (let heard = -1; await isLate(promise, patienceMs);) {
      if (heard === this.#heard) throw new Error(`stuck: ${what} has not come\n${this.#states()}`)
      heard = this.#heard
      await this.#wakeUp()
    }
    return promise
  }

  /**
   * Frees processes that wait for LMDB's write lock although nobody holds it.
   *
   * The lock is a robust mutex of the system. One that is released wakes one of those who wait; when that one is killed
   * before it runs, and another process took the lock in between, nobody wakes the rest until two processes contend for the
   * lock again. No data is touched by it, and no code of ours can see it, so it is counted and not called a violation.
   */
  async #wakeUp(): Promise<void> {
    const children = [
      ...this.#workers.map(({ child }) => child),
      ...(this.#checker === undefined ? [] : [this.#checker]),
    ]
    const waitedBefore = children.filter((child) => child.waitsForLock)
    await sleep(500)
    const waiting = waitedBefore.filter((child) => child.waitsForLock)
    if (waiting.length === 0) return
    const start = (): Promise<Child> => this.#crew.employ({ role: 'writer', dir: this.#logDir })
    const writers = await Promise.all([start(), start()])
    await Promise.all(writers.map((writer) => isLate(writer.exited, patienceMs)))
    for (const writer of writers) writer.signal('SIGKILL')
    this.#tally.count('lost wake-ups', waiting.filter((child) => !child.waitsForLock).length)
  }

  /** What every process does that was ever at work here and is not gone. */
  #states(): string {
    return this.#workers
      .filter(({ child }) => child.isAlive)
      .map(({ role, run, child }) => `${role} ${run}: ${child.state}`)
      .join('\n')
  }

  // Checks

  async #ask<T>(request: Request): Promise<T> {
    const checker = (this.#checker ??= await this.#crew.employ({ role: 'checker' }, (_, rest) => this.#answer(rest)))
    const answered = new Promise<string>((resolve) => {
      this.#answer = resolve
    })
    checker.tell(JSON.stringify(request))
    const died = checker.exited.then(({ code, signal }) => {
      throw new Error(`reading the directory ended with ${signal ?? code}\n${checker.complaints}`)
    })
    return JSON.parse(await this.#within(`an answer to "${request.what}"`, Promise.race([answered, died]))) as T
  }

  /** Checks what stands still: the inputs always, the outputs when the counter is dead. */
  async #check(): Promise<Verdict> {
    const importing = this.#importer !== undefined
    const counterIsDead = this.#counter === undefined
    const verdict = await this.#ask<Verdict>({
      what: 'check',
      dir: this.#logDir,
      counterIsDead,
      expected: {
        plan: this.#plan,
        acked: this.#acked,
        importing,
        seen: [...this.#seen.values()],
        fenced: this.#fenced,
      },
    })
    for (const violation of verdict.violations) this.#violations.add(violation)
    this.#tally.count('checks')
    if (!importing && verdict.imported > this.#acked) {
      this.#tally.count('unacknowledged')
      this.#acked = verdict.imported
    }
    this.#imported = verdict.imported
    if (counterIsDead) this.#consumed = verdict.consumed
    return verdict
  }

  // What happens

  async #importAll(): Promise<void> {
    await this.#ensureReader()
    const phaseEnd = this.#killsLeft * 0.75
    while (this.#imported < this.#plan.records) {
      await this.#ensureImporter()
      if (this.#goesOn && this.#killsLeft > phaseEnd) {
        await this.#while(200)
        await this.#kill(this.#importer)
      } else if (this.#importer !== undefined) {
        await this.#within('the import to end', this.#importer.child.exited)
      }
      await this.#check()
      if (this.#violations.size > 0) return
    }
  }

  async #scenario(): Promise<void> {
    const dice = this.#random.next()
    if (dice < 0.22) await this.#killCounter()
    else if (dice < 0.34) await this.#killTogether()
    else if (dice < 0.54) await this.#storm()
    else if (dice < 0.63) await this.#killImporter()
    else if (dice < 0.77) await this.#takeOver()
    else if (dice < 0.92) await this.#stopTheOlder()
    else if (dice < 0.96) await this.#killReader()
    else await this.#close()
  }

  async #killCounter(): Promise<void> {
    await this.#ensureAll()
    await this.#while(250)
    await this.#kill(this.#counter)
    await this.#check()
  }

  async #killTogether(): Promise<void> {
    await this.#ensureAll()
    await this.#while(250)
    await this.#kill(this.#counter, this.#importer, this.#random.chance(0.3) ? this.#reader : undefined)
    await this.#check()
  }

  /** One start after the other, each killed within milliseconds. */
  async #storm(): Promise<void> {
    if (this.#random.chance(0.5)) await this.#ensureAll()
    await this.#kill(this.#counter)
    for (let starts = this.#random.int(2, 6); starts > 0 && this.#goesOn; starts--) {
      const counter = await this.#startCounter()
      const moment = this.#random.pick(['opened', 'started', undefined])
      if (moment !== undefined) await this.#within(`"${moment}"`, counter.child.says(moment))
      await this.#while(moment === undefined ? 40 : 5)
      if (moment !== 'started') this.#tally.count('early kills')
      await this.#kill(counter)
    }
    await this.#check()
  }

  async #killImporter(): Promise<void> {
    if (this.#plan.mode === 'complete') return
    await this.#ensureAll()
    await this.#while(150)
    await this.#kill(this.#importer)
    await this.#check()
  }

  async #killReader(): Promise<void> {
    await this.#ensureAll()
    await this.#while(100)
    await this.#kill(this.#reader)
  }

  /** A clean end: it commits what is done, and its process ends by itself. */
  async #close(): Promise<void> {
    await this.#ensureAll()
    const counter = await this.#ensureCounter()
    await this.#within('the counter to start', counter.child.says('started'))
    await this.#while(100)
    await this.#closeCounter(counter)
    await this.#check()
  }

  async #closeCounter(counter: Worker): Promise<void> {
    counter.doomed = true
    counter.child.tell('close')
    const { code } = await this.#within('the counter to close', counter.child.exited)
    this.#tally.count('closes')
    if (code !== 0) this.#violations.add(`the counter closed with ${code}\n${counter.child.complaints}`)
  }

  /** A second instance takes over from a running one; sometimes a kill comes in between. */
  async #takeOver(): Promise<void> {
    await this.#ensureAll()
    await this.#while(100)
    const older = await this.#ensureCounter()
    await this.#within('the older counter to start', older.child.says('started'))
    older.doomed = true
    const newer = await this.#startCounter()
    if (this.#random.chance(0.5)) {
      await this.#superseded(older, newer)
      return
    }
    await this.#while(60)
    if (this.#random.chance(0.5)) {
      await this.#kill(older)
    } else {
      await this.#kill(older, newer)
      await this.#end(newer)
    }
    await this.#end(older)
    if (this.#counter === undefined) await this.#check()
  }

  /** The older instance is stopped, a newer one starts, and the older one goes on. */
  async #stopTheOlder(): Promise<void> {
    await this.#ensureAll()
    const older = await this.#ensureCounter()
    await this.#within('the older counter to start', older.child.says('started'))
    await this.#while(100)
    older.doomed = true
    older.child.signal('SIGSTOP')
    const newer = await this.#startCounter()
    if (!(await Promise.race([newer.child.says('started'), sleep(500, false)]))) {
      // Stopped inside of its commit it holds the write lock: the newer one waits until it goes on, or is killed.
      this.#tally.count('stopped in a commit')
      if (this.#random.chance(0.5)) await this.#kill(older)
      else older.child.signal('SIGCONT')
    }
    await this.#superseded(older, newer)
  }

  /** From the moment that the newer instance has started, the older one must not write, and must end with `fenced`. */
  async #superseded(older: Worker, newer: Worker): Promise<void> {
    await this.#within('the newer counter to start', newer.child.says('started'))
    const { steps, consumed } = await this.#ask<CountProgress>({ what: 'progress', dir: this.#logDir, run: older.run })
    this.#fenced.push({ run: older.run, steps })
    await this.#while(60)
    if (this.#random.chance(0.15)) await this.#kill(older)
    if (!older.child.isAlive) return
    older.child.signal('SIGCONT')
    if (await isLate(older.child.exited, 5_000)) {
      // One that has nothing left to do commits nothing, and does not notice.
      if (consumed >= this.#acked) {
        await this.#end(older)
        return
      }
      await this.#within('the older counter to be fenced', older.child.exited)
    }
    const { code, signal } = await older.child.exited
    this.#tally.count('fenced')
    if (code === fencedExitCode) return
    this.#violations.add(`R14 run ${older.run} ended with ${signal ?? code}\n${older.child.complaints}`)
  }

  /** Lets everything come to its end without kills, and compares it with a run that was never disturbed. */
  async #finish(): Promise<void> {
    if (this.#counter !== undefined) {
      await this.#within('the counter to start', this.#counter.child.says('started'))
      await this.#closeCounter(this.#counter)
    }
    while (this.#imported < this.#plan.records && this.#violations.size === 0) {
      await this.#ensureImporter()
      if (this.#importer !== undefined) await this.#within('the import to end', this.#importer.child.exited)
      await this.#check()
    }
    await this.#ensureReader()
    const last = await this.#startCounter(true)
    last.doomed = true
    const { code } = await this.#within('the last counter to end', last.child.exited)
    if (code !== 0) this.#violations.add(`the last counter ended with ${code}\n${last.child.complaints}`)
    const { consumed, ends } = await this.#check()
    if (this.#violations.size > 0) return
    if (consumed !== this.#plan.records) {
      this.#violations.add(`end: ${consumed} of ${this.#plan.records} records are counted`)
    }
    if (this.#hasReader) await this.#within('the reader to see the ends', this.#readerHasSeen(ends))
    await this.#check()
    const differences = await this.#ask<readonly string[]>({
      what: 'compare',
      dir: this.#logDir,
      besideDir: join(this.#dir, 'undisturbed'),
      plan: this.#plan,
    })
    for (const difference of differences) this.#violations.add(difference)
  }

  async #readerHasSeen(ends: Verdict['ends']): Promise<void> {
    const sees = ([partition, end]: readonly [string, number]): boolean =>
      end === 0 || this.#seen.get(`reader ${this.#reader?.run} ${partition}`)?.end === end
    while (!Object.entries(ends).every(sees)) await sleep(10)
  }
}
