// Members of a group that are killed and stopped leave no record unread, read none twice in a generation, and commit none unread.
import { join } from 'node:path'
import { words } from '../../support/topics.ts'
import type { Child } from '../children.ts'
import { OpenedLog } from '../opened.ts'
import { Processes } from '../processes.ts'
import { groupName } from '../programs/member.ts'
import type { EpisodeContext, Subject } from '../subject.ts'

export const groups: Subject = { name: 'groups', run: (context) => new GroupsEpisode(context).run() }

const memberCount = 3
const recordsPerStep = 200

class GroupsEpisode {
  readonly #context: EpisodeContext
  readonly #dir: string
  readonly #processes: Processes
  readonly #opened: OpenedLog
  /** Who read a record in which generation: one member only. */
  readonly #readers = new Map<string, string>()
  readonly #read = new Set<string>()
  #sent = 0
  #lives = 0

  constructor(context: EpisodeContext) {
    this.#context = context
    this.#dir = join(context.dir, 'log')
    this.#processes = new Processes(context)
    this.#opened = new OpenedLog(this.#dir)
  }

  async run(): Promise<void> {
    const { random, tally } = this.#context
    const producer = this.#opened.log.producer()
    try {
      const members: Child[] = []
      while (members.length < memberCount) members.push(await this.#start())
      for (let steps = random.int(10, 25); steps > 0 && !tally.isOver; steps--) {
        const records = Array.from({ length: recordsPerStep }, () => ({
          key: `key ${this.#sent}`,
          value: `${this.#sent++}`,
        }))
        await producer.sendMany(words, records)
        const index = random.int(0, memberCount - 1)
        const member = members[index] as Child
        if (random.chance(0.6)) members[index] = await this.#killAndReplace(member)
        else await this.#stopForAWhile(member)
        await this.#check()
      }
      for (const problem of await this.#opened.problems()) this.#context.report(problem)
    } finally {
      await this.#processes.dismiss()
      await this.#opened.log.close()
    }
  }

  #start(): Promise<Child> {
    const name = `m${this.#lives++}`
    return this.#processes.employ({ role: 'member', dir: this.#dir, name }, (word, rest) => {
      if (word !== 'read') return
      const [partition, offset, generation] = rest.split(' ')
      const reading = `${generation} ${partition}:${offset}`
      const other = this.#readers.get(reading)
      if (other !== undefined) {
        this.#context.report(`${name} and ${other} read ${partition}:${offset} in generation ${generation}`)
      }
      this.#readers.set(reading, name)
      this.#read.add(`${partition}:${offset}`)
    })
  }

  /** Somebody else joins before the others have read everything, or after. */
  async #killAndReplace(member: Child): Promise<Child> {
    await this.#processes.kill(member)
    const early = this.#context.random.chance(0.5) ? await this.#start() : undefined
    await this.#everythingIsRead()
    return early ?? this.#start()
  }

  async #stopForAWhile(member: Child): Promise<void> {
    await this.#processes.stop(member)
    await this.#everythingIsRead()
    member.signal('SIGCONT')
  }

  #everythingIsRead(): Promise<void> {
    return this.#processes.until('the last record', () => this.#read.size >= this.#sent)
  }

  /** What a member says it had read before it was asked for more: nothing is committed that nobody has said. */
  async #check(): Promise<void> {
    const { report, tally } = this.#context
    for (const { partition, offset: end } of await this.#opened.log.admin.lag(groupName)) {
      for (let offset = 0; offset < (end ?? 0); offset++) {
        if (!this.#read.has(`${partition}:${offset}`)) report(`A4 ${partition}:${offset} is committed unread`)
      }
    }
    tally.count('checks')
  }
}
