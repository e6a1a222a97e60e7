/**
 * Retention and compaction of all partitions, one after the other, as a job of the maintenance.
 */
import type { Clock } from '../core/clock.ts'
import { MillraceError } from '../core/errors.ts'
import { defaultTopicConfig, type TopicConfig } from '../core/topic-config.ts'
import type { Compaction } from './compaction.ts'
import type { MaintenanceJob, Round } from './maintenance.ts'
import type { PartitionId } from './partitions.ts'
import type { Retention } from './retention.ts'
import type { Topics } from './topics.ts'

/** A step looks at so many partitions that need nothing. */
const stepPartitions = 512

export function cleaner(topics: Topics, retention: Retention, compaction: Compaction, clock: Clock): MaintenanceJob {
  function* clean(partition: PartitionId, config: TopicConfig, round: Round): Generator<void> {
    try {
      yield* retention.steps(partition, config, clock.now())
      yield* compaction.steps(partition, config, clock.now(), round.isRequested)
    } catch (error) {
      // Nothing is left to do in a topic that was deleted meanwhile. What is damaged keeps no other partition waiting.
      if (!(error instanceof MillraceError)) throw error
      if (error.code === 'corrupt_batch') round.failed(error)
      else if (error.code !== 'topic_unknown') throw error
    }
  }
  return {
    *steps(round) {
      let looked = 0
      for (const { name: topic, id: topicId, partitions, config } of topics.list()) {
        for (let partition = 0; partition < partitions; partition++) {
          yield* clean({ topic, topicId, partition }, { ...defaultTopicConfig, ...config }, round)
          if (++looked % stepPartitions === 0) yield
        }
      }
    },
  }
}
