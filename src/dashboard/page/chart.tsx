/**
 * A chart of one figure over the last 15 minutes: what it is now, the most that it was, and from when on it is known.
 * There is no past before the dashboard was opened, and the chart says so.
 */
import type { FigureName, HistoryView, Series } from '../views.ts'
import { knownOf, pathOfSeries } from './series-path.ts'
import { briefCount, clockTime, duration, rate, size } from './text.tsx'

const width = 300
const height = 56

interface ChartProps {
  /** `lag in time`. */
  readonly title: string
  readonly of: Series | undefined
  readonly everyMs: number
  /** When the last of the series was seen. */
  readonly atMs: number
  readonly shown: (figure: number) => string
}

function Chart({ title, of = [], everyMs, atMs, shown }: ChartProps) {
  const known = knownOf(of)
  const most = Math.max(0, ...known)
  const last = known.at(-1)
  const unknown = of.findIndex((figure) => figure !== null)
  const since = unknown > 0 ? `since ${clockTime(atMs - (of.length - unknown) * everyMs)}` : '15 min ago'
  const room = { width, height, most }
  return (
    <figure class="chart">
      <figcaption>
        {title} <strong>{last === undefined ? '–' : shown(last)}</strong>
      </figcaption>
      {known.length < 2 ? (
        <p class="soft">No past yet: a chart starts when the dashboard is opened.</p>
      ) : (
        <>
          <svg
            viewBox={`0 0 ${width} ${height}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`${title}, ${since} until now: at most ${shown(most)}, now ${shown(last ?? 0)}`}
          >
            <path d={pathOfSeries(of.slice(Math.max(0, unknown)), room)} />
          </svg>
          <p class="axis" aria-hidden="true">
            <span>{since}</span>
            <span>max {shown(most)}</span>
            <span>now</span>
          </p>
        </>
      )}
    </figure>
  )
}

interface ChartsProps {
  /** What they are about, for those who do not see it. */
  readonly label: string
  readonly of: HistoryView | undefined
  readonly atMs: number
  readonly figures: readonly FigureName[]
}

const charts: Readonly<Record<FigureName, Pick<ChartProps, 'title' | 'shown'>>> = {
  rate: { title: 'processed', shown: rate },
  lag: { title: 'records of lag', shown: briefCount },
  lagMs: { title: 'lag in time', shown: duration },
  passedOver: { title: 'dropped and failed', shown: rate },
  usedBytes: { title: 'disk in use', shown: size },
}

/** Several of them in a row. */
export function Charts({ label, of, atMs, figures }: ChartsProps) {
  return (
    <section class="charts" aria-label={label}>
      {figures.map((figure) => (
        <Chart key={figure} {...charts[figure]} of={of?.series[figure]} everyMs={of?.everyMs ?? 0} atMs={atMs} />
      ))}
    </section>
  )
}
