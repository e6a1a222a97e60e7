/**
 * A comparison as the page follows it. It goes on for as long as anyone follows it, so this page does until it has
 * ended or was cancelled, whatever view is shown meanwhile.
 */
import { useEffect, useState } from 'preact/hooks'
import type { ComparisonView } from '../replay-views.ts'
import { type Answer, ask } from './answer.tsx'

interface Followed {
  readonly source: EventSource
  view: ComparisonView | undefined
}

const followed = new Map<string, Followed>()
/** What this page no longer waits for, though the comparison may go on for a moment, or for others. */
const cancelled = new Set<string>()
const changed = 'millrace:comparison'

export interface Comparing {
  readonly answer: Answer<ComparisonView>
  readonly begin: () => void
  readonly cancel: () => void
}

/**
 * @param path of the comparison in the API
 * @param again looks again when it changes
 */
export function useComparison(path: string, again: unknown): Comparing {
  const [answer, setAnswer] = useState<Answer<ComparisonView>>({ state: 'loading' })
  useEffect(() => {
    const stop = new AbortController()
    const look = async (): Promise<void> => {
      const known = followed.get(path)?.view
      if (known !== undefined) return setAnswer({ state: 'ready', value: known })
      const found = await ask<ComparisonView>(path, stop.signal)
      if (stop.signal.aborted) return
      if (found.state !== 'ready' || found.value.running === null) return setAnswer(found)
      if (cancelled.has(path)) return setAnswer({ state: 'ready', value: { ...found.value, running: null } })
      setAnswer(found)
      // What another page has begun goes on for this one too.
      if (!followed.has(path)) follow(path, false)
    }
    const follower = (): void => void look()
    addEventListener(changed, follower)
    void look()
    return () => {
      removeEventListener(changed, follower)
      stop.abort()
    }
  }, [path, again])
  const cancel = (): void => {
    cancelled.add(path)
    leave(path)
  }
  return { answer, begin: () => follow(path, true), cancel }
}

function follow(path: string, begins: boolean): void {
  followed.get(path)?.source.close()
  cancelled.delete(path)
  const source = new EventSource(`${path}/live${begins ? '?begin=true' : ''}`)
  const one: Followed = { source, view: undefined }
  followed.set(path, one)
  source.addEventListener('comparison', (event) => {
    one.view = JSON.parse(String(event.data)) as ComparisonView
    if (one.view.running === null) leave(path)
    else dispatchEvent(new Event(changed))
  })
  // It would connect again by itself: whether there is still something to follow has to be asked first.
  source.addEventListener('error', () => leave(path))
}

function leave(path: string): void {
  followed.get(path)?.source.close()
  followed.delete(path)
  dispatchEvent(new Event(changed))
}
