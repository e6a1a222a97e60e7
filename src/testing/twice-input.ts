/**
 * The range of records that both runs read: fixed before either begins, so that what is appended meanwhile changes
 * nothing.
 */
import { checkList, checkOptions, checkWhole, onlyField } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import type { ApplicationLog, StoredRecords, TopicDescription } from '../log/contract.ts'
import { partitionName, partitionsOf } from '../log/format/partition-id.ts'
import type { Topology } from '../plan/topology.ts'
import type { PartitionOffset, TwiceOptions } from './twice-face.ts'
import type { TwiceInput } from './twice-session.ts'

/** @throws MillraceError `bad_option` */
export function checkFrom(from: TwiceOptions['from']): TwiceOptions['from'] {
  if (from === undefined || from === 'beginning') return 'beginning'
  const [name, value] = onlyField(from) ?? []
  if (name === 'time') return { time: checkWhole('from.time', value as number, 0) }
  if (name === 'ago') return { ago: checkWhole('from.ago', value as number, 0) }
  return checkOffsets('from', from as readonly PartitionOffset[])
}

/** @throws MillraceError `bad_option` */
export function checkTo(to: TwiceOptions['to']): TwiceOptions['to'] {
  if (to === undefined) return undefined
  const [name, value] = onlyField(to) ?? []
  if (name === 'time') return { time: checkWhole('to.time', value as number, 0) }
  return checkOffsets('to', to as readonly PartitionOffset[])
}

function misplaced(what: string, given: unknown, expected: string): MillraceError {
  return new MillraceError('bad_option', `${what} is ${shown(given)}; expected ${expected}`)
}

function checkOffsets(what: string, given: readonly PartitionOffset[]): readonly PartitionOffset[] {
  return checkList(what, given).map((one) => {
    const { topic, partition, offset } = checkOptions(what, one, ['topic', 'partition', 'offset'])
    if (typeof topic !== 'string') throw misplaced(`the topic of ${what}`, topic, 'the name of a topic')
    return {
      topic,
      partition: checkWhole(`the partition of ${what}`, partition, 0),
      offset: checkWhole(`the offset of ${what}`, offset, 0),
    }
  })
}

/** @throws MillraceError `topic_unknown`, `bad_option` for a partition that the topology does not read */
export function inputOf(
  log: ApplicationLog,
  topology: Topology,
  from: TwiceOptions['from'],
  to: TwiceOptions['to'],
): TwiceInput {
  const { records } = log
  records.refresh()
  const sources = topology.nodes.flatMap((node) => (node.kind === 'source' ? node.topics : []))
  const partitions = sources.flatMap(({ name }) => partitionsOf(describe(records, name)))
  for (const one of [from, to].flatMap((list) => (Array.isArray(list) ? (list as readonly PartitionOffset[]) : []))) {
    if (partitions.some(({ topic, partition }) => topic === one.topic && partition === one.partition)) continue
    throw new MillraceError('bad_option', `the topology does not read ${one.topic}[${one.partition}]`, one)
  }
  const offsetIn = (list: TwiceOptions['from'] | TwiceOptions['to'], topic: string, partition: number) =>
    Array.isArray(list)
      ? (list as readonly PartitionOffset[]).find((one) => one.topic === topic && one.partition === partition)?.offset
      : undefined
  const ranges = new Map(
    partitions.map((place) => {
      const [first, last] = [records.startOffset(place), records.endOffset(place)]
      const atTime = (time: number): number => records.offsetAtTime(place, Math.max(0, time))
      const wanted =
        offsetIn(from, place.topic, place.partition) ??
        (typeof from === 'object' && 'time' in from ? atTime(from.time) : undefined) ??
        (typeof from === 'object' && 'ago' in from ? atTime(records.clock.now() - from.ago) : first)
      const until =
        offsetIn(to, place.topic, place.partition) ?? (typeof to === 'object' && 'time' in to ? atTime(to.time) : last)
      const start = Math.min(Math.max(wanted, first), last)
      return [partitionName(place), { start, end: Math.max(start, Math.min(until, last)) }] as const
    }),
  )
  const made = new Map<string, TopicDescription>()
  return {
    records,
    rangeOf: (partition) => ranges.get(partitionName(partition)) ?? { start: 0, end: 0 },
    topicOf: ({ name, partitions: count = 1, config = {} }) => {
      const found = records.findTopic(name) ?? made.get(name)
      if (found !== undefined) return found
      const topic = { name, id: madeIdMin + made.size, partitions: count, config: config as TopicDescription['config'] }
      made.set(name, topic)
      return topic
    },
  }
}

/** Ids of topics that only the runs have: no log has made this many. */
const madeIdMin = 2 ** 31 - 2 ** 20

function describe(records: StoredRecords, name: string): TopicDescription {
  const found = records.findTopic(name)
  if (found !== undefined) return found
  throw new MillraceError('topic_unknown', `there is no topic "${name}" to read: both runs would be empty`, {
    topic: name,
  })
}
