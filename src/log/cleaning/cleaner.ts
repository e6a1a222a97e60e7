/**
 * Retention of all partitions and then their compaction, one partition after the other, as a job of the maintenance.
 */
import { randomInt } from 'node:crypto'
import type { Clock } from '../../core/clock.ts'
import { MillraceError } from '../../core/errors.ts'
import { defaultTopicConfig, type TopicConfig } from '../../core/topic-config.ts'
import type { Compaction } from './compaction.ts'
import type { MaintenanceJob, Round } from './maintenance.ts'
import type { Retention } from './retention.ts'
import type { Topics } from '../kept/topics.ts'
import { type PartitionId, partitionsOf } from '../format/partition-id.ts'

/** A step looks at this many partitions that need nothing. */
const stepPartitions = 512

type CleanPartition = (partition: PartitionId, config: TopicConfig) => Iterable<void>

export function cleaner(topics: Topics, retention: Retention, compaction: Compaction, clock: Clock): MaintenanceJob {
  return {
    *steps(round) {
      // What makes room at once comes first.
      yield* cleanAll(topics, round, (partition, config) => retention.steps(partition, config, clock.now()))
      yield* cleanAll(topics, round, (partition, config) =>
        compaction.steps(partition, config, clock.now(), round.isRequested),
      )
    },
  }
}

function* cleanAll(topics: Topics, round: Round, clean: CleanPartition): Generator<void> {
  const partitions = allPartitions(topics)
  // Begun anywhere, so that rounds which are cut short again and again come everywhere all the same.
  const first = partitions.length === 0 ? 0 : randomInt(partitions.length)
  for (let looked = 0; looked < partitions.length; looked++) {
    const [partition, config] = partitions[(first + looked) % partitions.length] as [PartitionId, TopicConfig]
    try {
      yield* clean(partition, config)
    } catch (error) {
      // Nothing is left to do in a topic that was deleted meanwhile. What is damaged keeps no other partition waiting.
      if (!(error instanceof MillraceError)) throw error
      if (error.code === 'damaged') round.failed(error)
      else if (error.code !== 'topic_unknown') throw error
    }
    if (looked % stepPartitions === stepPartitions - 1) yield
  }
}

function allPartitions(topics: Topics): (readonly [PartitionId, TopicConfig])[] {
  return topics.list().flatMap((topic) => {
    const config = { ...defaultTopicConfig, ...topic.config }
    return partitionsOf(topic).map((partition) => [partition, config] as const)
  })
}
