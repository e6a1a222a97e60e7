// Members of a group in processes that are made up: each has a log of its own over one environment, and a clock that can freeze.
import type { ManualClock } from '../../src/core/clock.ts'
import { EmbeddedLog } from '../../src/log/embedded-log.ts'
import { DirectoryLog } from '../../src/log/log.ts'
import type { Environment } from '../../src/storage/environment.ts'
import { GroupMember, type MemberOptions } from './group-member.ts'
import { ProcessClock } from './process-clock.ts'

/** One member, in a process of its own. */
export class MemberProcess extends GroupMember {
  readonly #clock: ProcessClock

  constructor(environment: Environment, clock: ManualClock, name: string, options: MemberOptions = {}) {
    const ownClock = new ProcessClock(clock)
    super(new DirectoryLog(new EmbeddedLog(environment, { clock: ownClock })), name, options)
    this.#clock = ownClock
  }

  /** SIGSTOP, while it holds a record. */
  stop(): void {
    this.#clock.isStopped = true
  }

  /** SIGCONT: timers that fell due run first. */
  goOn(): void {
    this.#clock.goOn()
  }
}

/** Lets everyone do what there is to do, without time passing. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}
