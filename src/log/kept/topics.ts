/**
 * The catalogue of topics: their names, ids, partition counts and configurations.
 */
import { MillraceError } from '../../core/errors.ts'
import { checkName, checkOptions, readField } from '../../core/checks.ts'
import { present } from '../../core/assert.ts'
import { disown } from '../../core/promises.ts'
import { shown } from '../../core/shown.ts'
import { nearestName } from '../../core/near-names.ts'
import { codecOf, type Serde } from '../../core/serde.ts'
import { checkPartitions } from '../../core/topic.ts'
import {
  checkTopicConfig,
  defaultTopicConfig,
  type TopicConfig,
  topicConfigNames,
  type TopicSettings,
} from '../../core/topic-config.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { type PartitionId, type PartitionNumbers, partitionsOf } from '../format/partition-id.ts'
import type { Catalogue } from './catalogue.ts'
import { markDeleted } from './deleted-topics.ts'
import type { Partitions } from './partitions.ts'
import { nameOf } from './topic-name.ts'
import { changedConfig, checkConfigChange, checkNothingFollows, type TopicConfigChange } from './topic-changes.ts'
import { encodeTopic, type TopicDescription } from './topic-row.ts'
import { checkKeptName, isHiddenTopic } from './version-name.ts'

export type { TopicDescription } from './topic-row.ts'

/** A topic with all of its configuration. */
export interface TopicDetails extends TopicDescription {
  /** Every setting, with the defaults filled in. */
  readonly effectiveConfig: TopicConfig
}

export function detailsOf(description: TopicDescription): TopicDetails {
  return { ...description, effectiveConfig: { ...defaultTopicConfig, ...description.config } }
}

/** What a typed constant says about its topic. */
export interface TopicRequest {
  /** The name of the topic. */
  readonly name: string
  /** How many partitions it gets; 1 when nothing is said. */
  readonly partitions?: number | undefined
  /** What is to differ from the defaults. */
  readonly config?: TopicSettings | undefined
  /** The names of its serdes, for tools that read it; default: those of the constant, where this is one. */
  readonly serdes?: { readonly key: string; readonly value: string } | undefined
}

/** What an engine asks for. */
export interface EngineTopicRequest extends TopicRequest {
  /** A topic whose partitions and configuration it gets where it is created and says nothing else. */
  readonly like?: string | undefined
}

/** A topic that is to be created as soon as other processes let it. */
export interface TopicDraft {
  /** As it will be, but for its id. */
  readonly topic: TopicDescription
  /** Until a commit has created it, or found it. */
  isWanted: boolean
}

/** A request without settings that say nothing. */
interface CheckedRequest extends EngineTopicRequest {
  readonly config?: Partial<TopicConfig> | undefined
}

export class Topics {
  readonly #environment: Environment
  readonly #catalogue: Catalogue
  readonly #partitions: Partitions
  /** Ids of topics whose configuration was reported to differ. */
  readonly #reported = new Set<number>()

  constructor(environment: Environment, catalogue: Catalogue, partitions: Partitions) {
    this.#environment = environment
    this.#catalogue = catalogue
    this.#partitions = partitions
  }

  /** @throws MillraceError `topic_unknown` */
  describe(name: string): TopicDescription {
    const found = this.find(name)
    if (found !== undefined) return found
    const near = nearestName(
      name,
      this.shown().map((topic) => topic.name),
    )
    const hint = near === undefined ? 'list the topics with log.admin.listTopics()' : `did you mean "${near}"?`
    throw new MillraceError('topic_unknown', `there is no topic "${name}"; ${hint}`, { topic: name })
  }

  /** @throws MillraceError `damaged` when it is not found and the catalogue is incomplete */
  find(name: string): TopicDescription | undefined {
    return this.#catalogue.topic(checkKeptName('the name of a topic', name))
  }

  /**
   * For code that goes on without a topic that {@link find} has not found: `find` goes by a check of the same version,
   * and commits since then may have written over rows, where the list of free pages is damaged.
   *
   * @throws MillraceError `damaged`
   */
  checkAll(): void {
    this.#catalogue.check()
  }

  /** Every topic, by name, those of versions beside the live one too. */
  list(): TopicDescription[] {
    return this.#catalogue.topics()
  }

  /** Those that are not hidden. */
  shown(): TopicDescription[] {
    return this.list().filter(({ name }) => !isHiddenTopic(name))
  }

  /** Partitions with the names of their topics, in the order given; those of a topic that was deleted are left out. */
  named<P extends PartitionNumbers>(partitions: readonly P[]): (P & PartitionId)[] {
    const names = this.#catalogue.topicNames()
    return partitions.flatMap((partition) => {
      const topic = names.get(partition.topicId)
      return topic === undefined ? [] : [{ ...partition, topic }]
    })
  }

