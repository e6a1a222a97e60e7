/**
 * Records of a topic: around an offset, from a time on, with a key, with a text in them; and one of them in full.
 */
import type { Log } from '../../log/face.ts'
import { escaped } from '../../core/escaped.ts'
import { bytes, nullable } from '../../core/serdes.ts'
import { shortened } from '../../core/shown.ts'
import { topic as topicConstant } from '../../core/topic.ts'
import { limitIn, pathPart, textIn, wholeIn, wholeOf } from '../question.ts'
import { type Bounds, searchRecords } from '../record-search.ts'
import { BadQuestion } from '../reply.ts'
import type { Question } from '../router.ts'
import { type Forms, formsOf, fullRecordView, type RawRecord, recordView } from '../shown-bytes.ts'
import { Slices } from '../slices.ts'
import type { FullRecordView, RecordsView } from '../views.ts'

const usualLimit = 50
const limitMax = 200

/**
 * `?partition&offset|time|older|newer&key&text&limit`: without a place the newest; from an offset or a time on the next
 * ones; `older` and `newer` are what an answer before said.
 */
export async function records({ log, clock, path, query }: Question): Promise<RecordsView> {
  const topic = pathPart(path, 'topic')
  const { serdes } = await log.admin.describeTopic(topic)
  const forms = formsOf(serdes)
  const all = await boundsOf(log, topic)
  const bounds = chosen(all, wholeIn(query, 'partition'))
  const place = await placeIn(log, topic, query, all)
  const found = await searchRecords(
    log,
    { topic, forms, ...place, bounds, limit: limitIn(query, usualLimit, limitMax), fits: filterIn(query, forms) },
    new Slices(clock),
  )
  const isOlder = place.direction === 'older'
  const began = new Map(bounds.map((one) => [one.partition, clamped(place.from.get(one.partition), one, isOlder)]))
  const [low, high] = isOlder ? [found.ends, began] : [began, found.ends]
  const shown = isOlder ? found.records : found.records.toReversed()
  return {
    records: shown.map((record) => recordView(record, forms)),
    searched: found.searched,
    older: bounds.some(({ partition, start }) => (low.get(partition) ?? 0) > start) ? textOfPlace(low) : null,
    newer: bounds.some(({ partition, end }) => (high.get(partition) ?? 0) < end) ? textOfPlace(high) : null,
    isCutShort: found.isCutShort,
  }
}

/** @throws BadQuestion for a place that holds no record */
export async function fullRecord({ log, path }: Question): Promise<FullRecordView> {
  const topic = pathPart(path, 'topic')
  const { serdes } = await log.admin.describeTopic(topic)
  const partition = wholeOf('the partition', pathPart(path, 'partition'))
  const offset = wholeOf('the offset', pathPart(path, 'offset'))
  const [bounds] = chosen(await boundsOf(log, topic), partition)
  if (bounds !== undefined && offset >= bounds.start && offset < bounds.end) {
    const constant = topicConstant(topic, { key: nullable(bytes()), value: nullable(bytes()) })
    for await (const record of log.read(constant, { partition, from: offset })) {
      if (record.offset === offset) return fullRecordView(record, formsOf(serdes))
      break
    }
  }
  throw new BadQuestion(
    `${topic} has no record at ${partition}/${offset}: it was deleted, compacted, or is yet to come`,
  )
}

export async function boundsOf({ admin }: Log, topic: string): Promise<readonly Bounds[]> {
  const [starts, ends] = await Promise.all([admin.startOffsets(topic), admin.endOffsets(topic)])
  return ends.map((end, partition) => ({ partition, start: starts[partition] ?? 0, end }))
}

export function chosen(bounds: readonly Bounds[], partition: number | undefined): readonly Bounds[] {
  if (partition === undefined) return bounds
  const one = bounds.find((other) => other.partition === partition)
  if (one === undefined)
    throw new BadQuestion(`there is no partition ${partition}: the last one is ${bounds.length - 1}`)
  return [one]
}

/** Whether a record has the key that is asked for, as it is shown, and the text in its key or its value. */
export function filterIn(query: URLSearchParams, forms: Forms): (record: RawRecord) => boolean {
  const key = textIn(query, 'key')
  const text = textIn(query, 'text')?.toLowerCase()
  return (record) => {
    const shownKey = record.key === null ? 'null' : forms.key.text(record.key)
    if (key !== undefined && shownKey !== key) return false
    if (text === undefined) return true
    if (shownKey.toLowerCase().includes(text)) return true
    return record.value !== null && forms.value.text(record.value).toLowerCase().includes(text)
  }
}

interface Place {
  readonly direction: 'older' | 'newer'
  readonly from: ReadonlyMap<number, number>
}

async function placeIn(log: Log, topic: string, query: URLSearchParams, all: readonly Bounds[]): Promise<Place> {
  const older = textIn(query, 'older')
  if (older !== undefined) return { direction: 'older', from: placeOf(older) }
  const newer = textIn(query, 'newer')
  if (newer !== undefined) return { direction: 'newer', from: placeOf(newer) }
  const offset = wholeIn(query, 'offset')
  if (offset !== undefined) {
    return { direction: 'newer', from: new Map(all.map(({ partition }) => [partition, offset])) }
  }
  const time = wholeIn(query, 'time')
  if (time === undefined) return { direction: 'older', from: new Map() }
  const found = await log.admin.offsetsForTimes(topic, time)
  const from = all.map(({ partition, end }) => [partition, found[partition]?.offset ?? end] as const)
  return { direction: 'newer', from: new Map(from) }
}

export function clamped(wanted: number | undefined, { start, end }: Bounds, isOlder: boolean): number {
  return Math.min(Math.max(wanted ?? (isOlder ? end : start), start), end)
}

const digits = 36

/**
 * `0-c.7`: the first partition, and an offset in each from there on, in as few characters as an address has for a
 * thousand of them, and in none that it would have to escape.
 */
export function textOfPlace(place: ReadonlyMap<number, number>): string {
  const [first = 0] = place.keys()
  return `${first}-${[...place.values()].map((offset) => offset.toString(digits)).join('.')}`
}

export function placeOf(text: string): ReadonlyMap<number, number> {
  const [, first, offsets] = /^(\d{1,9})-([\da-z]{1,11}(?:\.[\da-z]{1,11})*)$/.exec(text) ?? []
  const all = offsets?.split('.').map((offset) => Number.parseInt(offset, digits)) ?? []
  if (first === undefined || !all.every(Number.isSafeInteger)) {
    throw new BadQuestion(`a place is ${shortened(escaped(text), 100)}; expected one from an earlier answer`)
  }
  return new Map(all.map((offset, at) => [Number(first) + at, offset]))
}
