/**
 * Answers that may take long. They are made one after another, each once for all who ask for it meanwhile, and only
 * while one of them still waits.
 */
import { Refusal } from './reply.ts'

/** Different ones that wait to be made. */
const waitingMax = 16

/** An answer that is being made, or has yet to be. */
interface Making<T> {
  readonly answer: Promise<T>
  readonly stop: AbortController
  /** How many wait for it. */
  waiting: number
}

export class AnswersMadeOnce<T> {
  readonly #making = new Map<string, Making<T>>()
  #turn: Promise<unknown> = Promise.resolve()

  /**
   * @param key what the answer depends on
   * @param gone aborts when the one who asks has gone
   * @param make makes it, until the signal says that all have gone
   * @throws Refusal when too many others have to be made first
   */
  async answer(key: string, gone: AbortSignal, make: (signal: AbortSignal) => Promise<T>): Promise<T> {
    gone.throwIfAborted()
    const making = this.#making.get(key) ?? this.#begin(key, make)
    let leave = (): void => undefined
    const left = new Promise<never>((_, reject) => {
      leave = () => reject(gone.reason as Error)
    })
    making.waiting++
    gone.addEventListener('abort', leave)
    try {
      return await Promise.race([making.answer, left])
    } finally {
      gone.removeEventListener('abort', leave)
      making.waiting--
      if (making.waiting === 0) this.#end(key, making)
    }
  }

  #begin(key: string, make: (signal: AbortSignal) => Promise<T>): Making<T> {
    if (this.#making.size >= waitingMax) throw new Refusal(503, 'busy', 'too many long answers are asked for already')
    const stop = new AbortController()
    const answer = this.#turn.then(() => {
      stop.signal.throwIfAborted()
      return make(stop.signal)
    })
    this.#turn = answer.catch(() => undefined) // those who asked get it
    const making = { answer, stop, waiting: 0 }
    this.#making.set(key, making)
    return making
  }

  /** No one waits for it any longer, whether it is made or not: the next one who asks gets a new one. */
  #end(key: string, making: Making<T>): void {
    making.stop.abort()
    if (this.#making.get(key) === making) this.#making.delete(key)
  }
}
