/**
 * A small chart: one line over the last 15 minutes, and its highest point in words for those who do not see it.
 */
import type { Series } from '../views.ts'
import { briefCount } from './text.tsx'

const width = 90
const height = 20

interface SparkProps {
  readonly of: Series | undefined
  /** What it shows: `records a second`. */
  readonly what: string
}

export function Spark({ of = [], what }: SparkProps) {
  const known = of.filter((figure) => figure !== null)
  if (known.length < 2) return <span class="spark none" aria-hidden="true" />
  const most = Math.max(...known)
  const paths: string[] = []
  let isDown = false
  for (const [at, figure] of of.entries()) {
    if (figure !== null) {
      const x = (at / (of.length - 1)) * width
      const y = most === 0 ? height - 1 : height - 1 - (figure / most) * (height - 3)
      paths.push(`${isDown ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`)
    }
    isDown = figure !== null
  }
  const label = `${what}, last 15 minutes: at most ${briefCount(most)}`
  return (
    <svg class="spark" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <title>{label}</title>
      <path d={paths.join('')} />
    </svg>
  )
}
