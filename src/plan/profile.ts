/**
 * Whose time it is: a turn that is sampled tells how long each operator took, without what follows it.
 *
 * There is one for the thread, because a turn never waits: nothing else runs until it is over, except the engine of a
 * test driver within it, whose run ends the sample. Outside a sample an operator only asks {@link Profile.isOn}.
 */
import { monotonicMs } from '../core/clock.ts'

/** What time is charged to. */
export interface Worker {
  sampledMs: number
}

class Profile {
  isOn = false
  /** Who works, and for whom: the innermost last. */
  readonly #working: Worker[] = []
  #sinceMs = 0
  #begunMs = 0

  begin(): void {
    this.isOn = true
    this.#working.length = 0
    this.#begunMs = monotonicMs()
  }

  /** Also after a throw, when not everyone has left. Returns how long the sample took; 0 where none was under way. */
  end(): number {
    if (!this.isOn) return 0
    this.isOn = false
    return monotonicMs() - this.#begunMs
  }

  enter(worker: Worker): void {
    this.#charge()
    this.#working.push(worker)
  }

  leave(): void {
    this.#charge()
    this.#working.pop()
  }

  #charge(): void {
    const nowMs = monotonicMs()
    const innermost = this.#working.at(-1)
    if (innermost !== undefined) innermost.sampledMs += nowMs - this.#sinceMs
    this.#sinceMs = nowMs
  }
}

export const profile: Profile = new Profile()
