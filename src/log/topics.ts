/**
 * The catalogue of topics: their names, ids and partition counts, and the removal of what was deleted.
 */
import { MillraceError } from '../core/errors.ts'
import { checkName } from '../core/names.ts'
import { checkPartitions } from '../core/topic.ts'
import { checkTopicConfig, type TopicConfig } from '../core/topic-config.ts'
import type { Environment, WriteTransaction } from '../storage/environment.ts'
import type { DatabaseName } from '../storage/databases.ts'
import { afterPrefix, namedKey, partitionKey } from '../storage/keys.ts'
import type { Partitions } from './partitions.ts'
import { readInt32, writeInt32 } from '../core/bytes.ts'

/** A topic as it is in the log. */
export interface TopicDescription {
  /** What it is called. */
  readonly name: string
  /** Stands for the name on disk; a topic that is created again gets another one. */
  readonly id: number
  /** How many it has; fixed for its life. */
  readonly partitions: number
  /** What differs from the defaults. */
  readonly config: Partial<TopicConfig>
}

/** What a typed constant says about its topic. */
export interface TopicRequest {
  readonly name: string
  readonly partitions?: number | undefined
  readonly config?: Partial<TopicConfig>
}

export class Topics {
  readonly #environment: Environment
  readonly #partitions: Partitions

  constructor(environment: Environment, partitions: Partitions) {
    this.#environment = environment
    this.#partitions = partitions
  }

  /** @throws MillraceError `topic_unknown` */
  describe(name: string): TopicDescription {
    const found = this.find(name)
    if (found !== undefined) return found
    const near = nearest(
      name,
      this.list().map((topic) => topic.name),
    )
    const hint = near === undefined ? 'list the topics with log.admin.listTopics()' : `did you mean "${near}"?`
    throw new MillraceError('topic_unknown', `there is no topic "${name}"; ${hint}`, { topic: name })
  }

  find(name: string): TopicDescription | undefined {
    const stored = this.#environment.get('topics', Buffer.from(checkName('the name of a topic', name)))
    return stored === undefined ? undefined : (JSON.parse(stored.toString()) as TopicDescription)
  }

  /** Every topic, by name. */
  list(): TopicDescription[] {
    return pages(this.#environment, 'topics', Buffer.of(0), Buffer.of(255), (entry) => entry.value).map(
      (value) => JSON.parse(value.toString()) as TopicDescription,
    )
  }

