// Commands that look, send and read beside an application that is killed, and are killed themselves: they change nothing but
// what they are told to, show no record too few, and looking leaves the file as it was.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { type Log, openLog } from '../../../src/index.ts'
import type { Child } from '../children.ts'
import { readTopics } from '../contents.ts'
import { echoes, echoId, echoStateOf, echoViolations, seen } from '../echoes.ts'
import { Processes } from '../processes.ts'
import { checkRounds, type Places, roundTopics } from '../rounds.ts'
import type { EpisodeContext, Subject } from '../subject.ts'
import { batchViolations, linesOf, Shown, typed } from '../typed.ts'

export const command: Subject = { name: 'command', run: (context) => new CommandEpisode(context).run() }

const producer = 'a'
const group = 'readers'

/** Command lines that look; a verb more is a line more. */
const looks: readonly (readonly string[])[] = [
  ['app', 'describe', echoId],
  ['app', 'list'],
  ['store', 'dump', echoId, seen.name],
  ['verify'],
  ['verify', '--deep', '--json'],
  ['stats'],
  ['group', 'lag', echoId],
  ['topic', 'list'],
  ['consume', echoes.name, '-e', '--json'],
]

/** Command lines for one process, and what is made of their end. */
interface Work {
  readonly lines: readonly (readonly string[])[]
  readonly input?: readonly string[]
  readonly onOutput?: (line: string) => void
  /** All have come to their end with an exit code that is right. */
  readonly onDone?: () => void
}

/** A process that runs commands. */
interface Commander {
  readonly child: Child
  /** Whether they came to their end. */
  readonly ended: Promise<boolean>
  /** Comes when the next of them has ended. */
  readonly next: () => Promise<unknown>
}

class CommandEpisode {
  readonly #context: EpisodeContext
  readonly #dir: string
  readonly #processes: Processes
  readonly #acked = new Map<number, Places>()
  readonly #batches = new Set<number>()
  readonly #shown = new Shown()
  #nextBatch = 0
  #nextRound = 0
  #writer: Child | undefined
  #echoer: Child | undefined
  /** How long a command takes. */
  #tookMs = 500

  constructor(context: EpisodeContext) {
    this.#context = context
    this.#dir = join(context.dir, 'log')
    this.#processes = new Processes(context)
  }

  async run(): Promise<void> {
    const { random, tally } = this.#context
    try {
      const log = await openLog(this.#dir, { maintenance: false })
      await log.admin.createTopic(typed)
      await log.close()
      for (let steps = random.int(8, 16); steps > 0 && !tally.isOver; steps--) {
        for (let lines = random.int(3, 6); lines > 0 && !tally.isOver; lines--) await this.#step()
        await this.#rest()
      }
    } finally {
      await this.#processes.dismiss()
    }
  }

  async #startAll(): Promise<void> {
    const { random } = this.#context
    if (this.#writer?.isAlive !== true) {
      const writer = { dir: this.#dir, producer, firstRound: this.#nextRound, pauseMs: 10, options: {} }
      this.#writer = await this.#processes.employ({ ...writer, role: 'producer' }, (word, rest) => {
        const [round, ...places] = rest.split(' ')
        if (word !== 'acked') return
        this.#acked.set(Number(round), places)
        this.#nextRound = Number(round) + 1
      })
      await this.#processes.within('the first round', this.#writer.says('acked'))
    }
    if (this.#echoer?.isAlive !== true) {
      const echoer = { dir: this.#dir, commitMs: random.pick([1, 10, 50]) }
      this.#echoer = await this.#processes.employ({ ...echoer, role: 'echoer' }, () => undefined)
      await this.#processes.within('the start of the application', this.#echoer.says('started'))
    }
  }

