/**
 * What people read: the busiest pages with a sparkline each, and the totals.
 */
import type { ClickTable, Summary } from './click-table.ts'
import { formatDuration } from './options.ts'

const pagesShown = 12
const sparklineWidth = 36

/** The busiest pages and the totals, at most 80 columns wide. */
export function drawTable(table: ClickTable, summary: Summary, graceMs: number): string {
  return [...drawPages(table), '', ...drawSummary(summary, graceMs), ''].join('\n')
}

function drawPages({ pages, windowMs }: ClickTable): string[] {
  const busiest = [...pages]
    .map(([page, counts]) => ({ page, counts, clicks: sum(counts.values()) }))
    .toSorted((a, b) => b.clicks - a.clicks || (a.page < b.page ? -1 : 1))
  if (busiest.length === 0) return ['No clicks.']
  const starts = busiest.flatMap(({ counts }) => [...counts.keys()])
  const from = starts.reduce((least, start) => Math.min(least, start))
  const until = starts.reduce((most, start) => Math.max(most, start)) + windowMs
  const columnMs = Math.ceil((until - from) / windowMs / sparklineWidth) * windowMs
  const rest = busiest.slice(pagesShown)
  return [
    `Clicks per ${windowName(windowMs)}, ${formatSpan(from, until)} UTC`,
    '',
    row('page', 'clicks', 'peak', `${formatDuration(columnMs)} a column`),
    ...busiest
      .slice(0, pagesShown)
      .map(({ page, counts, clicks }) =>
        row(printable(page), number(clicks), number(max(counts.values())), sparkline(counts, from, until, columnMs)),
      ),
    ...(rest.length === 0 ? [] : [row(`${number(rest.length)} more`, number(sum(rest.map(({ clicks }) => clicks))))]),
  ]
}

function drawSummary({ lines, clicks, filtered, late, malformed }: Summary, graceMs: number): string[] {
  return [
    `${number(lines)} lines = ${number(clicks)} clicks + ${number(filtered)} filtered + ${number(malformed)} malformed`,
    ...(late === 0
      ? []
      : [
          `${number(late)} ${late === 1 ? 'click is' : 'clicks are'} in no count: too late for a grace of ${formatDuration(graceMs)}`,
        ]),
  ]
}

function row(page: string, clicks: string, peak = '', picture = ''): string {
  const name = page.length <= 28 ? page : `${page.slice(0, 27)}…`
  return `${name.padEnd(28)} ${clicks.padStart(7)} ${peak.padStart(5)}  ${picture}`.trimEnd()
}

const bars = ' ▁▂▃▄▅▆▇█'

/** How the clicks of a page are spread over time; the tallest bar is its busiest column. */
function sparkline(counts: ReadonlyMap<number, number>, from: number, until: number, columnMs: number): string {
  const columns = new Array<number>(Math.ceil((until - from) / columnMs)).fill(0)
  for (const [start, count] of counts) {
    const index = Math.floor((start - from) / columnMs)
    columns[index] = (columns[index] ?? 0) + count
  }
  const tallest = max(columns)
  return columns.map((count) => bars[Math.ceil((count / tallest) * (bars.length - 1))]).join('')
}

function windowName(windowMs: number): string {
  const names: Readonly<Record<number, string>> = {
    1_000: 'second',
    60_000: 'minute',
    3_600_000: 'hour',
    86_400_000: 'day',
  }
  return names[windowMs] ?? formatDuration(windowMs)
}

/** Text of a log as it may be shown on a terminal: control characters do not reach it. */
export const printable = (text: string): string => text.replace(/\p{C}/gu, '\u{fffd}')

/** To the minute, or finer where it has to be; UTC. */
export function formatTime(time: number): string {
  const text = new Date(time).toISOString().replace('T', ' ')
  return text.replace(/(:00)?\.000Z$|Z$/, '')
}

/** The date of the end is left out when it is that of the start. */
function formatSpan(from: number, until: number): string {
  const [start, end] = [formatTime(from), formatTime(until)]
  const date = start.slice(0, start.indexOf(' ') + 1)
  return `${start} to ${end.startsWith(date) ? end.slice(date.length) : end}`
}

export const number = (value: number): string => Math.round(value).toLocaleString('en-US')

function sum(values: Iterable<number>): number {
  let total = 0
  for (const value of values) total += value
  return total
}

function max(values: Iterable<number>): number {
  let largest = 0
  for (const value of values) if (value > largest) largest = value
  return largest
}