  /** @throws MillraceError `topic_exists` */
  create(request: TopicRequest): TopicDescription {
    return this.#environment.write((transaction) => {
      if (this.find(request.name) !== undefined) {
        throw new MillraceError('topic_exists', `the topic "${request.name}" exists already`, { topic: request.name })
      }
      return this.#add(transaction, request)
    })
  }

  /**
   * The topics as {@link ensure} would leave them; one that is missing has the id -1.
   *
   * @throws MillraceError `partitions_differ`
   */
  preview(requests: readonly TopicRequest[]): TopicDescription[] {
    const seen = new Map<string, TopicDescription>()
    return requests.map((request) => {
      const { name, partitions = 1 } = request
      const found = fitting(request, seen.get(name) ?? this.find(name)) ?? {
        name,
        id: -1,
        partitions,
        config: request.config ?? {},
      }
      seen.set(name, found)
      return found
    })
  }

  /**
   * The topics as they are, created where they are missing.
   *
   * @throws MillraceError `partitions_differ` when one exists with another partition count than the constant says
   */
  ensure(requests: readonly TopicRequest[]): TopicDescription[] {
    const found = requests.map((request) => fitting(request, this.find(request.name)))
    if (found.every((topic) => topic !== undefined)) return found
    return this.#environment.write((transaction) =>
      requests.map((request) => fitting(request, this.find(request.name)) ?? this.#add(transaction, request)),
    )
  }

  #add(transaction: WriteTransaction, request: TopicRequest): TopicDescription {
    const description: TopicDescription = {
      name: request.name,
      id: nextId(this.#environment, transaction),
      partitions: checkPartitions(request.partitions ?? 1),
      config: checkTopicConfig(request.config ?? {}),
    }
    transaction.put('topics', Buffer.from(request.name), Buffer.from(JSON.stringify(description)))
    this.#partitions.create(transaction, description.id, 0, description.partitions)
    return description
  }

  /**
   * Removes a topic: its name and partitions at once, so that nobody appends or reads on; its records in steps behind it,
   * finished at the next open if that is cut short.
   *
   * @throws MillraceError `topic_unknown`
   */
  delete(name: string): void {
    this.#environment.write((transaction) => {
      const { id, partitions } = this.describe(name)
      transaction.remove('topics', Buffer.from(name))
      for (let partition = 0; partition < partitions; partition++) {
        transaction.remove('partitions', partitionKey(id, partition))
      }
      transaction.put('meta', garbageKey(id), Buffer.alloc(0))
    })
    this.sweep()
  }

  /** Removes what is left of deleted topics, in steps that do not keep other writers waiting. */
  sweep(): void {
    const prefix = Buffer.from(garbagePrefix)
    for (const { key } of this.#environment.range('meta', prefix, afterPrefix(prefix), sweepRows)) {
      const topicId = key.subarray(prefix.length)
      for (const database of ['batches', 'segments', 'times'] as const) this.#removeRange(database, topicId)
      this.#environment.write((transaction) => transaction.remove('meta', key))
    }
  }

  #removeRange(database: DatabaseName, prefix: Buffer): void {
    for (;;) {
      this.#environment.refresh()
      const rows = this.#environment.range(database, prefix, afterPrefix(prefix), sweepRows)
      if (rows.length === 0) return
      this.#environment.write((transaction) => {
        for (const { key } of rows) transaction.remove(database, key)
      })
    }
  }
}

const sweepRows = 64
const garbagePrefix = 'deleted topic\0'

function garbageKey(topicId: number): Buffer {
  const id = Buffer.alloc(4)
  writeInt32(id, 0, topicId)
  return namedKey('deleted topic', id)
}

const nextIdKey = Buffer.from('next id')

/** Ids of topics and stores are never used again. */
export function nextId(environment: Environment, transaction: WriteTransaction): number {
  const stored = environment.get('meta', nextIdKey)
  const id = stored === undefined ? 1 : readInt32(stored, 0)
  const next = Buffer.alloc(4)
  writeInt32(next, 0, id + 1)
  transaction.put('meta', nextIdKey, next)
  return id
}

/** Reads a range page by page, so that no snapshot is held for long. */
function pages<T>(
  environment: Environment,
  database: DatabaseName,
  from: Buffer,
  to: Buffer,
  pick: (entry: { readonly key: Buffer; readonly value: Buffer }) => T,
): T[] {
  const picked: T[] = []
  for (let start = from; ;) {
    const page = environment.range(database, start, to, 256)
    for (const entry of page) picked.push(pick(entry))
    const last = page.at(-1)
    if (last === undefined || page.length < 256) return picked
    start = Buffer.concat([last.key, Buffer.of(0)])
  }
}

function fitting(request: TopicRequest, found: TopicDescription | undefined): TopicDescription | undefined {
  if (found === undefined || request.partitions === undefined || request.partitions === found.partitions) return found
  throw new MillraceError(
    'partitions_differ',
    `the topic "${request.name}" has ${found.partitions} partitions, but the program says ${request.partitions}; ` +
      `say partitions: ${found.partitions}, or use another name`,
    { topic: request.name },
  )
}

/** The name that differs least, if it differs little. */
function nearest(name: string, names: readonly string[]): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1
  for (const other of names) {
    const distance = editDistance(name, other)
    if (distance < bestDistance) {
      best = other
      bestDistance = distance
    }
  }
  return best
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, i) => i)
  for (let i = 1; i <= left.length; i++) {
    const next = [i]
    for (let j = 1; j <= right.length; j++) {
      const change = (row[j - 1] as number) + (left[i - 1] === right[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1))
    }
    row = next
  }
  return row[right.length] as number
}
