/**
 * What a range of rows means in a layout: the spans of stored keys that hold its rows.
 *
 * The spans are as tight as the layout allows: the rows of one key over time are one span in each segment, or one
 * lookup in each existing window.
 */
import { ByteWriter, writeUint64 } from '../core/bytes.ts'
import type { Codec } from '../core/serde.ts'
import type { KeyOf, RowRange } from '../plan/store.ts'
import type { KeyLayout } from './layout.ts'

/** A range with its keys as bytes. */
export interface KeyBounds {
  readonly from: Buffer
  /** The first key after the range; undefined: there is none. */
  readonly end: Buffer | undefined
  /** When all rows have this one key. */
  readonly key: Buffer | undefined
  /** Times are inclusive. In layout `segment` the spans hold rows of other times too, unless there is one key. */
  readonly fromTime: number
  readonly toTime: number
  readonly isReverse: boolean
}

/** Stored keys with from <= key, and key < to unless that is undefined. */
export interface Span {
  readonly from: Buffer
  readonly to: Buffer | undefined
}

/** Finds the existing fronts: a row may have been removed from one, but none with a row is left out. */
export interface Fronts {
  /** The first front from this one on. */
  next(front: number): number | undefined
  /** The last front up to this one. */
  previous(front: number): number | undefined
}

/**
 * @param expiredBefore rows with an earlier time are in no range
 * @throws MillraceError `encode_failed`
 */
export function boundsOf<K>(range: RowRange<K>, codec: Codec<K>, expiredBefore: number): KeyBounds {
  const { prefix, fromTime = 0, toTime = Number.MAX_SAFE_INTEGER, isReverse = false } = range
  const bytesOf = (key: KeyOf<K> | undefined): Buffer | undefined =>
    key === undefined ? undefined : encodedKey(key, codec)
  const key = bytesOf(range.key)
  const to = bytesOf(range.to)
  const starts = [key, bytesOf(range.from), prefix === undefined ? undefined : Buffer.from(prefix)]
  const ends = [
    key === undefined ? undefined : successor(key),
    to === undefined ? undefined : successor(to),
    prefix === undefined ? undefined : afterPrefixed(prefix),
  ]
  const isThere = (bound: Buffer | undefined): bound is Buffer => bound !== undefined
  return {
    from: starts.filter(isThere).toSorted(byBytes).at(-1) ?? noBytes,
    end: ends.filter(isThere).toSorted(byBytes)[0],
    key,
    fromTime: Math.max(fromTime, expiredBefore),
    toTime,
    isReverse,
  }
}

/** The spans of a range, in the order in which its rows are read. */
export function* spansOf(layout: KeyLayout, bounds: KeyBounds, fronts: Fronts): Generator<Span, undefined> {
  const { from, end, fromTime, toTime } = bounds
  if (fromTime > toTime || (end !== undefined && from.compare(end) >= 0)) return
  const isOfAllKeys = from.length === 0 && end === undefined
  if (layout.order === 'key') {
    yield { from: Buffer.concat([layout.firstKey, from]), to: endOf(layout.firstKey, end) ?? layout.endKey }
  } else if (isOfAllKeys) {
    yield { from: layout.frontKey(layout.front(fromTime)), to: layout.frontKey(layout.front(toTime) + 1) }
  } else {
    for (const front of frontsOf(layout, bounds, fronts)) yield spanInFront(layout, front, bounds)
  }
}

/**
 * With no more segments than this in a range, asking each for the key costs less than looking for the existing ones.
 */
const segmentsTriedMax = 8

function* frontsOf(
  layout: KeyLayout,
  { fromTime, toTime, isReverse }: KeyBounds,
  fronts: Fronts,
): Generator<number, undefined> {
  const [first, last] = [layout.front(fromTime), layout.front(toTime)]
  const isTried = layout.order === 'segment' && last - first < segmentsTriedMax
  const step = isReverse ? -1 : 1
  for (let at = isReverse ? last : first; first <= at && at <= last; at += step) {
    const front = isTried ? at : isReverse ? fronts.previous(at) : fronts.next(at)
    if (front === undefined || front < first || front > last) return
    yield front
    at = front
  }
}

function spanInFront(layout: KeyLayout, front: number, { from, end, key, fromTime, toTime }: KeyBounds): Span {
  const after = layout.frontKey(front + 1)
  if (layout.order === 'time') {
    const before = layout.frontKey(front)
    return { from: Buffer.concat([before, from]), to: endOf(before, end) ?? after }
  }
  if (key === undefined) {
    return { from: layout.segmentKey(front, from), to: end === undefined ? after : layout.segmentKey(front, end) }
  }
  const ofKey = Buffer.concat([layout.segmentKey(front, key), Buffer.alloc(9)])
  const to = Buffer.from(ofKey)
  writeUint64(ofKey, ofKey.length - 8, fromTime)
  writeUint64(to, to.length - 8, toTime + 1)
  return { from: ofKey, to }
}

function endOf(before: Buffer, end: Buffer | undefined): Buffer | undefined {
  return end === undefined ? undefined : Buffer.concat([before, end])
}

const byBytes = (left: Buffer, right: Buffer): number => left.compare(right)

const noBytes = Buffer.alloc(0)
const scratch = new ByteWriter(256)

/** @throws MillraceError `encode_failed` */
export function encodedKey<K>(key: KeyOf<K>, codec: Codec<K>): Buffer {
  scratch.at = 0
  key.writeKey(codec, scratch)
  return scratch.copyFrom(0)
}

/** The first key after a key. */
export function successor(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.of(0)])
}

/** The first key after all that begin with these bytes; undefined: there is none. */
function afterPrefixed(prefix: Uint8Array): Buffer | undefined {
  const end = Buffer.from(prefix)
  for (let at = end.length - 1; at >= 0; at--) {
    const byte = end[at] as number
    if (byte === 255) continue
    end[at] = byte + 1
    return end.subarray(0, at + 1)
  }
  return undefined
}
