// Operators that let go of rows, each built twice, for the test of what fails after them.
import {
  int64,
  JoinWindows,
  type KStream,
  type KTable,
  nullable,
  SessionWindows,
  SlidingWindows,
  string,
  TimeWindows,
  type Windowed,
} from 'millrace'
import { call } from '../support/untyped.ts'
import { sessions, sliding, windowing } from './aggregates.ts'
import type { Work } from './naive.ts'
import { joining, keeping, suppressing } from './operators.ts'
import { digest, type Grouped, joinerOf, plain, serdes, type Text, type Value } from './sides.ts'

type Stream = KStream<Text, Value>

export interface Releasing {
  readonly stream: Stream
  /** The works of a partition, of which the last one lets go of rows. */
  readonly make: () => readonly Work[]
  /** Whether it has two inputs, and not all that comes out has waited: what has says so. */
  readonly isJoin: boolean
  /** Whether a row goes on with the headers that it came with, whatever lets go of it. */
  readonly keepsHeaders: boolean
}

const folding = {
  initializer: () => 0,
  aggregator: (key: string, value: number, sum: number) => digest(sum, value, key, 0),
  value: int64(),
}

const grouped = (stream: Stream): Grouped => stream.groupByKey(serdes) as Grouped

const byWindow = (table: KTable<Windowed<string>, number>): Stream =>
  plain(
    table.toStream().map(({ key: { key, window }, value }) => ({ key: `${key}@${window.start}-${window.end}`, value })),
  )

const closing = { isJoin: false, keepsHeaders: false }
const suppressed = { isJoin: false, keepsHeaders: true }
const joined = { isJoin: true, keepsHeaders: false }

export const releasing: readonly ((left: Stream, right: Stream, detail: number) => Releasing)[] = [
  (left, _, detail) => {
    const sizes = { size: 4 + (detail % 17), advance: 2 + (detail % 3), grace: detail % 8 }
    const windows = grouped(left).windowedBy(TimeWindows.of(sizes)).emitStrategy('onWindowClose')
    return { ...closing, stream: byWindow(windows.aggregate(folding)), make: () => [windowing(digest, sizes, true)] }
  },
  (left, _, detail) => {
    const [difference, grace] = [detail % 13, detail % 9]
    const windows = grouped(left).windowedBy(SlidingWindows.of({ difference, grace })).emitStrategy('onWindowClose')
    return {
      ...closing,
      stream: byWindow(windows.aggregate(folding)),
      make: () => [sliding(digest, difference, grace, true)],
    }
  },
  (left, _, detail) => {
    const [gap, grace] = [detail % 11, detail % 7]
    const windows = grouped(left).windowedBy(SessionWindows.of({ gap, grace })).emitStrategy('onWindowClose')
    return { ...closing, stream: byWindow(windows.count()), make: () => [sessions(gap, grace, true)] }
  },
  (left, _, detail) => {
    const sizes = { size: 4 + (detail % 17), advance: 2 + (detail % 3), grace: detail % 8 }
    const closeOf = (end: number): number => end + sizes.grace
    const table = grouped(left).windowedBy(TimeWindows.of(sizes)).aggregate(folding)
    return {
      ...suppressed,
      stream: byWindow(table.suppress({ untilWindowCloses: true, value: int64() })),
      make: () => [windowing(digest, sizes, false), suppressing({ closeOf: ({ end }) => closeOf(end) })],
    }
  },
  (left, _, detail) => {
    const limit = detail % 23
    const maxRecords = detail % 4 === 3 ? Number.POSITIVE_INFINITY : detail % 4
    const bound = Number.isFinite(maxRecords) ? { maxRecords } : {}
    const table = left.toTable(serdes) as unknown as KTable<string, number>
    return {
      ...suppressed,
      stream: plain(table.suppress({ untilTimeLimit: limit, ...bound, value: int64() }).toStream()),
      make: () => [keeping(), suppressing({ limit, maxRecords })],
    }
  },
  (left, right, detail) => {
    const sizes = { before: detail % 9, after: detail % 13, grace: detail % 6 }
    const kind = detail % 2 === 0 ? 'leftJoin' : 'outerJoin'
    const options = {
      key: string(),
      value: nullable(int64()),
      otherValue: nullable(int64()),
      window: JoinWindows.of(sizes),
    }
    return {
      ...joined,
      stream: plain(call(left, kind, right, joinerOf, options)),
      make: () => [joining(joinerOf, sizes, kind === 'leftJoin' ? [0] : [0, 1])],
    }
  },
]
