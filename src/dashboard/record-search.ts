/**
 * Records of a topic around a place in it: older ones or newer ones, those that fit, never more than one request may
 * read.
 *
 * Partitions have an order each, and none among each other. So a place is an offset in each of them, and those that are
 * returned are a whole stretch of each partition: the next request goes on where this one ended, and misses none.
 */
import { bytes, nullable } from '../core/serdes.ts'
import { type Topic, topic as topicConstant } from '../core/topic.ts'
import { sum } from '../inspect/counts.ts'
import type { Log } from '../log/face.ts'
import { beginningOfHole } from './hole.ts'
import type { Forms, RawRecord } from './shown-bytes.ts'
import type { Slices } from './slices.ts'

/** What one request may look at. */
const searchedMax = 20_000
const searchedBytesMax = 16 * 1_024 * 1_024
/** How many offsets of a partition are read at a time: few at first, for records may be large, then twice as many. */
const chunkMin = 8
const chunkMax = 500

export interface Search {
  readonly topic: string
  readonly forms: Forms
  readonly direction: 'older' | 'newer'
  /** Where each partition begins and ends; those that are not searched are left out. */
  readonly bounds: readonly Bounds[]
  /** Where to begin: the end of what is older, the beginning of what is newer. */
  readonly from: ReadonlyMap<number, number>
  readonly limit: number
  readonly fits: (record: RawRecord) => boolean
}

export interface Bounds {
  readonly partition: number
  readonly start: number
  readonly end: number
}

export interface Found {
  /** In the direction of the search. */
  readonly records: readonly RawRecord[]
  readonly searched: number
  readonly isCutShort: boolean
  /** Where it ended in each partition. */
  readonly ends: ReadonlyMap<number, number>
}

type RawTopic = Topic<Uint8Array | null, Uint8Array | null>

/** A partition as far as it was searched. */
interface Lane extends Bounds {
  /** Up to where it was read, in the direction. */
  at: number
  /** What fits and was not taken yet. */
  readonly found: RawRecord[]
  /** Where what was taken of it ended. */
  taken: number
  /** How many offsets are read next. */
  chunk: number
}

export async function searchRecords(log: Log, search: Search, slices: Slices): Promise<Found> {
  const { direction, limit } = search
  const lanes = search.bounds.map((bounds): Lane => {
    const wanted = search.from.get(bounds.partition) ?? (direction === 'older' ? bounds.end : bounds.start)
    const at = Math.min(Math.max(wanted, bounds.start), bounds.end)
    const chunk = Math.max(chunkMin, Math.ceil(limit / search.bounds.length))
    return { ...bounds, at, taken: at, found: [], chunk }
  })
  const isDone = ({ at, start, end }: Lane): boolean => (direction === 'older' ? at <= start : at >= end)
  const records: RawRecord[] = []
  let searched = 0
  let searchedBytes = 0
  let isCutShort = false
  // A lane that has nothing to offer, and may have, is read on; otherwise the best of all lanes is taken.
  while (records.length < limit) {
    const empty = isCutShort ? undefined : lanes.find((lane) => lane.found.length === 0 && !isDone(lane))
    if (empty === undefined) {
      const best = bestOf(lanes, direction)
      const record = best?.found.shift()
      if (best === undefined || record === undefined) break
      best.taken = direction === 'older' ? record.offset : record.offset + 1
      records.push(record)
      continue
    }
    if (searched >= searchedMax || searchedBytes >= searchedBytesMax || !(await slices.next())) {
      isCutShort = true
      continue
    }
    const read = await readChunk(log, search, empty, searchedBytesMax - searchedBytes, slices)
    searched += read.length
    for (const record of read) {
      searchedBytes += bytesOf(record)
      if (search.fits(record)) empty.found.push(record)
    }
    if (empty.found.length === 0) empty.taken = empty.at
  }
  // What follows the last one that fits was read in vain, but need not be read again.
  for (const lane of lanes) if (lane.found.length === 0) lane.taken = lane.at
  return { records, searched, isCutShort, ends: new Map(lanes.map(({ partition, taken }) => [partition, taken])) }
}

/** The next stretch of a lane, in the direction of the search: up to this many bytes, and one record at least. */
async function readChunk(log: Log, search: Search, lane: Lane, bytesMax: number, slices: Slices): Promise<RawRecord[]> {
  const { topic, direction } = search
  const isOlder = direction === 'older'
  let [from, to] = isOlder
    ? [Math.max(lane.start, lane.at - lane.chunk), lane.at]
    : [lane.at, Math.min(lane.end, lane.at + lane.chunk)]
  lane.chunk = Math.min(chunkMax, lane.chunk * 2)
  const constant = topicConstant(topic, { key: nullable(bytes()), value: nullable(bytes()) })
  const records: RawRecord[] = []
  let readBytes = 0
  for await (const batch of log.read(constant, { partition: lane.partition, from }).batches()) {
    for (const record of batch.records) {
      if (record.offset >= to) break
      records.push(record)
      readBytes += bytesOf(record)
      if (readBytes <= bytesMax) continue
      if (!isOlder) {
        to = record.offset + 1
        break
      }
      // What is nearest comes last: what is further away makes room for it.
      while (readBytes > bytesMax && records.length > 1) {
        readBytes -= bytesOf(records.shift())
        from = records[0]?.offset ?? from
      }
    }
    if ((batch.records.at(-1)?.offset ?? to) >= to - 1) break
    await slices.next()
  }
  if (records.length === 0) {
    const firstFrom = (offset: number): Promise<number> => firstOffset(log, constant, lane.partition, offset)
    if (isOlder) from = await beginningOfHole(firstFrom, lane.start, from, chunkMax, slices)
    else to = Math.min(lane.end, await firstFrom(to))
  }
  lane.at = isOlder ? from : to
  return isOlder ? records.toReversed() : records
}

async function firstOffset(log: Log, constant: RawTopic, partition: number, from: number): Promise<number> {
  for await (const { records } of log.read(constant, { partition, from }).batches()) {
    const [first] = records
    if (first !== undefined) return first.offset
  }
  return Number.POSITIVE_INFINITY
}

function bytesOf(record: RawRecord | undefined): number {
  if (record === undefined) return 0
  const { key, value, headers } = record
  const headerBytes = sum(headers, (header) => header.key.length + (header.value?.length ?? 0))
  return (key?.length ?? 0) + (value?.length ?? 0) + headerBytes
}

/** The lane whose next record is the newest, or the oldest; of equal times that of the first partition. */
function bestOf(lanes: readonly Lane[], direction: Search['direction']): Lane | undefined {
  let best: Lane | undefined
  for (const lane of lanes) {
    const [next] = lane.found
    const [other] = best?.found ?? []
    if (next === undefined) continue
    const isBetter =
      other === undefined ||
      (direction === 'older' ? next.timestamp > other.timestamp : next.timestamp < other.timestamp)
    if (isBetter) best = lane
  }
  return best
}
