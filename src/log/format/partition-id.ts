/**
 * What a partition is called: by name where people see it, by number on disk. Every walk over the partitions of a topic
 * is here.
 */
import { checkWhole } from '../../core/checks.ts'

/** A partition of a topic, by name. */
export interface TopicPartition {
  /** The name of the topic. */
  readonly topic: string
  /** From 0. */
  readonly partition: number
}

/** A partition as keys hold it: a topic that is deleted and created again has another id. */
export interface PartitionNumbers {
  readonly topicId: number
  readonly partition: number
}

/** A partition as the log passes it around: numbers for keys, and the name for errors. */
export interface PartitionId extends TopicPartition, PartitionNumbers {}

/** As much of a topic as tells its partitions. */
export interface PartitionedTopic {
  readonly name: string
  readonly id: number
  readonly partitions: number
}

/** All partitions of a topic, in order. */
export function partitionsOf(topic: PartitionedTopic): PartitionId[] {
  return Array.from({ length: topic.partitions }, (_, partition) => idOf(topic, partition))
}

/**
 * One partition of a topic.
 *
 * @throws MillraceError `bad_option` when the topic does not have it
 */
export function partitionAt(topic: PartitionedTopic, partition: number): PartitionId {
  return idOf(topic, checkWhole(`the partition of "${topic.name}"`, partition, 0, topic.partitions - 1))
}

function idOf({ name, id }: PartitionedTopic, partition: number): PartitionId {
  return { topic: name, topicId: id, partition }
}

/** The same text for the same partition: for sets and maps. */
export function partitionName({ topicId, partition }: PartitionNumbers): string {
  return `${topicId}/${partition}`
}
