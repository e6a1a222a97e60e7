/**
 * A small chart of counts over a time: a bar for each stretch of it, and its highest one in words.
 */
import { escaped } from '../../core/escaped.ts'
import { count } from './text.tsx'

const barWidth = 4
const height = 20

export function Bars({ of, what }: { readonly of: readonly number[]; readonly what: string }) {
  const most = Math.max(...of)
  const width = of.length * barWidth
  const label = escaped(`${what}: at most ${count(most)} in one of ${of.length} stretches`)
  const paths = of.map((figure, at) => {
    if (figure === 0) return ''
    const top = height - Math.max(1, (figure / most) * (height - 1))
    return `M${at * barWidth} ${height}V${top.toFixed(1)}h${barWidth - 1}V${height}z`
  })
  return (
    <svg class="bars" width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      <title>{label}</title>
      <path d={paths.join('')} />
    </svg>
  )
}
