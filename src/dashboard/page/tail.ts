/**
 * A topic as it grows: the newest few hundred records, until it is paused.
 */
import { useEffect, useState } from 'preact/hooks'
import type { RecordView, TailView } from '../views.ts'
import { after } from './browser-clock.ts'
import { Pauses } from './pauses.ts'
import { useVisible } from './visible.ts'

const keptMax = 200

export interface TailState {
  readonly records: readonly RecordView[]
  readonly passedOver: number
  readonly state: 'live' | 'ended'
  readonly isPaused: boolean
  readonly pause: (isPaused: boolean) => void
}

export function useTail(path: string): TailState {
  const [isPaused, pause] = useState(false)
  const isVisible = useVisible()
  const [tail, setTail] = useState<Pick<TailState, 'records' | 'passedOver' | 'state'>>({
    records: [],
    passedOver: 0,
    state: 'live',
  })
  useEffect(() => {
    if (isPaused || !isVisible) return undefined
    const pauses = new Pauses()
    let source = open()
    let cancel: () => void = () => undefined
    function open(): EventSource {
      const opened = new EventSource(path)
      opened.addEventListener('records', (event) => {
        pauses.reset()
        const news = JSON.parse(String(event.data)) as TailView
        setTail(({ records, passedOver }) => ({
          records: [...news.records, ...records].slice(0, keptMax),
          passedOver: passedOver + news.passedOver,
          state: 'live',
        }))
      })
      opened.addEventListener('failed', () => {
        opened.close()
        setTail((before) => ({ ...before, state: 'ended' }))
      })
      // A connection that is lost comes back by itself, one that is refused does not.
      opened.addEventListener('error', () => {
        if (opened.readyState === EventSource.CLOSED) cancel = after(pauses.next(), () => (source = open()))
      })
      return opened
    }
    return () => {
      cancel()
      source.close()
    }
  }, [path, isPaused, isVisible])
  return { ...tail, isPaused, pause }
}
