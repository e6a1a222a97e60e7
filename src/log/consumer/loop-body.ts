/**
 * The body of a loop over a consumer: whether it has a record in hand, and whether it is the body itself that closes
 * its consumer.
 *
 * Closing waits for the body, but a body that awaits the close would wait for itself. JavaScript does not tell a
 * function who called it, and AsyncLocalStorage does not help: up to its first await a loop shares the context of the
 * code that started it. So we look at the stack, once for each loop and each close: the function that runs the loop is
 * on it, or awaits one that is.
 *
 * Code that pulls records by hand may never come back, so closing does not wait for it. This is how the two differ: a
 * `for await` reads the `next` method of its iterator once, not for every call, and reads `done` of the first answer.
 */
import { type Clock, yieldToEventLoop } from '../../core/clock.ts'

export class LoopBody {
  /** The function that runs the loop. */
  #place: string | undefined
  #isAtWork = false
  #timesTaken = 0
  #first: 'to come' | 'unread' | 'read' = 'to come'
  #rest: (() => void) | undefined

  /** The `next` method has been read. */
  takesNext(): void {
    this.#timesTaken++
  }

  /** The loop asks for something; to be called directly by the function that the loop calls. */
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

  /** It no longer has anything in hand, or nothing should wait for what it has. */
  rests(): void {
    this.#isAtWork = false
    if (this.#first === 'unread') this.#first = 'read'
    this.#rest?.()
    this.#rest = undefined
  }

  /** Whether this is called from inside the body, by whatever the body awaits. */
  get isCaller(): boolean {
    return this.#isAtWork && this.#place !== undefined && callers().includes(this.#place)
  }

  /** Resolves when the body has nothing in hand, or after this time at the latest. */
  async rested(clock: Clock, timeoutMs: number): Promise<void> {
    if (this.#first === 'unread') await yieldToEventLoop() // the loop has not had time to read it yet
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

/** The callers, nearest first and without this function, each identified by where its function begins. */
function callers(): string[] {
  const { stackTraceLimit } = Error
  const prepareStackTrace: unknown = Reflect.get(Error, 'prepareStackTrace')
  try {
    Error.stackTraceLimit = Number.POSITIVE_INFINITY
    Error.prepareStackTrace = (_, frames) => frames
    const stack: unknown = new Error('who calls').stack
    return (Array.isArray(stack) ? (stack as Frame[]) : []).slice(1).map(placeOf)
  } catch {
    return [] // the program has frozen Error: then no caller is taken for the body
  } finally {
    Error.stackTraceLimit = stackTraceLimit
    Reflect.set(Error, 'prepareStackTrace', prepareStackTrace)
  }
}

function placeOf(frame: Frame): string {
  return [frame.getScriptNameOrSourceURL(), frame.getEnclosingLineNumber(), frame.getEnclosingColumnNumber()].join(':')
}
