/**
 * A comparison as it is followed: it goes on for as long as anyone follows it, so it is followed until it has ended or
 * was cancelled, whatever view is shown meanwhile.
 *
 * A connection that is refused or lost is tried again, after longer and longer pauses: a dashboard that has no room for
 * one more would otherwise be asked without end.
 */
import type { ComparisonView } from '../replay-views.ts'
import type { Answer } from './asking.ts'
import { Pauses } from './pauses.ts'

/** What it takes of the browser. */
export interface Means {
  readonly ask: (path: string, signal: AbortSignal) => Promise<Answer<ComparisonView>>
  /** Calls back with each view, until the connection is lost, or the returned function is called. */
  readonly listen: (path: string, heard: (view: ComparisonView) => void, lost: () => void) => () => void
  /** Calls back once; the returned function cancels. */
  readonly after: (delayMs: number, callback: () => void) => () => void
}

type Tell = (answer: Answer<ComparisonView>) => void

export class FollowedComparison {
  readonly #path: string
  readonly #means: Means
  readonly #tells = new Set<Tell>()
  readonly #pauses = new Pauses()
  #asking: AbortController | undefined
  #disconnect: (() => void) | undefined
  /** As it was heard last; undefined without a connection. */
  #view: ComparisonView | undefined
  #cancelPause: (() => void) | undefined
  /** Whether it went on when this page last knew. */
  #isFollowed = false
  /** This page no longer waits for it, though it may go on for a moment, or for others. */
  #isCancelled = false

  constructor(path: string, means: Means) {
    this.#path = path
    this.#means = means
  }

  /** Tells how it is, now and whenever that changes, until the returned function is called. */
  watch(tell: Tell): () => void {
    this.#tells.add(tell)
    if (this.#view === undefined) void this.#look()
    else tell({ state: 'ready', value: this.#view })
    return () => {
      this.#tells.delete(tell)
      if (this.#tells.size === 0) this.#asking?.abort()
    }
  }

  begin(): void {
    this.#cancelPause?.()
    this.#cancelPause = undefined
    this.#follow(true)
  }

  cancel(): void {
    this.#isCancelled = true
    this.#isFollowed = false
    this.#leave()
    void this.#look()
  }

  async #look(): Promise<void> {
    this.#asking?.abort()
    const asking = new AbortController()
    this.#asking = asking
    const found = await this.#means.ask(this.#path, asking.signal)
    if (asking.signal.aborted || this.#disconnect !== undefined) return
    if (found.state !== 'ready') {
      const isWanted = this.#isFollowed || this.#tells.size > 0
      if (found.state === 'failed' && found.isPassing && isWanted) this.#pause()
      return this.#tell(found)
    }
    this.#isFollowed = found.value.running !== null && !this.#isCancelled
    if (found.value.running === null) return this.#tell(found)
    if (this.#isCancelled) return this.#tell({ state: 'ready', value: { ...found.value, running: null } })
    this.#tell(found)
    // What another page has begun goes on for this one too.
    if (this.#cancelPause === undefined) this.#follow(false)
  }

  #follow(begins: boolean): void {
    this.#leave()
    this.#asking?.abort()
    this.#isFollowed = true
    this.#isCancelled = false
    const heard = (view: ComparisonView): void => {
      this.#pauses.reset()
      this.#isFollowed = view.running !== null
      if (view.running === null) this.#leave()
      else this.#view = view
      this.#tell({ state: 'ready', value: view })
    }
    const lost = (): void => {
      this.#leave()
      this.#pause()
    }
    this.#disconnect = this.#means.listen(`${this.#path}/live${begins ? '?begin=true' : ''}`, heard, lost)
  }

  #leave(): void {
    this.#disconnect?.()
    this.#disconnect = undefined
    this.#view = undefined
  }

  /** After a pause, checks whether there still is something to follow. */
  #pause(): void {
    if (this.#cancelPause !== undefined) return
    this.#cancelPause = this.#means.after(this.#pauses.next(), () => {
      this.#cancelPause = undefined
      void this.#look()
    })
  }

  #tell(answer: Answer<ComparisonView>): void {
    for (const tell of this.#tells) tell(answer)
  }
}
