/**
 * The topics that one source reads, as the plan knows them.
 */
import { MillraceError } from '../core/errors.ts'
import { checkList, isInstance } from '../core/checks.ts'
import { type Codec, codecOf, topicCodecOf } from '../core/serde.ts'
import { checkTopic, type Topic } from '../core/topic.ts'
import type { SourceTopic } from '../plan/node.ts'

/**
 * Checks topics that are read together, and returns them by name, so that the order in which they are named changes no
 * id and no format.
 *
 * @throws MillraceError `bad_option`, `topology_invalid` when their keys are of different formats
 */
export function checkSourceTopics<K, V>(
  verb: string,
  topics: Topic<K, V> | readonly Topic<K, V>[],
): readonly Topic<K, V>[] {
  const given = isInstance(topics, Array) ? checkList('the list of topics', topics as readonly Topic<K, V>[]) : [topics]
  const list = given.map((one) => checkTopic(verb, one as Topic<K, V>))
  const [first] = list
  if (first === undefined) throw new MillraceError('bad_option', `${verb} needs at least one topic`)
  for (const one of list) {
    if (codecOf(one.key).format === codecOf(first.key).format) continue
    throw new MillraceError(
      'topology_invalid',
      `topics "${first.name}" and "${one.name}" have keys of different formats, ${codecOf(first.key).name} and ` +
        `${codecOf(one.key).name}, so equal keys may lie in different partitions; read each with ${verb}(), put ` +
        'repartition({ key: … }) after one of them, and merge() them',
      { topic: one.name },
    )
  }
  const names = new Set(list.map(({ name }) => name))
  if (names.size < list.length) throw new MillraceError('bad_option', `${verb} got one topic twice`)
  return list.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

export function sourceTopic<K, V>(topic: Topic<K, V>): SourceTopic {
  return Object.freeze({
    name: topic.name,
    partitions: topic.partitions,
    config: topic.config,
    keyCodec: codecOf(topic.key) as Codec<unknown>,
    valueCodec: topicCodecOf(topic.value) as Codec<unknown>,
  })
}
