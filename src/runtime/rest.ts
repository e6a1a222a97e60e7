/**
 * Where an application rests until something happens.
 */
import { type Clock, yieldToEventLoop } from '../core/clock.ts'
import type { LeftFigures } from './left-figures.ts'

export class Rest {
  /** Something has happened since this was last set to false, but for answers. */
  hasNews = false
  /** A call was answered since this was last set to false. */
  hasAnswers = false
  readonly #clock: Clock
  readonly #figures: Pick<LeftFigures, 'whenDue'>
  #wake: (() => void) | undefined

  constructor(clock: Clock, figures: Pick<LeftFigures, 'whenDue'>) {
    this.#clock = clock
    this.#figures = figures
  }

  notify(): void {
    this.hasNews = true
    this.#wake?.()
  }

  answered(): void {
    this.hasAnswers = true
    this.#wake?.()
  }

  /** Until the time has passed, or something happens, or has happened already. */
  async for(restMs: number): Promise<void> {
    const cancel = Number.isFinite(restMs) ? this.#clock.schedule(Math.max(0, restMs), () => this.notify()) : undefined
    const cancelFigures = this.#figures.whenDue(() => this.notify())
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      if (this.hasNews || this.hasAnswers) resolve()
    })
    this.#wake = undefined
    cancel?.()
    cancelFigures?.()
    // Answers that come in one tick are worked on together.
    if (this.hasAnswers) await yieldToEventLoop()
  }
}
