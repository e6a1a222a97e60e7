/**
 * What is asked once, or again whenever there may be news: an answer, or why there is none. What was there stays until
 * the next answer has come.
 */
import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { type Answer, ask } from './asking.ts'
import { after } from './browser-clock.ts'
import { Notice } from './notice.tsx'

const retryMs = 2_000
const loading = { state: 'loading' } as const

/** Asks again when the path changes, or `again` does, and by itself while the dashboard cannot answer. */
export function useAnswer<T>(path: string | undefined, again: unknown = 0): Answer<T> {
  const [asked, setAsked] = useState<{ readonly path: string | undefined; readonly answer: Answer<T> }>({
    path: undefined,
    answer: loading,
  })
  const asking = useRef<Asking<T>>(undefined)
  useEffect(() => {
    if (path === undefined) return undefined
    const own = new Asking<T>(path, (answer) => {
      setAsked((before) => {
        const isKept = before.path === path && before.answer.state === 'ready'
        return answer.state === 'failed' && answer.isPassing && isKept ? before : { path, answer }
      })
    })
    asking.current = own
    return () => {
      asking.current = undefined
      own.stop()
    }
  }, [path])
  useEffect(() => asking.current?.ask(), [path, again])
  return asked.path === path ? asked.answer : loading
}

/** One question at a time: news that comes before its answer is asked for after it, so that a slow answer comes too. */
class Asking<T> {
  readonly #path: string
  readonly #tell: (answer: Answer<T>) => void
  readonly #stop = new AbortController()
  #isUnderWay = false
  #isWanted = false
  #cancel: () => void = () => undefined

  constructor(path: string, tell: (answer: Answer<T>) => void) {
    this.#path = path
    this.#tell = tell
  }

  ask(): void {
    this.#isWanted = true
    if (!this.#isUnderWay) void this.#go()
  }

  stop(): void {
    this.#cancel()
    this.#stop.abort()
  }

  async #go(): Promise<void> {
    this.#isUnderWay = true
    while (this.#isWanted) {
      this.#isWanted = false
      this.#cancel()
      const answer = await ask<T>(this.#path, this.#stop.signal)
      if (this.#stop.signal.aborted) return
      this.#tell(answer)
      if (answer.state === 'failed' && answer.isPassing) this.#cancel = after(retryMs, () => this.ask())
    }
    this.#isUnderWay = false
  }
}

interface AnsweredProps<T> {
  readonly answer: Answer<T>
  readonly children: (value: T) => ComponentChildren
}

/** Draws an answer, or says that it has not come yet, or that there is none. */
export function Answered<T>({ answer, children }: AnsweredProps<T>) {
  switch (answer.state) {
    case 'loading':
      return <Notice kind="loading">Reading…</Notice>
    case 'ready':
      return <>{children(answer.value)}</>
    case 'failed':
      return answer.code.endsWith('_unknown') ? (
        <Notice kind="gone">Not found: {answer.message}. It may have been deleted.</Notice>
      ) : (
        <Notice kind="broken">{answer.message}</Notice>
      )
  }
}
