/**
 * Text from the log, and figures, as people read them.
 */
import { escaped } from '../../core/escaped.ts'
import { shownBytes, shownDuration, shownTime } from '../../inspect/amounts.ts'
import { nowMs } from './browser-clock.ts'

/** Whatever is in it, it is shown and never obeyed: characters that cannot be seen are written out. */
export function Text({ of }: { readonly of: string }) {
  return <>{escaped(of)}</>
}

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const tenths = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

export function count(of: number): string {
  return whole.format(of)
}

/** `1.2K` from 10,000 on: where there is little room. */
export function briefCount(of: number): string {
  return of < 10_000 ? whole.format(of) : short.format(of)
}

/** Records a second. */
export function rate(of: number | null): string {
  if (of === null) return '–'
  if (of === 0) return '0'
  return `${of < 10 ? tenths.format(Math.max(0.1, of)) : briefCount(of)}/s`
}

export function percent(share: number): string {
  return share > 0 && share < 0.01 ? '<1%' : `${whole.format(share * 100)}%`
}

/** Milliseconds, to a tenth where they are few. */
export function shortTime(ms: number): string {
  return ms < 10 ? `${tenths.format(ms)}ms` : shownDuration(ms)
}

/** `14:02:10`, of this place. */
export function clockTime(ms: number): string {
  const text = timeText(ms)
  return /\d\d:\d\d:\d\d/.exec(text)?.[0] ?? text
}

/** `2025-03-04`, of this place. */
export function dateText(ms: number): string {
  return timeText(ms).replace(/ \d\d:.*/, '')
}

export function lag(records: number, ms: number): string {
  return ms === 0 || records === 0 ? briefCount(records) : `${briefCount(records)} · ${shownDuration(ms)}`
}

export const size: (bytes: number) => string = shownBytes
export const duration: (ms: number) => string = shownDuration

/** How long ago, with the time itself for those who point at it. */
export function Ago({ ms }: { readonly ms: number | null }) {
  if (ms === null) return <>–</>
  const agoMs = Math.max(0, nowMs() - ms)
  return (
    <time dateTime={isoOf(ms)} title={shownTime(ms, false)}>
      {agoMs < 1_000 ? 'now' : `${shownDuration(agoMs - (agoMs % 1_000))} ago`}
    </time>
  )
}

export function Time({ ms }: { readonly ms: number | null }) {
  if (ms === null) return <>–</>
  return (
    <time dateTime={isoOf(ms)} title={shownTime(ms, false)}>
      {timeText(ms)}
    </time>
  )
}

/** `2025-03-04 09:00:00.250`, of this place. */
export function timeText(ms: number): string {
  return shownTime(ms, false).replace(/[+-]\d\d:\d\d$/, '')
}

function isoOf(ms: number): string | undefined {
  return Math.abs(ms) > 8.64e15 ? undefined : new Date(ms).toISOString()
}
