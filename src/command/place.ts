/**
 * Places in a topic as they are typed: `start`, `end`, an offset, the last few records, a time, an age.
 */
import type { Log } from '../log/face.ts'
import type { SeekTarget } from '../log/consumer/start-offset.ts'
import { UsageError } from './exit-codes.ts'
import type { Reader } from './options.ts'
import { duration, moment } from './read-values.ts'

/** Where something begins or ends in every partition; `last` is this many records before the end. */
export type Place = SeekTarget | { readonly last: number }

/** What the help says about places. */
export const placeGrammar = 'start, end, an offset, -N (the last N), @TIME or @-AGE, such as @2025-03-04T09:00 or @-1h'

export const place: Reader<Place> = (text) => {
  if (text === 'start') return 'beginning'
  if (text === 'end') return 'end'
  if (text.startsWith('@-')) return { ago: duration(text.slice(2)) }
  if (text.startsWith('@')) return { time: moment(text.slice(1)) }
  const number = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (Number.isSafeInteger(number)) return text.startsWith('-') ? { last: -number } : number
  throw new UsageError(`Expected ${placeGrammar}.`)
}

/** What a topic holds, as far as places are about it. */
export interface Bounds {
  readonly topic: string
  readonly startOffsets: readonly number[]
  readonly endOffsets: readonly number[]
}

/** @throws MillraceError `topic_unknown` */
export async function boundsOf({ admin }: Log, topic: string): Promise<Bounds> {
  const [startOffsets, endOffsets] = await Promise.all([admin.startOffsets(topic), admin.endOffsets(topic)])
  return { topic, startOffsets, endOffsets }
}

/** The offset that a place is in each partition: nowhere before the first record that is kept, nor past the end. */
export async function offsetsAt(log: Log, place: Place, bounds: Bounds, nowMs: number): Promise<readonly number[]> {
  const { topic, startOffsets, endOffsets } = bounds
  if (place === 'beginning') return startOffsets
  if (place === 'end') return endOffsets
  const clamped = (wanted: (partition: number) => number): readonly number[] =>
    endOffsets.map((end, partition) => Math.min(Math.max(wanted(partition), startOffsets[partition] ?? 0), end))
  if (typeof place === 'number') return clamped(() => place)
  if ('last' in place) return clamped((partition) => (endOffsets[partition] ?? 0) - place.last)
  const timeMs = 'time' in place ? place.time : Math.max(0, nowMs - place.ago)
  const found = await log.admin.offsetsForTimes(topic, timeMs)
  return clamped((partition) => found[partition]?.offset ?? endOffsets[partition] ?? 0)
}
