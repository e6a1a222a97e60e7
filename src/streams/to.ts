/**
 * to: which topic a record is written to, and how.
 */
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import { codecOf, type Serde } from '../core/serde.ts'
import { shown } from '../core/shown.ts'
import { checkTopic } from '../core/topic.ts'
import type { SinkNode, SourceTopic } from '../plan/node.ts'
import { refusePromise } from './answers.ts'
import { checkWindows, type StreamParts } from './parts.ts'

/** The constant of a topic, whatever its types: the face has checked that they fit. */
export interface ErasedTopic {
  readonly kind: 'topic'
}

/** @throws MillraceError `topology_invalid` for windowed keys and a topic with another window size, `bad_option` */
export function sinkTopic(given: ErasedTopic, { untouchedKeys }: Pick<StreamParts, 'untouchedKeys'>): SourceTopic {
  const { name, partitions, config, key, value } = checkTopic('to', given) as ErasedTopic & TopicFields
  const sink = { name, partitions, config, keyCodec: codecOf(key), valueCodec: codecOf(value) }
  checkWindows(`topic "${name}"`, untouchedKeys, sink.keyCodec, { topic: name })
  return Object.freeze(sink)
}

interface TopicFields extends Pick<SourceTopic, 'name' | 'partitions' | 'config'> {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

/** Asks a function for the topic of each record. */
export function choosing(
  choose: (record: StreamRecord<unknown, unknown>) => unknown,
  parts: Pick<StreamParts, 'untouchedKeys'>,
): NonNullable<SinkNode['choose']> {
  const known = new WeakMap<object, SourceTopic>()
  return (record) => {
    const answer = choose(record)
    const found = known.get(answer as object)
    if (found !== undefined) return found
    const topic = sinkTopic(checkAnswer(answer), parts)
    known.set(answer as object, topic)
    return topic
  }
}

/** @throws MillraceError `bad_record` */
function checkAnswer(answer: unknown): ErasedTopic {
  refusePromise('the function of to', answer)
  try {
    return checkTopic('to', answer as ErasedTopic)
  } catch (cause) {
    throw new MillraceError(
      'bad_record',
      `the function of to returned ${shown(answer)}; it must return the constant of a topic, made by ` +
        'topic(name, { key, value })',
      { cause },
    )
  }
}