  /** @throws MillraceError `topic_exists` */
  create(given: TopicRequest): TopicDescription {
    const request = checkRequest(given)
    return this.#environment.write((transaction) => {
      if (this.find(request.name) !== undefined) {
        throw new MillraceError('topic_exists', `the topic "${request.name}" exists already`, { topic: request.name })
      }
      return this.#add(transaction, request)
    })
  }

  /**
   * The topics as they are, created where they are missing.
   *
   * @throws MillraceError `partitions_differ` when one exists with another partition count than the constant says
   */
  ensure(given: readonly EngineTopicRequest[]): TopicDescription[] {
    return this.#ensureAll(given.map((request) => readRequest(request, checkName)))
  }

  /** As {@link ensure}, for the engine: hidden topics too. */
  ensureHere(given: readonly EngineTopicRequest[]): TopicDescription[] {
    return this.#ensureAll(given.map((request) => readRequest(request, checkKeptName)))
  }

  /**
   * As {@link ensure} of one topic, but the event loop goes on while others commit: a draft is what it will be created
   * as in turn, unless {@link createDrafted} comes first. `earlier` is the draft that the caller has of it already.
   *
   * @throws MillraceError `partitions_differ`
   */
  ensureInTurn(given: TopicRequest, earlier: TopicDraft | undefined): TopicDescription | TopicDraft {
    const request = readRequest(given, checkName)
    const known = fitting(request, earlier?.topic ?? this.find(request.name))
    if (earlier !== undefined) return earlier
    if (known !== undefined) {
      this.#report(request, known)
      return known
    }
    const draft: TopicDraft = { topic: descriptionOf(request, idOfDrafts), isWanted: true }
    const created = this.#environment.inTurn(() => (draft.isWanted ? this.#ensureAll([request])[0] : undefined))
    if (!(created instanceof Promise)) return present(created, 'one request has one answer')
    disown(created) // what cannot be created is told to those who write to it
    return draft
  }

  /** A topic that was drafted, in a transaction that is open: as it is by now, created where it is missing. */
  createDrafted(transaction: WriteTransaction, draft: TopicDraft): TopicDescription {
    transaction.onDurable(() => (draft.isWanted = false))
    const found = this.find(draft.topic.name)
    if (found !== undefined) return found
    const created = this.#add(transaction, draft.topic)
    this.#catalogue.forgetChecks() // the transaction may still be undone
    return created
  }

  #ensureAll(requests: readonly CheckedRequest[]): TopicDescription[] {
    let topics = requests.map((request) => fitting(request, this.find(request.name)))
    if (topics.includes(undefined)) {
      topics = this.#environment.write((transaction) => this.#ensure(transaction, requests))
    }
    const found = topics as TopicDescription[]
    for (const [index, request] of requests.entries()) this.#report(request, found[index] as TopicDescription)
    return found
  }

  /** As {@link ensureHere}, in a transaction that is open. */
  ensureIn(transaction: WriteTransaction, given: readonly EngineTopicRequest[]): TopicDescription[] {
    const requests = given.map((request) => readRequest(request, checkKeptName))
    const found = this.#ensure(transaction, requests)
    for (const [index, request] of requests.entries()) this.#report(request, found[index] as TopicDescription)
    return found
  }

  #ensure(transaction: WriteTransaction, requests: readonly CheckedRequest[]): TopicDescription[] {
    return requests.map((request) => fitting(request, this.find(request.name)) ?? this.#add(transaction, request))
  }

  #add(transaction: WriteTransaction, request: CheckedRequest): TopicDescription {
    const model = request.like === undefined ? undefined : this.find(request.like)
    const description = descriptionOf(request, this.#catalogue.takeId(transaction), model)
    this.put(transaction, description)
    this.#partitions.create(transaction, partitionsOf(description))
    return description
  }

  /** Counts every change of the catalogue: code that keeps a description checks whether it is still the newest. */
  version(): number {
    return this.#catalogue.row().version
  }

  /** Replaces what is stored about a topic that exists. */
  put(transaction: WriteTransaction, description: TopicDescription): void {
    this.#catalogue.put(transaction, 'topics', Buffer.from(description.name), encodeTopic(description))
  }

  /**
   * Changes settings of a topic; null is back to the default.
   *
   * @throws MillraceError `topic_unknown`, `bad_option`
   */
  alter(name: string, change: TopicConfigChange): TopicDescription {
    const checked = checkConfigChange(change)
    return this.#environment.write((transaction) => {
      const before = this.describe(name)
      const after = { ...before, config: changedConfig(before.config, checked) }
      this.put(transaction, after)
      return after
    })
  }

  /**
   * Adds empty partitions after those that a topic has.
   *
   * @throws MillraceError `topic_unknown`, `bad_option`, `partitions_differ` when stored data depends on how many there
   *   are
   */
  addPartitions(name: string, partitions: number): TopicDescription {
    checkPartitions(partitions)
    return this.#environment.write((transaction) => {
      const before = this.describe(name)
      if (partitions <= before.partitions) {
        throw new MillraceError(
          'bad_option',
          `the topic "${name}" has ${before.partitions} partitions: they can become more, not ${partitions}`,
          { topic: name },
        )
      }
      checkNothingFollows(this.#environment, name)
      const after = { ...before, partitions }
      this.put(transaction, after)
      this.#partitions.create(transaction, partitionsOf(after).slice(before.partitions))
      return after
    })
  }

  /**
   * Removes a topic: its name and partitions at once, so that nothing appends or reads on. Its records are removed in
   * steps (deleted-topics.ts).
   *
   * @throws MillraceError `topic_unknown`
   */
  delete(name: string): void {
    this.#environment.write((transaction) => this.deleteIn(transaction, name))
  }

  /** As {@link delete}, in a transaction that is open. */
  deleteIn(transaction: WriteTransaction, name: string): void {
    const topic = this.describe(name)
    this.#catalogue.put(transaction, 'topics', Buffer.from(name), undefined)
    this.#partitions.remove(transaction, partitionsOf(topic))
    markDeleted(transaction, topic.id)
  }

  /** No topic is called this any longer; its partitions stay, for another name. */
  forget(transaction: WriteTransaction, name: string): void {
    this.#catalogue.put(transaction, 'topics', Buffer.from(name), undefined)
  }

  /** Says once what a constant asks for and the topic does not have: nothing is changed unasked. */
  #report(request: TopicRequest, found: TopicDescription): void {
    const asked = request.config ?? {}
    const stored = { ...defaultTopicConfig, ...found.config }
    const differing = topicConfigNames.filter((name) => asked[name] !== undefined && asked[name] !== stored[name])
    if (differing.length === 0 || this.#reported.has(found.id)) return
    this.#reported.add(found.id)
    const list = differing.map((name) => `${name} is ${stored[name]}, not ${asked[name]}`).join('; ')
    process.emitWarning(
      `the topic "${found.name}" is configured otherwise than the program says: ${list}. ` +
        'It stays as it is; change it with log.admin.alterTopic, or change the program',
      { type: 'MillraceWarning', code: topicConfigWarning },
    )
  }
}

