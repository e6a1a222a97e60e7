/**
 * How a running application is shown: on a terminal, and in the lines of a log.
 */
import { escaped } from '../../core/escaped.ts'
import type { Counters, Counts } from '../../core/stored-progress.ts'
import { shownDuration } from '../../inspect/amounts.ts'
import { type Style, styled } from '../colours.ts'
import { type Figures, total } from './figures.ts'

export interface ScreenForm {
  readonly isColoured: boolean
  /** A time as people read it. */
  readonly time: (ms: number) => string
}

const grouped = new Intl.NumberFormat('en-US')

/** A number as people read it: `1,234,567`. */
const shownCount = (count: number): string => grouped.format(count)

/** The lines of the screen; a terminal that is too narrow cuts them at their end. */
export function screenOf(figures: Figures, { isColoured, time }: ScreenForm): string {
  const { applicationId, state, runningMs, consumed, produced, lag, eventTime } = figures
  const style = (name: Style, text: string): string => styled(name, text, isColoured)
  const records = (perSecond: number, all: number): string =>
    `${`${shownCount(perSecond)}/s`.padStart(12)}  ${shownCount(all)} in all`
  const lines: (readonly [name: string, text: string])[] = [
    ['in', records(figures.consumedPerSecond, total(consumed))],
    ['out', records(figures.producedPerSecond, total(produced))],
    ['lag', `${shownCount(lag).padStart(10)}    ${leftOf(figures)}`],
    ['time', eventTime < 0 ? 'no record yet' : time(eventTime)],
    ['commits', `${shownCount(figures.commits)}, the last took ${Math.round(figures.lastCommitMs)} ms`],
    ...topicLines(consumed, 'in'),
    ...topicLines(produced, 'out'),
  ]
  const width = Math.max(...lines.map(([name]) => name.length), 'dropped'.length)
  const shown = lines.map(([name, text]) => `${style('dim', name.padEnd(width))}  ${text}`.trimEnd())
  const colour: Style = state === 'running' ? 'green' : state === 'failed' ? 'red' : 'yellow'
  const second = Math.floor(runningMs / 1_000) * 1_000
  return [
    `${style('bold', applicationId)}  ${style(colour, state)}  ${shownDuration(second)}`,
    ...shown,
    ...countLines('dropped', figures.dropped).map((line) => style('yellow', line)),
    ...countLines('failed', figures.failed).map((line) => style('red', line)),
  ].join('\n')
}

/** How long it is going to take; nothing where that cannot be known. */
function leftOf({ lag, consumedPerSecond }: Figures): string {
  if (lag === 0 || consumedPerSecond === 0) return ''
  return `about ${shownDuration(Math.ceil(lag / consumedPerSecond) * 1_000)}`
}

/** Several topics, each with its count. */
function topicLines(counts: Counts, way: 'in' | 'out'): (readonly [string, string])[] {
  const topics = Object.entries(counts)
  if (topics.length < 2) return []
  return topics.map(([topic, count]) => [way, `${shownCount(count).padStart(10)}    ${escaped(topic)}`])
}

/** `dropped  7 late  count-minutes`. */
function countLines(what: string, counters: Counters): string[] {
  return Object.entries(counters).flatMap(([operator, counts]) =>
    Object.entries(counts).map(([why, count]) => `${what}  ${shownCount(count)} ${escaped(why)}  ${escaped(operator)}`),
  )
}

/** One line, for a log. */
export function lineOf(figures: Figures, time: ScreenForm['time']): string {
  const { applicationId, state, consumed, produced, lag, eventTime, dropped, failed } = figures
  const passedOver = (counters: Counters, what: string): string => {
    const count = Object.values(counters).reduce((sum, counts) => sum + total(counts), 0)
    return count === 0 ? '' : `, ${shownCount(count)} ${what}`
  }
  return (
    `${applicationId} ${state}: ${shownCount(total(consumed))} in (${shownCount(figures.consumedPerSecond)}/s), ` +
    `${shownCount(total(produced))} out (${shownCount(figures.producedPerSecond)}/s), lag ${shownCount(lag)}` +
    `${eventTime < 0 ? '' : `, time ${time(eventTime)}`}${passedOver(dropped, 'dropped')}${passedOver(failed, 'failed')}`
  )
}
