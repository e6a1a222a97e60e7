/**
 * Answers that may take long: each is made once for all who ask for it meanwhile, one after another.
 */
import { Refusal } from './reply.ts'

/** Different ones that wait to be made. */
const waitingMax = 16

export class AnswersMadeOnce<T> {
  readonly #made = new Map<string, Promise<T>>()
  #turn: Promise<unknown> = Promise.resolve()

  /**
   * @param key what the answer depends on
   * @throws Refusal when too many others have to be made first
   */
  answer(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.#made.get(key)
    if (known !== undefined) return known
    if (this.#made.size >= waitingMax) throw new Refusal(503, 'busy', 'too many long answers are asked for already')
    const made = this.#turn.then(make).finally(() => this.#made.delete(key))
    this.#made.set(key, made)
    this.#turn = made.catch(() => undefined) // those who asked get it
    return made
  }
}
