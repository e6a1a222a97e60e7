/**
 * Sources that read every topic whose name matches a pattern: which topics that are is decided when an application
 * starts, so a plan gets them then, and stays as it is until the next start.
 */
import { isInstance } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import type { SourceNode } from './node.ts'
import type { Topology } from './topology.ts'
import { withNodes } from './with-nodes.ts'

/** @throws MillraceError `bad_option` */
export function checkPattern(given: RegExp): RegExp {
  if (!isInstance(given, RegExp)) {
    throw new MillraceError(
      'bad_option',
      `a pattern of topics is ${shown(given)}; expected a RegExp such as /^clicks-/`,
    )
  }
  // A copy that remembers no last match, whatever the user does with theirs.
  return new RegExp(given.source, given.flags.replaceAll(/[gy]/g, ''))
}

/**
 * The topology with the topics that its patterns match. Evaluates patterns, so do not call it in a transaction.
 *
 * @param topicNames the names of the topics that exist; asked only where there is a pattern
 * @throws MillraceError `topology_invalid` when a topic would be read by two sources
 */
export function matchTopics(topology: Topology, topicNames: () => readonly string[]): Topology {
  if (patternSources(topology).length === 0) return topology
  const names = topicNames()
  return withNodes(topology, (node) => (node.kind === 'source' ? withTopics(node, names) : node))
}

function withTopics(source: SourceNode, names: readonly string[]): SourceNode {
  const { pattern } = source
  if (pattern === undefined) return source
  const { keyCodec, valueCodec } = pattern
  const topics = names
    .filter((name) => pattern.regExp.test(name))
    .toSorted()
    .map((name) => Object.freeze({ name, partitions: undefined, config: {}, keyCodec, valueCodec }))
  return { ...source, topics: Object.freeze(topics) }
}

/** Whether a source would read this topic after another start. */
export function readsAtNextStart(topology: Topology, name: string): boolean {
  return patternSources(topology).some(
    ({ pattern, topics }) => pattern?.regExp.test(name) === true && topics.every((topic) => topic.name !== name),
  )
}

/** @throws MillraceError `topic_unknown` when a pattern matches nothing: its source would never get a record */
export function refuseNoMatch(topology: Topology): void {
  for (const { id, pattern, topics } of patternSources(topology)) {
    if (pattern === undefined || topics.length > 0) continue
    throw new MillraceError(
      'topic_unknown',
      `no topic matches ${String(pattern.regExp)} of "${id}": a pattern reads the topics that exist when the application ` +
        'starts. Create them first, or mend the pattern',
      { operator: id },
    )
  }
}

function patternSources({ nodes }: Topology): readonly SourceNode[] {
  return nodes.filter((node) => node.kind === 'source').filter(({ pattern }) => pattern !== undefined)
}
