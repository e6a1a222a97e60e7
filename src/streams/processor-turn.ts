/**
 * The turn of a processor: which record or punctuation is at hand, and what has failed in it so far.
 *
 * A processor may keep its context and its stores wherever it likes, and call them from a timer. Outside a turn
 * nothing that they do could be undone or committed with anything, so there they refuse, and the application stops.
 */
import type { Carrier } from '../plan/carrier.ts'
import { MillraceError } from '../core/errors.ts'
import { type OperatorContext, operatorError } from '../plan/operator.ts'

export class ProcessorTurn {
  readonly #context: Pick<OperatorContext, 'operator' | 'stop'>
  #carrier: Carrier | undefined
  #isBeingMade = true
  /** What the operators after this one have thrown, even when the processor has caught it: the turn is half done. */
  #failure: Error | undefined
  /** Counts the turns, so that what is read in one is not read on in another. */
  number = 0

  constructor(context: Pick<OperatorContext, 'operator' | 'stop'>) {
    this.#context = context
  }

  /** Makes the processor. Stores may be read meanwhile, and schedules made. */
  make<T>(work: () => T): T {
    try {
      return this.outside(work)
    } finally {
      this.#isBeingMade = false
    }
  }

  /** Runs code of the user's that has no turn. */
  outside<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      throw operatorError(this.#context.operator, error)
    }
  }

  run(carrier: Carrier, work: () => void): void {
    this.number++
    this.#carrier = carrier
    this.#failure = undefined
    try {
      work()
    } catch (error) {
      throw this.#failure ?? operatorError(this.#context.operator, error)
    } finally {
      this.#carrier = undefined
    }
    this.#fail()
  }

  #fail(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Hands on to what follows. */
  emit(work: () => void): void {
    try {
      work()
    } catch (error) {
      throw (this.#failure ??= error instanceof Error ? error : operatorError(this.#context.operator, error))
    }
  }

  /** The record at hand, if there is one. */
  get carrier(): Carrier | undefined {
    return this.#carrier
  }

  /**
   * The record at hand, or the job of the punctuation.
   *
   * @param what the call that needs it
   * @throws MillraceError `emitted_outside_turn`
   */
  at(what: string): Carrier {
    return this.#carrier ?? this.#refuse(what)
  }

  /**
   * For a call that may also be made while the processor is made.
   *
   * @throws MillraceError `emitted_outside_turn`
   */
  atWork(what: string): void {
    if (this.#carrier === undefined && !this.#isBeingMade) this.#refuse(what)
  }

  /**
   * For a call that began in a turn and may not outlast it.
   *
   * @throws MillraceError `emitted_outside_turn`
   */
  goesOn(what: string, number: number): void {
    this.atWork(what)
    if (number !== this.number) this.#refuse(what)
  }

  #refuse(what: string): never {
    const { operator } = this.#context
    const when = this.#isBeingMade
      ? 'while it was made, where there is no record yet; do it in process or in a punctuation'
      : 'after its turn (in a timer, after an await …), so it would not be exactly once; do it in process or in a ' +
        'punctuation, and asynchronous work before the records are sent or after an output topic'
    const error = new MillraceError('emitted_outside_turn', `${operator} called ${what} ${when}`, { operator })
    if (!this.#isBeingMade) this.#context.stop(error)
    throw error
  }
}
