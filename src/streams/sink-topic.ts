/**
 * The topic that a stream is written to, by `to` or by a verb that has a topic for what is late.
 */
import { codecOf, type Serde, topicCodecOf } from '../core/serde.ts'
import { checkTopic } from '../core/topic.ts'
import type { SourceTopic } from '../plan/node.ts'
import { checkWindows, type StreamParts } from './parts.ts'

/** The constant of a topic, whatever its types: the face has checked that they fit. */
export interface ErasedTopic {
  readonly kind: 'topic'
}

interface TopicFields extends Pick<SourceTopic, 'name' | 'partitions' | 'config'> {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

/** @throws MillraceError `bad_option` unless it is a topic, `topology_invalid` when its keys are of other windows */
export function sinkTopic(
  verb: string,
  given: ErasedTopic,
  { untouchedKeys }: Pick<StreamParts, 'untouchedKeys'>,
): SourceTopic {
  const { name, partitions, config, key, value } = checkTopic(verb, given) as ErasedTopic & TopicFields
  const sink = { name, partitions, config, keyCodec: codecOf(key), valueCodec: topicCodecOf(value) }
  checkWindows(`topic "${name}"`, untouchedKeys, sink.keyCodec, { topic: name })
  return Object.freeze(sink)
}