function descriptionOf(request: CheckedRequest, id: number, model?: TopicDescription): TopicDescription {
  return {
    name: request.name,
    id,
    partitions: request.partitions ?? model?.partitions ?? 1,
    config: model?.config ?? request.config ?? {},
    serdes: request.serdes,
  }
}

/** Ids begin at 1. */
const idOfDrafts = 0

/** A constant, or what it would say: `createTopic` has no other topics, so nothing that it is told may be ignored. */
function checkRequest(given: EngineTopicRequest): CheckedRequest {
  if (typeof given !== 'object' || given === null) {
    throw new MillraceError(
      'bad_option',
      `createTopic takes the constant of a topic or { name, partitions, config }, not ${shown(given)}`,
    )
  }
  const setting = topicConfigNames.find((name) => readField('createTopic', given, name) !== undefined)
  if (setting !== undefined) {
    throw new MillraceError('bad_option', `createTopic takes ${setting} in config: { name, config: { ${setting} } }`)
  }
  nameOf(given)
  return readRequest(checkOptions('createTopic', given, requestNames), checkName)
}

/** The fields of a request, checked. They may be getters, so they are read once, before any transaction. */
function readRequest(request: EngineTopicRequest, checkTopicName: typeof checkName): CheckedRequest {
  const { partitions, config, like } = request
  const serdes = request.serdes ?? serdesOf(request)
  return {
    name: checkTopicName('the name of a topic', nameOf(request)),
    partitions: partitions === undefined ? undefined : checkPartitions(partitions),
    ...(config === undefined ? {} : { config: checkTopicConfig('the config of a topic', config) }),
    ...(serdes === undefined ? {} : { serdes }),
    ...(like === undefined ? {} : { like }),
  }
}

/** The names of the serdes of a constant; `codecOf` refuses what is none. */
function serdesOf(request: TopicRequest): TopicRequest['serdes'] {
  const key = 'key' in request ? request.key : undefined
  const value = 'value' in request ? request.value : undefined
  if (key === undefined || value === undefined) return undefined
  return { key: codecOf(key as Serde<unknown>).name, value: codecOf(value as Serde<unknown>).name }
}

const requestNames = ['name', 'partitions', 'config', 'kind', 'key', 'value']

/** The code of the warning about a constant that asks for another configuration than its topic has. */
export const topicConfigWarning = 'MILLRACE_TOPIC_CONFIG_DIFFERS'

function fitting(request: TopicRequest, found: TopicDescription | undefined): TopicDescription | undefined {
  if (found === undefined || request.partitions === undefined || request.partitions === found.partitions) return found
  throw new MillraceError(
    'partitions_differ',
    `the topic "${request.name}" has ${found.partitions} partitions, but the program says ${request.partitions}; ` +
      `say partitions: ${found.partitions}, or use another name`,
    { topic: request.name },
  )
}
