// The processes of an episode: none of them may end by itself, and none is left when it is over.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Child, Crew } from './children.ts'
import { isLate, patienceMs } from './late.ts'
import type { EpisodeContext } from './subject.ts'

export class Processes {
  readonly #episode: EpisodeContext
  readonly #children = new Set<Child>()
  /** Those whose end is nothing unexpected: any, or one with this code. */
  readonly #doomed = new Map<Child, number | 'any'>()

  constructor(episode: EpisodeContext) {
    this.#episode = episode
  }

  async employ(command: Parameters<Crew['employ']>[0], onLine: Child['onLine']): Promise<Child> {
    const child = await this.#episode.crew.employ(command, onLine)
    this.#children.add(child)
    void child.exited.then(({ code, signal }) => {
      this.#children.delete(child)
      const due = this.#doomed.get(child)
      if (due === 'any' || (due !== undefined && due === code)) return
      this.#episode.report(`a ${command.role} ended by itself with ${signal ?? code}\n${child.complaints}`)
    })
    return child
  }

  /** Whether anybody is at work. */
  get isEmpty(): boolean {
    return this.#children.size === 0
  }

  /** SIGKILL for all of these at once; what is more than the tally asks for is not counted. */
  async kill(...victims: readonly Child[]): Promise<void> {
    const alive = victims.filter((child) => child.isAlive)
    for (let kills = alive.length; kills > 0; kills--) this.#episode.tally.take()
    await this.#end(alive)
  }

  /** SIGKILL for these, which is not counted. */
  async end(...children: readonly Child[]): Promise<void> {
    await this.#end(children.filter((child) => child.isAlive))
  }

  /** From here on a process may end by itself, with this code. */
  mayEnd(child: Child, code: number): void {
    this.#doomed.set(child, code)
  }

  /** Stops a process (SIGSTOP) where it looks for lines, so never inside of a commit. */
  async stop(child: Child): Promise<void> {
    child.tell('stop')
    await this.until('a process that was told to stop', () => child.isStopped || !child.isAlive)
    this.#episode.tally.count('stopped')
  }

  /** Ends all for good, without counting that as kills. */
  async dismiss(): Promise<void> {
    await this.#end([...this.#children])
  }

  async #end(children: readonly Child[]): Promise<void> {
    for (const child of children) {
      this.#doomed.set(child, 'any')
      child.signal('SIGKILL')
    }
    await this.within('the end of what was killed', Promise.all(children.map((child) => child.exited)))
  }

  /** What a promise gives; that it does not come is an error. */
  async within<T>(what: string, promise: Promise<T>): Promise<T> {
    return (await isLate(promise)) ? this.#giveUp(what) : promise
  }

  /** Comes when something is so; that it does not become so is an error. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    const sinceMs = performance.now()
    while (!isSo()) {
      if (performance.now() - sinceMs > patienceMs) this.#giveUp(what)
      await sleep(2)
    }
  }

  #giveUp(what: string): never {
    throw new Error(`stuck: ${what} has not come\n${[...this.#children].map(({ state }) => state).join('\n')}`)
  }
}
