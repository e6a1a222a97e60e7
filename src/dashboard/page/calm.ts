/**
 * What changes many times a second, for what is costly to follow: at most every few seconds, and never left stale.
 */
import { useEffect, useRef, useState } from 'preact/hooks'
import { every } from './browser-clock.ts'

const calmMs = 2_000

export function useCalm<T>(value: T): T {
  const latest = useRef(value)
  latest.current = value
  const [shown, setShown] = useState(value)
  useEffect(() => every(calmMs, () => setShown(latest.current)), [])
  return shown
}
