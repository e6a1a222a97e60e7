// Access logs for tests, and counts of them that owe nothing to the code under test: plain loops, other expressions.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accessLogLines } from '../../examples/clicks/generate.ts'
import { partitionOf } from '../../src/core/partitioner.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** An access log of the demo's generator, as bytes. */
export function accessLogBytes(lines: number): Buffer {
  return Buffer.from([...accessLogLines({ lines })].map((line) => `${line}\n`).join(''), 'latin1')
}

/** The same in a file. */
export function accessLogFile(lines: number): string {
  const path = join(temporaryDirectory(), 'access.log')
  writeFileSync(path, accessLogBytes(lines))
  return path
}

/** A line as far as counting needs it. */
export interface Line {
  readonly client: string
  /** Of a malformed line: that of the line before. */
  readonly time: number
  /** Undefined unless the line is a click. */
  readonly page: string | undefined
  readonly isMalformed: boolean
}

const wellFormed =
  /^(\S+) \S+ \S+ \[(\d+)\/(\w+)\/(\d+):(\d+:\d+:\d+) \+0000\] "(\S+) ([^ "]*)[^"]*" (\d{3}) (?:\d+|-) ".*" ".*"$/

export function readLines(bytes: Buffer): Line[] {
  const texts = bytes.toString().split('\n')
  if (texts.at(-1) === '') texts.pop()
  let time = 0
  return texts.map((text) => {
    const [, client = text.split(' ')[0] ?? '', day, month, year, clock, method, target = '', status] =
      wellFormed.exec(text) ?? []
    const parsed = Date.parse(`${day} ${month} ${year} ${clock} UTC`)
    const isMalformed = Number.isNaN(parsed)
    if (!isMalformed) time = parsed
    const isClick = !isMalformed && method === 'GET' && status === '200'
    return { client, time, page: isClick ? target.split('?')[0] : undefined, isMalformed }
  })
}

export interface Counting {
  readonly windowMs: number
  readonly graceMs: number
  /** Which clicks share a stream time. Default: all. */
  readonly laneOf?: (page: string) => number
}

/** What `--json` has to print for lines in this order. */
export function countedAsJson(lines: readonly Line[], { windowMs, graceMs, laneOf = () => 0 }: Counting): string {
  const counts = new Map<number, Map<string, number>>()
  const streamTimes = new Map<number, number>()
  const summary = { lines: lines.length, clicks: 0, filtered: 0, late: 0, malformed: 0 }
  for (const { time, page, isMalformed } of lines) {
    if (isMalformed) summary.malformed++
    else if (page === undefined) summary.filtered++
    else {
      summary.clicks++
      const lane = laneOf(page)
      const streamTime = Math.max(streamTimes.get(lane) ?? 0, time)
      streamTimes.set(lane, streamTime)
      const start = Math.floor(time / windowMs) * windowMs
      if (start + windowMs + graceMs <= streamTime) summary.late++
      else {
        const pages = counts.get(start) ?? new Map<string, number>()
        counts.set(start, pages.set(page, (pages.get(page) ?? 0) + 1))
      }
    }
  }
  const rows = [...counts.keys()]
    .sort((a, b) => a - b)
    .flatMap((windowStart) => {
      const pages = counts.get(windowStart) ?? new Map<string, number>()
      return [...pages.keys()]
        .sort()
        .map((page) => ({ page, windowStart, windowEnd: windowStart + windowMs, count: pages.get(page) }))
    })
  return [...rows, { summary }].map((row) => `${JSON.stringify(row)}\n`).join('')
}

export function partitionOfText(text: string, partitions: number): number {
  const bytes = Buffer.from(text)
  return partitionOf(bytes, 0, bytes.length, partitions)
}

/** Lines in the order of the engine: of all partitions the head with the smallest timestamp, ties by partition. */
export function inEngineOrder(lines: readonly Line[], partitions: number): Line[] {
  const heads = Array.from({ length: partitions }, (): Line[] => [])
  for (const line of lines.toReversed()) heads[partitionOfText(line.client, partitions)]?.push(line)
  return lines.map(() => {
    const next = heads
      .filter((lane) => lane.length > 0)
      .reduce((best, lane) => ((lane.at(-1) as Line).time < (best.at(-1) as Line).time ? lane : best))
    return next.pop() as Line
  })
}
