/**
 * The dead letters of an application in a directory.
 */
import { checkName, checkOptions } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { parsePlan } from '../../core/stored-plan.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import type { Applications } from '../kept/applications.ts'
import type { TopicDescription } from '../kept/topic-row.ts'
import type { Topics } from '../kept/topics.ts'
import { nameOf, type TopicName } from '../kept/topic-name.ts'
import { decodedLetter } from './letter.ts'
import { edited, editedAs, letterUnknown } from './letter-edit.ts'
import { checkPlace, checkQuery } from './letter-query.ts'
import { type LetterLog, letterOf, lettersOf } from './letter-walk.ts'
import type {
  DeadLetter,
  DeadLetters,
  EditedLetter,
  LetterChange,
  LetterPlace,
  LetterQuery,
  ShownLetter,
} from './letters-face.ts'
import { partitionAt } from '../format/partition-id.ts'

export interface DeadLetterLog extends LetterLog {
  readonly topics: Topics
  readonly applications: Applications
}

/** What `log.admin.deadLetters` takes beside the application. */
export interface DeadLettersOptions {
  /** Where they lie. Default: where the application writes them since its last start. */
  readonly topic?: TopicName | undefined
}

export class EmbeddedDeadLetters implements DeadLetters {
  readonly applicationId: string
  readonly #log: DeadLetterLog
  /** What the caller says. */
  readonly #topic: string | undefined

  constructor(log: DeadLetterLog, applicationId: string, given: DeadLettersOptions) {
    this.applicationId = checkName('an application id', applicationId)
    const { topic } = checkOptions('deadLetters', given, ['topic'])
    this.#topic = topic === undefined ? undefined : checkName('the name of a topic', nameOf(topic))
    this.#log = log
  }

  list(given: LetterQuery = {}): AsyncIterable<DeadLetter> {
    const query = checkQuery(given)
    return this.#list(query)
  }

  async *#list(query: ReturnType<typeof checkQuery>): AsyncGenerator<DeadLetter, void, undefined> {
    const topic = this.#find()
    if (topic === undefined) return
    for await (const letters of lettersOf(this.#log, topic, query)) yield* letters
  }

  show(place: LetterPlace): Promise<DeadLetter>
  show<K, V>(place: LetterPlace, topic: Topic<K, V>): Promise<ShownLetter<K, V>>
  async show<K, V>(place: LetterPlace, topic?: Topic<K, V>): Promise<DeadLetter | ShownLetter<K, V>> {
    const { partition, offset } = checkPlace('the place of a letter', place)
    const constant = topic === undefined ? undefined : checkTopic('show', topic)
    const letters = this.#find()
    const isThere = letters !== undefined && partition < letters.partitions
    const letter = isThere ? letterOf(this.#log, partitionAt(letters, partition), offset) : undefined
    if (letter === undefined) throw letterUnknown(letters?.name ?? this.#name(), partition, offset)
    return constant === undefined ? letter : decodedLetter(letter, constant)
  }

  edit(letter: DeadLetter, change: LetterChange<Uint8Array, Uint8Array>): EditedLetter
  edit<K, V>(letter: DeadLetter, topic: Topic<K, V>, change: LetterChange<K, V>): EditedLetter
  edit<K, V>(
    letter: DeadLetter,
    ...[first, second]: [LetterChange<Uint8Array, Uint8Array>] | [Topic<K, V>, LetterChange<K, V>]
  ): EditedLetter {
    return second === undefined
      ? edited(letter, first as LetterChange<Uint8Array, Uint8Array>)
      : editedAs(letter, first as Topic<K, V>, second)
  }

  /** Undefined while no letter was ever written. */
  #find(): TopicDescription | undefined {
    this.#log.refresh()
    const name = this.#name()
    return this.#topic === undefined ? this.#log.topics.find(name) : this.#log.topics.describe(name)
  }

  /** @throws MillraceError `application_unknown` */
  #name(): string {
    if (this.#topic !== undefined) return this.#topic
    const { applicationId } = this
    const plan = this.#log.applications.plan(applicationId)
    if (plan !== undefined) return parsePlan(applicationId, plan).deadLetters ?? `${applicationId}.dead-letters`
    throw new MillraceError(
      'application_unknown',
      `this log has no application "${applicationId}": it was never started here, or it was deleted. ` +
        "Its letters stay: name their topic, deadLetters(id, { topic: '…' })",
    )
  }
}
