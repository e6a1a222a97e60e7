/**
 * A small chart: one line over the last 15 minutes, and its highest point in words for those who do not see it.
 */
import type { Series } from '../views.ts'
import { knownOf, pathOfSeries } from './series-path.ts'
import { briefCount } from './text.tsx'

const width = 90
const height = 20

interface SparkProps {
  readonly of: Series | undefined
  /** What it shows: `records a second`. */
  readonly what: string
}

export function Spark({ of = [], what }: SparkProps) {
  const known = knownOf(of)
  if (known.length < 2) return <span class="spark none" aria-hidden="true" />
  const most = Math.max(...known)
  const label = `${what}, last 15 minutes: at most ${briefCount(most)}`
  return (
    <svg class="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <title>{label}</title>
      <path d={pathOfSeries(of, { width, height, most })} />
    </svg>
  )
}
