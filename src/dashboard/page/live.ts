/**
 * The live stream as the page sees it: one connection for the whole page, kept up, and honest about when it is down.
 */
import { useEffect, useState } from 'preact/hooks'
import type { LiveEvent } from '../views.ts'
import { every, nowMs } from './browser-clock.ts'
import { useVisible } from './visible.ts'

/** A connection without events for this long is dead, whatever the browser thinks of it. */
const silenceMs = 8_000

export interface Live {
  /** `connecting` only before the first event. */
  readonly state: 'connecting' | 'live' | 'lost'
  readonly atMs: number
  readonly parts: ReadonlyMap<string, unknown>
}

const nothing: Live = { state: 'connecting', atMs: 0, parts: new Map() }

/** @param detail `ID/VERSION` of the version that is looked at closely */
export function useLive(detail: string | undefined): Live {
  const [live, setLive] = useState(nothing)
  const isVisible = useVisible()
  useEffect(() => {
    if (!isVisible) return undefined
    let heardMs = nowMs()
    let source = open()
    function open(): EventSource {
      const opened = new EventSource(
        detail === undefined ? '/api/live' : `/api/live?detail=${encodeURIComponent(detail)}`,
      )
      opened.addEventListener('parts', (event) => {
        heardMs = nowMs()
        const news = JSON.parse(String(event.data)) as LiveEvent
        setLive((before) => ({ state: 'live', atMs: news.atMs, parts: merged(before.parts, news) }))
      })
      opened.addEventListener('error', () => {
        setLive((before) => (before.state === 'live' ? { ...before, state: 'lost' } : before))
      })
      return opened
    }
    const stopWatching = every(2_000, () => {
      if (nowMs() - heardMs < silenceMs) return
      heardMs = nowMs()
      source.close()
      setLive((before) => ({ ...before, state: 'lost' }))
      source = open()
    })
    return () => {
      stopWatching()
      source.close()
    }
  }, [detail, isVisible])
  return live
}

function merged(before: ReadonlyMap<string, unknown>, { isAll, parts, gone }: LiveEvent): ReadonlyMap<string, unknown> {
  const merged = new Map(isAll ? [] : before)
  for (const [name, part] of Object.entries(parts)) merged.set(name, part)
  for (const name of gone) merged.delete(name)
  return merged
}

/** All parts of a kind, by name. */
export function partsOf<T>({ parts }: Live, kind: string): readonly T[] {
  const found = [...parts].filter(([name]) => name.startsWith(`${kind}/`))
  return found.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part as T)
}

export function partOf<T>({ parts }: Live, name: string): T | undefined {
  return parts.get(name) as T | undefined
}
