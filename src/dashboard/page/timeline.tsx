/**
 * Windows of a store over time. Each bar is a link to its row, one of them is in the tab order, and arrow keys go from
 * bar to bar; the table below says the same in words.
 */
import { useLayoutEffect, useRef, useState } from 'preact/hooks'
import { escaped } from '../../core/escaped.ts'
import type { RowView } from '../views.ts'
import { goTo, withQuery } from './address.tsx'
import { rowName } from './rows.tsx'
import { clockTime, dateText, Text, timeText } from './text.tsx'
import { type Bar, type Lane, lanesMax, ticksOf, timelineOf } from './timeline-layout.ts'

const laneTitlePx = 18
const barPx = 22
const axisPx = 22
const charPx = 7
const dayMs = 86_400_000

interface TimelineProps {
  readonly rows: readonly RowView[]
  readonly address: URL
}

export function Timeline({ rows, address }: TimelineProps) {
  const frame = useRef<HTMLDivElement>(null)
  const [current, setCurrent] = useState<string>()
  const timeline = timelineOf(rows)
  const width = useWidth(frame, timeline !== undefined)
  if (timeline === undefined) return null
  const { lanes, fromMs, toMs, keysLeft } = timeline
  const bars = lanes.flatMap((lane) => lane.bars)
  const chosen = bars.find(({ row }) => rowName(row) === current)
  const inTabOrder = rowName((chosen ?? bars[0])?.row ?? { key: '', window: null })
  const tops = topsOf(lanes)
  const height = (tops.at(-1) ?? 0) + axisPx
  const move = (event: KeyboardEvent): void => {
    const next = nextBar(lanes, current ?? inTabOrder, event.key)
    if (next === undefined || !(event.currentTarget instanceof Element)) return
    event.preventDefault()
    event.currentTarget.querySelector<SVGElement>(`[data-bar="${CSS.escape(rowName(next.row))}"]`)?.focus()
  }
  return (
    <div class="timeline" ref={frame}>
      <svg
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
        role="group"
        aria-label="Windows over time; arrow keys go from one to the next"
        onKeyDown={move}
      >
        {ticksOf(fromMs, toMs, Math.max(2, Math.floor(width / 130))).map((ms) => {
          const x = ((ms - fromMs) / (toMs - fromMs)) * width
          return (
            <g key={ms} class="tick">
              <path d={`M${x} 0V${height - axisPx}`} />
              <text x={Math.min(x, width - 8 * charPx)} y={height - 6}>
                {toMs - fromMs > dayMs ? dateText(ms) : clockTime(ms)}
              </text>
            </g>
          )
        })}
        {lanes.map((lane, at) => (
          <g key={lane.key}>
            <text class="lane" x="2" y={(tops[at] ?? 0) + 13}>
              <Text of={lane.key.slice(0, 60)} />
            </text>
            {lane.bars.map((bar) => (
              <BarLink
                key={rowName(bar.row)}
                of={bar}
                top={(tops[at] ?? 0) + laneTitlePx}
                width={width}
                address={address}
                isInTabOrder={rowName(bar.row) === inTabOrder}
                onReached={() => setCurrent(rowName(bar.row))}
              />
            ))}
          </g>
        ))}
      </svg>
      <p class="about" aria-hidden="true">
        {chosen === undefined ? (
          'Point at a window, or go to one with the arrow keys.'
        ) : (
          <Text of={barText(chosen.row)} />
        )}
      </p>
      {keysLeft > 0 && (
        <p class="about">
          The first {lanesMax} keys of these rows; {keysLeft} more are in the table. Search for a key to see it alone.
        </p>
      )}
    </div>
  )
}

interface BarLinkProps {
  readonly of: Bar
  readonly top: number
  readonly width: number
  readonly address: URL
  readonly isInTabOrder: boolean
  readonly onReached: () => void
}

function BarLink({ of: { row, from, to, depth, share }, top, width, address, isInTabOrder, onReached }: BarLinkProps) {
  const x = Math.min(from * width, width - 3)
  const barWidth = Math.max(3, (to - from) * width - 1)
  const bottom = top + (depth + 1) * barPx - 2
  const height = share === null ? barPx - 4 : 3 + share * (barPx - 7)
  const start = String(row.window?.startMs ?? 0)
  const alone = withQuery(new URL(address.pathname, address), { key: row.key, fromTime: start, toTime: start })
  const open = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    goTo(alone)
  }
  return (
    <a
      class="bar"
      href={alone}
      data-bar={rowName(row)}
      tabIndex={isInTabOrder ? 0 : -1}
      aria-label={escaped(barText(row))}
      onClick={open}
      onFocus={onReached}
      onPointerEnter={onReached}
    >
      <rect class="reach" x={x} y={bottom - barPx + 4} width={barWidth} height={barPx - 4} />
      <rect class="value" x={x} y={bottom - height} width={barWidth} height={height} />
      {barWidth > row.value.length * charPx + 6 && (
        <text x={x + 4} y={bottom - 5}>
          <Text of={row.value} />
        </text>
      )}
    </a>
  )
}

function barText({ key, window, value }: RowView): string {
  return `${key}, ${timeText(window?.startMs ?? 0)} to ${timeText(window?.endMs ?? 0)}: ${value.slice(0, 200)}`
}

/** Where each lane begins, and the end of the last one. */
function topsOf(lanes: readonly Lane[]): readonly number[] {
  const tops = [0]
  for (const { depths } of lanes) tops.push((tops.at(-1) ?? 0) + laneTitlePx + depths * barPx + 4)
  return tops
}

/** Left and right within a lane, up and down to what is nearest in time in the lane beside it. */
function nextBar(lanes: readonly Lane[], name: string, key: string): Bar | undefined {
  const at = lanes.findIndex(({ bars }) => bars.some(({ row }) => rowName(row) === name))
  const bars = lanes[at]?.bars ?? []
  const index = bars.findIndex(({ row }) => rowName(row) === name)
  if (key === 'ArrowLeft') return bars[index - 1]
  if (key === 'ArrowRight') return bars[index + 1]
  if (key === 'Home') return bars[0]
  if (key === 'End') return bars.at(-1)
  if (key !== 'ArrowUp' && key !== 'ArrowDown') return undefined
  const from = bars[index]?.from ?? 0
  const others = lanes[at + (key === 'ArrowDown' ? 1 : -1)]?.bars ?? []
  return others.toSorted((a, b) => Math.abs(a.from - from) - Math.abs(b.from - from))[0]
}

/** The room that there is, in pixels: text keeps its size on a phone and on a wide screen. */
function useWidth(frame: { readonly current: HTMLDivElement | null }, isThere: boolean): number {
  const [width, setWidth] = useState(320)
  // Before anyone sees it: what is pointed at stays where it is.
  useLayoutEffect(() => {
    const element = frame.current
    if (element === null) return undefined
    const measure = (): void => setWidth(Math.max(240, element.clientWidth))
    measure()
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    return () => observer.disconnect()
  }, [isThere])
  return width
}
