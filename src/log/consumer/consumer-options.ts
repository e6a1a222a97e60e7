/**
 * What a consumer is told when it is made, and what of that is allowed.
 */
import { MillraceError } from '../../core/errors.ts'
import {
  checkChoice,
  checkedFunction,
  checkList,
  checkName,
  checkOptions,
  checkSignal,
  checkWhole,
  isInstance,
} from '../../core/checks.ts'
import { shown } from '../../core/shown.ts'
import { checkTopic } from '../../core/topic.ts'
import type { Offset } from '../../core/units.ts'
import type { TopicPartition } from '../format/partition-id.ts'
import { type AssignorName, assignors } from '../group/assignors.ts'
import type { CommittedPosition } from '../kept/position-row.ts'
import { sessionTimeoutMaxMs } from '../group/groups.ts'
import { checkReset, type ResetPolicy, type SeekTarget } from './start-offset.ts'
import type { TopicSource } from './subscription.ts'
import { checkGroup, nameOf, type TopicName } from '../kept/topic-name.ts'
import { checkKeptName } from '../kept/version-name.ts'

/** What the hooks of a rebalance may do with their consumer; every {@link Consumer} is one. */
export interface ConsumerControl {
  /** As {@link Consumer.commit}, of everything that was handed out. */
  commit(): Promise<void>
  /** As {@link Consumer.seek}. */
  seek(topic: TopicName, partition: number, target: SeekTarget): void
  /** As {@link Consumer.position}. */
  position(topic: TopicName, partition: number): Offset | undefined
  /** As {@link Consumer.committed}. */
  committed(topic: TopicName, partition: number): CommittedPosition | undefined
  /** As {@link Consumer.pause}. */
  pause(partitions?: readonly TopicPartition[]): void
  /** As {@link Consumer.resume}. */
  resume(partitions?: readonly TopicPartition[]): void
}

/** Called between two records of a loop, and awaited. */
export type RebalanceHook = (partitions: readonly TopicPartition[], consumer: ConsumerControl) => void | Promise<void>

/** What {@link Log.consumer} takes: one of `topics`, `pattern` and `assign`, and what it differs in. */
export interface ConsumerOptions<T extends TopicSource = string> {
  /**
   * Whose positions are kept, and who shares the partitions. Default none: it reads all of them and commits nothing.
   */
  readonly group?: string | undefined
  /** What to read. A typed constant gives typed records; of a topic by its name, keys and values are bytes. */
  readonly topics?: readonly T[] | undefined
  /** Reads every topic whose name matches, also those that come later; keys and values are bytes. */
  readonly pattern?: RegExp | undefined
  /** Reads these partitions, without being a member: with a `group` it may commit while the group has no members. */
  readonly assign?: readonly { readonly topic: T; readonly partition: number }[] | undefined
  /** Where to begin without a position, or when it is no longer kept. Default `earliest` (Kafka's is `latest`). */
  readonly reset?: ResetPolicy | undefined
  /** How often to commit what is done, in ms; false: only `commit` does. Default 5,000. */
  readonly autoCommitMs?: number | false | undefined
  /** Stands before the id of the member, for people. Default `consumer`. */
  readonly clientId?: string | undefined
  /**
   * Makes it a static member of its group: if it closes and comes back within its session timeout, it gets its
   * partitions back without a rebalance.
   */
  readonly instanceId?: string | undefined
  /**
   * How long a frozen process may be silent before its partitions go to others, in ms. A process that has ended loses
   * them at once. Default 45,000, up to 30 minutes.
   */
  readonly sessionTimeoutMs?: number | undefined
  /** How often the process says that it is alive, in ms; at most a third of the session timeout. Default 3,000. */
  readonly heartbeatMs?: number | undefined
  /** How long the program may take until it asks for the next record or batch, in ms. Default 300,000. */
  readonly maxPollIntervalMs?: number | undefined
  /**
   * How long {@link Consumer.close} waits for the body of the loop to finish the record or batch in hand, in ms. What
   * is not finished by then comes again. Default 30,000.
   */
  readonly closeTimeoutMs?: number | undefined
  /** How the group assigns partitions; the one that most members ask for is used. Default `cooperative-sticky`. */
  readonly assignor?: AssignorName | undefined
  /** Ends the loop without an error and closes the consumer, after the record in hand. */
  readonly signal?: AbortSignal | undefined
  /** Partitions were assigned; their first record follows. The place to seek. */
  readonly onAssigned?: RebalanceHook | undefined
  /** Partitions are about to go; a commit still works. With `autoCommitMs`, what is done has been committed before. */
  readonly onRevoked?: RebalanceHook | undefined
  /**
   * Partitions already belong to other members, because this one was silent too long: nothing of them can be committed.
   */
  readonly onLost?: RebalanceHook | undefined
}

/** The options with their defaults. */
export interface ConsumerSettings {
  readonly group: string | undefined
  readonly source: readonly TopicSource[] | RegExp
  readonly assign: readonly TopicPartition[] | undefined
  readonly reset: ResetPolicy
  /** 0: never. */
  readonly autoCommitMs: number
  readonly clientId: string
  readonly instanceId: string | undefined
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly maxPollIntervalMs: number
  readonly closeTimeoutMs: number
  readonly assignor: AssignorName
  readonly signal: AbortSignal | undefined
  readonly onAssigned: RebalanceHook
  readonly onRevoked: RebalanceHook
  readonly onLost: RebalanceHook
}

