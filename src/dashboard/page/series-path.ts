/**
 * A series as a path: what every chart of the page draws.
 */
import type { Series } from '../views.ts'

interface PathSize {
  readonly width: number
  readonly height: number
  /** What stands at the top; 0: all of it lies at the bottom. */
  readonly most: number
}

/** A line for each stretch without a gap; what is known once only is a dot. */
export function pathOfSeries(series: Series, { width, height, most }: PathSize): string {
  const parts: string[] = []
  for (const [at, figure] of series.entries()) {
    if (figure === null) continue
    const x = series.length < 2 ? width : (at / (series.length - 1)) * width
    const y = most === 0 ? height - 1 : height - 1 - (figure / most) * (height - 3)
    const goesOn = (series[at - 1] ?? null) !== null
    const isAlone = !goesOn && (series[at + 1] ?? null) === null
    parts.push(`${goesOn ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}${isAlone ? 'h.1' : ''}`)
  }
  return parts.join('')
}

/** The figures that are known. */
export function knownOf(series: Series): readonly number[] {
  return series.filter((figure) => figure !== null)
}