  /** A command beside all the others, and perhaps a kill. */
  async #step(): Promise<void> {
    const { random, tally } = this.#context
    await this.#startAll()
    const [dice, moment] = [random.next(), random.next()]
    const work = random.chance(0.5) ? this.#look() : random.chance(0.5) ? this.#send() : this.#read()
    const { child, ended } = await this.#begin(work)
    const sinceMs = performance.now()
    await Promise.race([ended, sleep(moment * this.#tookMs)])
    if (dice < 0.3) await this.#kill(this.#echoer)
    else if (dice < 0.6) await this.#kill(child)
    else if (dice < 0.75) await this.#kill(child, this.#echoer)
    const isDone = await this.#processes.within('the end of a command', ended)
    if (isDone && dice >= 0.75) this.#tookMs = performance.now() - sinceMs
    tally.count(isDone ? 'commands done' : 'commands killed')
  }

  #look(): Work {
    return { lines: [this.#context.random.pick(looks)] }
  }

  #send(): Work {
    const batch = this.#nextBatch++
    return {
      lines: [['produce', typed.name, '--atomic', '-K', ':']],
      input: linesOf(batch, this.#context.random.int(1, 40)),
      onDone: () => this.#batches.add(batch),
    }
  }

  #read(): Work {
    return {
      lines: [['consume', typed.name, '--group', group, '-e', '--json']],
      onOutput: (line) => {
        const { partition, offset } = JSON.parse(line) as { readonly partition: number; readonly offset: number }
        const wrong = this.#shown.see(partition, offset)
        if (wrong !== undefined) this.#context.report(wrong)
      },
      onDone: () => this.#shown.end(),
    }
  }

  async #begin(work: Work): Promise<Commander> {
    const { lines, input = [] } = work
    const complaints: string[] = []
    const codes: string[] = []
    let tell: () => void = () => undefined
    const started = { role: 'commander', lines: lines.map((argv) => [...argv, '--dir', this.#dir]), input } as const
    const child = await this.#processes.employ(started, (word, rest) => {
      if (word === 'out') work.onOutput?.(rest)
      if (word === 'err') complaints.push(rest)
      if (word !== 'end') return
      codes.push(rest)
      tell()
    })
    this.#processes.mayEnd(child, 0)
    const ended = child.exited.then(() => {
      for (const [at, code] of codes.entries()) {
        if (code === '0') continue
        this.#context.report(`millrace ${lines[at]?.join(' ')} ended with ${code}: ${complaints.join('\n')}`)
      }
      const isDone = codes.length === lines.length
      if (isDone) work.onDone?.()
      return isDone
    })
    const next = (): Promise<unknown> => {
      const told = new Promise<void>((resolve) => {
        tell = resolve
      })
      return Promise.race([ended, told])
    }
    return { child, ended, next }
  }

  async #kill(...victims: readonly (Child | undefined)[]): Promise<void> {
    await this.#processes.kill(...victims.filter((child) => child !== undefined))
  }

  /** Runs commands to their end. */
  async #finish(work: Work): Promise<void> {
    const { ended, next } = await this.#begin(work)
    for (const _ of work.lines) await this.#processes.within('the end of a command', next())
    await this.#processes.within('the end of the commands', ended)
  }

  /** Nothing else runs: looks at everything by every command, and then checks that nothing has changed and all is right. */
  async #rest(): Promise<void> {
    const { report, tally } = this.#context
    await this.#kill(this.#writer, this.#echoer)
    await this.#finish(this.#read())
    const before = await this.#committed()
    const file = readFileSync(join(this.#dir, 'data.mdb'))
    await this.#finish({ lines: looks })
    const now = readFileSync(join(this.#dir, 'data.mdb'))
    if (now.length !== file.length) report(`looking made the file grow by ${now.length - file.length} bytes`)
    else if (!now.equals(file)) report('looking wrote to the file')
    const after = await this.#committed()
    if (!isDeepStrictEqual(before, after)) report(`looking has changed ${JSON.stringify([before, after])}`)
    await this.#check()
    tally.count('checks')
  }

  async #opened<T>(read: (log: Log) => Promise<T>): Promise<T> {
    const log = await openLog(this.#dir, { readOnly: true })
    try {
      return await read(log)
    } finally {
      await log.close()
    }
  }

  /** What the application and the group have committed. */
  #committed(): Promise<object> {
    return this.#opened(async (log) => ({
      echo: (await echoStateOf(log)).positions,
      group: (await log.admin.lag(group)).map(({ offset }) => offset),
    }))
  }

  async #check(): Promise<void> {
    const { report } = this.#context
    await this.#opened(async (log) => {
      for (const violation of echoViolations(await echoStateOf(log))) report(violation)
      const topics = await readTopics(log, [...roundTopics, typed])
      const { violations, next } = checkRounds(topics, new Map([[producer, this.#acked]]))
      for (const violation of violations) report(violation)
      this.#nextRound = next.get(producer) ?? 0
      const partitions = topics.get(typed.name) ?? []
      for (const violation of batchViolations(partitions, this.#batches)) report(violation)
      for (const [partition, { length }] of partitions.entries()) {
        const shown = this.#shown.nextOf(partition)
        if (shown !== length)
          report(`a group was shown ${shown} of the ${length} records of ${typed.name}[${partition}]`)
      }
      const { readers } = await log.admin.stats()
      const others = readers.filter(({ pid }) => pid !== process.pid)
      if (others.length > 0) report(`processes are gone and still read: ${others.map(({ pid }) => pid).join()}`)
    })
  }
}
