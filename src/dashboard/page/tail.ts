/**
 * A topic as it grows: the newest few hundred records, until it is paused.
 */
import { useEffect, useState } from 'preact/hooks'
import type { RecordView, TailView } from '../views.ts'
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
    const source = new EventSource(path)
    source.addEventListener('records', (event) => {
      const news = JSON.parse(String(event.data)) as TailView
      setTail(({ records, passedOver }) => ({
        records: [...news.records, ...records].slice(0, keptMax),
        passedOver: passedOver + news.passedOver,
        state: 'live',
      }))
    })
    source.addEventListener('failed', () => {
      source.close()
      setTail((before) => ({ ...before, state: 'ended' }))
    })
    return () => source.close()
  }, [path, isPaused, isVisible])
  return { ...tail, isPaused, pause }
}
