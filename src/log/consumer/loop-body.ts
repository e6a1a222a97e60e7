/**
 * The body of a loop over a consumer: whether it has something in hand, and whether it is the body itself that closes its consumer.
 *
 * Closing waits for the body, but a body that awaits the closing would wait for itself. Nobody is told who calls, and an
 * AsyncLocalStorage cannot tell: up to its first await a loop shares its context with whoever began it. So the stack is looked at,
 * once for each loop and each close: the function that runs the loop stands in it, or awaits who does.
 *
 * Who pulls records by hand may never come back, and nobody waits for that. A `for await` takes the function `next` of its iterator
 * once, not for every call, and asks the first answer whether it is done.
 */
import { type Clock, nextTurn } from '../../core/clock.ts'

export class LoopBody {
  /** The function that runs the loop. */
  #place: string | undefined
  #isAtWork = false
  #timesTaken = 0
  #first: 'to come' | 'unread' | 'read' = 'to come'
  #rest: (() => void) | undefined

  /** Somebody takes the function that asks. */
  takesNext(): void {
    this.#timesTaken++
  }

  /** The loop asks for something; called by what it calls. */
  asks(): void {
    this.#place ??= callers()[2]
    this.rests()
  }

  /** What the loop gets to work on, as its iterator returns it. */
  answer<T>(value: T): IteratorYieldResult<T> {
    if (this.#first === 'to come') return this.#firstAnswer(value)
    this.#isAtWork = this.#timesTaken < 2
    return { done: false, value }
  }

  #firstAnswer<T>(value: T): IteratorYieldResult<T> {
    this.#first = 'unread'
    const read = (): false => {
      if (this.#first === 'unread') this.#isAtWork = true
      this.#first = 'read'
      return false
    }
    return {
      get done() {
        return read()
      },
      value,
    }
  }

  /** It has nothing in hand any more, or nobody is to wait for what it has. */
  rests(): void {
    this.#isAtWork = false
    if (this.#first === 'unread') this.#first = 'read'
    this.#rest?.()
    this.#rest = undefined
  }

  /** Whether this is called from inside of the body, by whatever the body awaits. */
  get isCaller(): boolean {
    return this.#isAtWork && this.#place !== undefined && callers().includes(this.#place)
  }

  /** Resolves when the body has nothing in hand, after this time at the latest. */
  async rested(clock: Clock, timeoutMs: number): Promise<void> {
    if (this.#first === 'unread') await nextTurn() // its reader has not had the time yet
    if (!this.#isAtWork) return
    const cancel = clock.schedule(timeoutMs, () => this.rests())
    await new Promise<void>((resolve) => {
      this.#rest = resolve
    })
    cancel()
  }
}

/** A function on the stack, or one that awaits it. */
interface Frame {
  getScriptNameOrSourceURL(): string | null
  getEnclosingLineNumber(): number
  getEnclosingColumnNumber(): number
}

/** Who has called, nearest first and without this function: each by where its function begins. */
function callers(): string[] {
  const { stackTraceLimit } = Error
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace')
  try {
    Error.stackTraceLimit = Number.POSITIVE_INFINITY
    Error.prepareStackTrace = (_, frames) => frames
    const stack: unknown = new Error('who calls').stack
    return (Array.isArray(stack) ? (stack as Frame[]) : []).slice(1).map(placeOf)
  } catch {
    return [] // where the Error of the program is frozen, nobody is taken for the body
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace)
  }
}

function placeOf(frame: Frame): string {
  return [frame.getScriptNameOrSourceURL(), frame.getEnclosingLineNumber(), frame.getEnclosingColumnNumber()].join(':')
}
