/**
 * The start of an application: its options are checked before anything is opened.
 */
import './observable.ts' // gives every consumer its `records$`
import './stored-store.ts' // gives every log its `store`
import { MillraceError } from '../core/errors.ts'
import { checkName, checkOptions } from '../core/checks.ts'
import { applicationLogOf } from '../log/contract.ts'
import { matchTopics, refuseNoMatch } from '../plan/matching.ts'
import type { PlanNode } from '../plan/node.ts'
import { checkTopology, type Topology } from '../plan/topology.ts'
import { RunningApplication } from './application.ts'
import type { Application, StreamsOptions } from './face.ts'
import { checkWishes } from './change-wishes.ts'
import { warnOfMissingHistory } from './missing-history.ts'
import { checkSettings } from './settings.ts'
import { takeOver } from './take-over.ts'

/**
 * Starts a topology on a log, in this process, and creates topics that are missing.
 *
 * It goes on from its last commit, or from the beginning of its topics. Positions, outputs, state and counters are
 * committed together, so a crash at any moment loses nothing and doubles nothing. One instance per application id: a
 * newer one takes over, and the older one stops with `fenced`.
 *
 * @example
 * ```ts
 * const app = await startStreams(topology, { log, applicationId: 'click-counts' })
 * await app.caughtUp()
 * await app.close()
 * ```
 * @throws MillraceError `plan_changed`, `partitions_differ`, `position_lost`, `topic_unknown` when no topic matches a
 *   pattern, `topology_invalid` when two patterns match one topic or keys of different formats are brought together,
 *   `superseded` and `version_unknown` when it is not the live version, `bad_option`
 */
export async function startStreams(script: Topology, given: StreamsOptions): Promise<Application> {
  const options = checkOptions('startStreams', given, [
    'log',
    'applicationId',
    'version',
    'commit',
    'onError',
    'deadLetterTopic',
    'deadLetterDrops',
    'maxTaskIdleMs',
    'idleTimeoutMs',
    'until',
    'stateCacheBytes',
    'drop',
    'rename',
    'clock',
    'signal',
    'onStateChange',
  ])
  const planned = checkTopology('startStreams', script)
  const applicationId = checkName('an application id', options.applicationId)
  const version = options.version === undefined ? undefined : checkName('a version', options.version)
  const deadLetterTopic = checkDeadLetters(planned, applicationId, options.deadLetterTopic)
  const settings = checkSettings(applicationId, deadLetterTopic, options)
  const wishes = checkWishes(options.drop, options.rename)
  const log = applicationLogOf(options.log)
  const topology = matchTopics(planned, () => log.topicNames())
  refuseNoMatch(topology)
  const wanted = { applicationId, version }
  const notes = { deadLetters: deadLetterTopic, commitEveryMs: settings.everyMs }
  const { session, start } = await takeOver(log, topology, wanted, wishes, notes)
  warnOfMissingHistory(applicationId, start.withoutHistory)
  try {
    return new RunningApplication(topology, session, start, settings)
  } catch (error) {
    await session.close()
    throw error
  }
}

/** @throws MillraceError `bad_option` */
export function checkDeadLetters(topology: Topology, applicationId: string, given: string | undefined): string {
  const deadLetterTopic = checkName('the name of a topic', given ?? `${applicationId}.dead-letters`)
  if (topology.nodes.some((node) => reads(node, deadLetterTopic))) {
    throw new MillraceError(
      'bad_option',
      `the topology reads "${deadLetterTopic}", where its dead letters go: they would come back for ever; choose another deadLetterTopic`,
    )
  }
  return deadLetterTopic
}

function reads(node: PlanNode, topic: string): boolean {
  if (node.kind !== 'source') return false
  return node.topics.some(({ name }) => name === topic) || node.pattern?.regExp.test(topic) === true
}
