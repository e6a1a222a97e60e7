/**
 * Windows as bars over time: a lane for each key, as high as its value where that is a number. Windows of a lane that
 * overlap stand below each other.
 */
import type { RowView } from '../views.ts'

export const lanesMax = 12
/** Windows that overlap more deeply than this cover each other. */
const depthMax = 6
/** A window without an end: it goes on to the right edge. */
const endlessMs = 8.64e15

export interface Bar {
  readonly row: RowView
  /** From 0, the left edge, to 1. */
  readonly from: number
  readonly to: number
  /** Its place among those of its lane that overlap. */
  readonly depth: number
  /** Its value beside the largest one, 0 to 1; null where values are no numbers from 0 on. */
  readonly share: number | null
}

export interface Lane {
  readonly key: string
  /** In the order of time. */
  readonly bars: readonly Bar[]
  readonly depths: number
}

export interface TimelineView {
  readonly lanes: readonly Lane[]
  readonly fromMs: number
  readonly toMs: number
  /** Keys that have no lane. */
  readonly keysLeft: number
}

type WindowedRow = RowView & { readonly window: NonNullable<RowView['window']> }

/** Undefined for rows without windows. */
export function timelineOf(all: readonly RowView[]): TimelineView | undefined {
  const rows = all.filter((row): row is WindowedRow => row.window !== null)
  if (rows.length === 0) return undefined
  const keys = [...new Set(rows.map(({ key }) => key))]
  // In an order of their own: in that of the rows they change places with each new window, and a keyboard is lost.
  const shownKeys = keys.slice(0, lanesMax).toSorted()
  const shown = rows.filter(({ key }) => shownKeys.includes(key))
  const fromMs = Math.min(...shown.map(({ window }) => window.startMs))
  const ends = shown.map(({ window }) => window.endMs).filter((end) => end < endlessMs)
  const lastStart = Math.max(...shown.map(({ window }) => window.startMs))
  const toMs = Math.max(fromMs + 1, lastStart, ...ends)
  const numbers = shown.map(({ value }) => numberOf(value))
  const most = Math.max(0, ...numbers.map((number) => number ?? 0))
  const isOfNumbers = most > 0 && numbers.every((number) => number !== null && number >= 0)
  const placeOf = (ms: number): number => Math.min(1, (ms - fromMs) / (toMs - fromMs))
  const lanes = shownKeys.map((key): Lane => {
    const own = shown.filter((row) => row.key === key).toSorted((a, b) => a.window.startMs - b.window.startMs)
    const ends: number[] = []
    const bars = own.map((row): Bar => {
      const { startMs, endMs } = row.window
      const free = ends.findIndex((end) => end <= startMs)
      const depth = free >= 0 ? free : Math.min(ends.length, depthMax - 1)
      ends[depth] = endMs
      const share = isOfNumbers ? (numberOf(row.value) ?? 0) / most : null
      return { row, from: placeOf(startMs), to: placeOf(endMs), depth, share }
    })
    return { key, bars, depths: ends.length }
  })
  return { lanes, fromMs, toMs, keysLeft: keys.length - shownKeys.length }
}

function numberOf(text: string): number | null {
  return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : null
}

const stepsMs: readonly number[] = [
  1, 10, 100, 1_000, 5_000, 10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000,
  43_200_000, 86_400_000, 604_800_000, 2_592_000_000, 31_536_000_000,
]

/** A few round times between two. */
export function ticksOf(fromMs: number, toMs: number, most: number): readonly number[] {
  const step = stepsMs.find((one) => (toMs - fromMs) / one <= most) ?? Math.ceil((toMs - fromMs) / most)
  const first = Math.ceil(fromMs / step) * step
  return Array.from({ length: Math.floor((toMs - first) / step) + 1 }, (_, at) => first + at * step)
}
