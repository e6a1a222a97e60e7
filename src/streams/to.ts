/**
 * to: which topic a record is written to, and how.
 */
import { MillraceError } from '../core/errors.ts'
import type { StreamRecord } from '../core/record.ts'
import { shown } from '../core/shown.ts'
import { checkTopic } from '../core/topic.ts'
import type { SinkNode, SourceTopic } from '../plan/node.ts'
import { refusePromise } from './answers.ts'
import type { StreamParts } from './parts.ts'
import { type ErasedTopic, sinkTopic } from './sink-topic.ts'

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
    const topic = sinkTopic('to', checkAnswer(answer), parts)
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
