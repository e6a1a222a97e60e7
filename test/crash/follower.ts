// Somebody who follows topics in a process of its own: what it has seen must stay as it saw it.
import type { SeenMark } from './checks.ts'
import type { Child } from './children.ts'
import type { Processes } from './processes.ts'
import type { EpisodeContext } from './subject.ts'

export class Follower {
  readonly #processes: Processes
  readonly #report: EpisodeContext['report']
  /** The newest mark of each run and partition. */
  readonly #seen = new Map<string, SeenMark>()
  #runs = 0

  constructor(processes: Processes, report: EpisodeContext['report']) {
    this.#processes = processes
    this.#report = report
  }

  /** A process that begins to follow. */
  start(dir: string, topics: readonly { readonly name: string }[]): Promise<Child> {
    const run = this.#runs++
    const names = topics.map(({ name }) => name)
    return this.#processes.employ({ role: 'reader', dir, topics: names }, (word, rest) => this.#hear(run, word, rest))
  }

  #hear(run: number, word: string, rest: string): void {
    if (word === 'gap') this.#report(`A6 ${rest}`)
    if (word !== 'saw') return
    const [topic = '', partition, end, digest = ''] = rest.split(' ')
    this.#seen.set(`${run} ${topic} ${partition}`, { topic, partition: Number(partition), end: Number(end), digest })
  }

  /** What it had seen by now. */
  get seen(): readonly SeenMark[] {
    return [...this.#seen.values()]
  }
}
