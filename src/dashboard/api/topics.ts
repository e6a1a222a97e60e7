/**
 * One topic: how it is set, what its partitions hold, and who reads it.
 */
import { topicConfigNames } from '../../core/topic-config.ts'
import { sum } from '../../inspect/counts.ts'
import { readersOf } from '../../inspect/topic-readers.ts'
import { pathPart } from '../question.ts'
import type { Question } from '../router.ts'
import { textOf } from '../shown-bytes.ts'
import type { TopicDetailView } from '../views.ts'

export async function topicDetail({ log, path }: Question): Promise<TopicDetailView> {
  const name = pathPart(path, 'topic')
  const details = await log.admin.describeTopic(name)
  const [size] = await log.admin.logSizes([name])
  const readers = await readersOf(log, name)
  return {
    name,
    keySerde: details.serdes?.key ?? null,
    valueSerde: details.serdes?.value ?? null,
    settings: topicConfigNames.map((setting) => ({
      name: setting,
      value: textOf(details.effectiveConfig[setting]),
      isDefault: !(setting in details.config),
    })),
    partitions: (size?.partitions ?? []).map((one) => ({
      partition: one.partition,
      start: one.startOffset,
      end: one.endOffset,
      records: one.records,
      bytes: one.bytes,
      newestMs: one.newestTimestamp,
    })),
    readers: readers.map((reader) => ({
      name: reader.name,
      kind: reader.kind,
      lag: sum(reader.positions, ({ records }) => records),
      lagMs: reader.positions.reduce((most, { ageMs }) => Math.max(most, ageMs), 0),
    })),
  }
}