const known: readonly string[] = (
  'group topics pattern assign reset autoCommitMs clientId instanceId sessionTimeoutMs heartbeatMs maxPollIntervalMs ' +
  'closeTimeoutMs ' +
  'assignor signal onAssigned onRevoked onLost'
).split(' ')

/** @throws MillraceError `bad_option` */
export function checkConsumerOptions(given: ConsumerOptions<TopicSource>): ConsumerSettings {
  const options = checkOptions('a consumer', given, known)
  const { group, instanceId, clientId = 'consumer', reset = 'earliest', autoCommitMs = 5_000, signal } = options
  const { assignor = 'cooperative-sticky', sessionTimeoutMs = 45_000, maxPollIntervalMs = 300_000 } = options
  const { onAssigned = noop, onRevoked = noop, onLost = noop, closeTimeoutMs = 30_000 } = options
  if (group !== undefined) checkGroup(group)
  if (instanceId !== undefined) checkInstanceId(instanceId, options)
  checkChoice('assignor', assignor, Object.keys(assignors) as AssignorName[])
  // A short session timeout alone makes the heartbeat short enough.
  const heartbeatMsMax = Math.floor(checkWhole('sessionTimeoutMs', sessionTimeoutMs, 3, sessionTimeoutMaxMs) / 3)
  const { heartbeatMs = Math.min(3_000, heartbeatMsMax) } = options
  return {
    group,
    ...checkSource(options),
    reset: checkReset(reset),
    autoCommitMs: autoCommitMs === false ? 0 : checkWhole('autoCommitMs', autoCommitMs, 1),
    clientId: checkName('the clientId of a consumer', clientId),
    instanceId,
    sessionTimeoutMs,
    heartbeatMs: checkWhole('heartbeatMs, a third of sessionTimeoutMs at most,', heartbeatMs, 1, heartbeatMsMax),
    maxPollIntervalMs: checkWhole('maxPollIntervalMs', maxPollIntervalMs, 1),
    closeTimeoutMs: checkWhole('closeTimeoutMs', closeTimeoutMs, 0),
    assignor,
    signal: signal === undefined ? undefined : checkSignal('signal', signal),
    onAssigned: checkedFunction('onAssigned', onAssigned),
    onRevoked: checkedFunction('onRevoked', onRevoked),
    onLost: checkedFunction('onLost', onLost),
  }
}

function checkInstanceId(instanceId: string, { group, assign }: ConsumerOptions<TopicSource>): void {
  checkName('the instanceId of a consumer', instanceId)
  if (group !== undefined && assign === undefined) return
  throw new MillraceError('bad_option', 'an instanceId is for a member of a group: it takes a group, and no assign')
}

interface CheckedSource {
  readonly source: readonly TopicSource[] | RegExp
  readonly assign: readonly TopicPartition[] | undefined
}

function checkSource({ topics, pattern, assign }: ConsumerOptions<TopicSource>): CheckedSource {
  if ([topics, pattern, assign].filter((source) => source !== undefined).length !== 1) {
    throw new MillraceError('bad_option', 'a consumer takes one of topics, pattern and assign')
  }
  if (pattern !== undefined) {
    if (isInstance(pattern, RegExp)) return { source: pattern, assign: undefined }
    throw new MillraceError('bad_option', `pattern is ${shown(pattern)}; expected a RegExp`)
  }
  if (topics !== undefined)
    return { source: checkSources(checkList('topics', topics).map(checkTopicSource)), assign: undefined }
  const assigned = checkAssign(assign ?? [])
  return {
    source: checkSources(assigned.map(({ topic }) => topic)),
    assign: assigned.map(({ topic, partition }) => ({ topic: nameOf(topic), partition })),
  }
}

function checkTopicSource(source: TopicSource): TopicSource {
  if (typeof source === 'string') return checkKeptName('the name of a topic', source)
  checkName('the name of a topic', nameOf(source))
  return checkTopic('a consumer', source)
}

type Assignment = NonNullable<ConsumerOptions<TopicSource>['assign']>

/** Each partition once: it would be read twice. */
function checkAssign(assign: Assignment): Assignment {
  const seen = new Set<string>()
  return checkList('assign', assign).map((one) => {
    const { topic: given, partition } = checkOptions('assign', one, ['topic', 'partition'])
    const topic = checkTopicSource(given)
    const partitions = typeof topic === 'object' ? topic.partitions : undefined
    checkWhole(
      `the partition of "${nameOf(topic)}"`,
      partition,
      0,
      partitions === undefined ? undefined : partitions - 1,
    )
    const place = `${nameOf(topic)}[${partition}]`
    if (seen.has(place)) throw new MillraceError('bad_option', `assign has ${place} twice`)
    seen.add(place)
    return { topic, partition }
  })
}

/** There must be at least one, and a topic that is given twice may not be read in two ways. */
function checkSources(sources: readonly TopicSource[]): readonly TopicSource[] {
  if (sources.length === 0) throw new MillraceError('bad_option', 'a consumer needs a list of at least one topic')
  const byName = new Map<string, TopicSource>()
  for (const source of sources) {
    const name = nameOf(source)
    if ((byName.get(name) ?? source) !== source) {
      throw new MillraceError('bad_option', `the topic "${name}" is given twice, and differently`)
    }
    byName.set(name, source)
  }
  return sources
}

const noop = (): void => undefined
