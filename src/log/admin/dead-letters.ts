/**
 * The dead letters of an application in a directory.
 */
import { checkBoolean, checkList, checkName, checkOptions, checkWhole, readField } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { parsePlan } from '../../core/stored-plan.ts'
import { checkTopic, type Topic } from '../../core/topic.ts'
import type { Offset } from '../../core/units.ts'
import type { Applications } from '../kept/applications.ts'
import type { TopicDescription } from '../kept/topic-row.ts'
import { nameOf, type TopicName } from '../kept/topic-name.ts'
import { decodedLetter } from './letter.ts'
import { checkEdited, edited, editedAs, letterUnknown } from './letter-edit.ts'
import { checkFilter, checkPlace, checkQuery } from './letter-query.ts'
import { Redrive, type RedriveLog } from './letter-redrive.ts'
import { lettersAt, lettersOf } from './letter-walk.ts'
import type {
  DeadLetter,
  DeadLetters,
  EditedLetter,
  LetterChange,
  LetterFilter,
  LetterPlace,
  LetterQuery,
  RedriveOptions,
  RedriveReport,
  ShownLetter,
} from './letters-face.ts'
import { partitionsOf } from '../format/partition-id.ts'

export interface DeadLetterLog extends RedriveLog {
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

  async topic(): Promise<string> {
    this.#log.refresh()
    return this.#name()
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
    const [found] = letters === undefined ? [] : await lettersAt(this.#log, letters, [{ partition, offset }])
    if (found === undefined) throw this.#unknown(letters, { partition, offset })
    return constant === undefined ? found : decodedLetter(found, constant)
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

  async redrive(
    wanted: readonly (LetterPlace | EditedLetter)[] | LetterFilter,
    options: RedriveOptions = {},
  ): Promise<RedriveReport> {
    const { dryRun = false, samples = 20 } = checkOptions('redrive', options, ['dryRun', 'samples'])
    checkBoolean('dryRun', dryRun)
    checkWhole('samples', samples, 0, 10_000)
    const letters = isList(wanted) ? checkList('the letters', wanted).map(checkWanted) : undefined
    const fits = letters === undefined ? checkFilter('redrive', wanted as LetterFilter) : undefined
    const topic = this.#find()
    const { applicationId } = this
    const plan = this.#log.applications.plan(applicationId)
    if (plan === undefined) throw applicationUnknown(applicationId)
    const order = { applicationId, reads: parsePlan(applicationId, plan).topics, dryRun, samples }
    const redrive = new Redrive(this.#log, order, topic?.id ?? 0)
    const ends = this.#endsOf(topic)
    if (letters !== undefined) {
      // Nothing is sent where one never was.
      const never = letters.find(({ partition, offset }) => offset >= (ends[partition] ?? 0))
      if (never !== undefined) throw this.#unknown(topic, never)
      for (const here of commitsOf(letters)) {
        const found = topic === undefined ? [] : await lettersAt(this.#log, topic, here)
        redrive.pass(here.filter((_, at) => found[at] === undefined))
        await redrive.send(found.flatMap((letter, at) => (letter === undefined ? [] : [{ ...letter, ...here[at] }])))
      }
    } else if (topic !== undefined && fits !== undefined) {
      // What comes back meanwhile, because it failed again, is not meant.
      const isMeant = (letter: DeadLetter): boolean => letter.offset < (ends[letter.partition] ?? 0) && fits(letter)
      const query = { fits: isMeant, isNewestFirst: false, limit: Number.MAX_SAFE_INTEGER, after: undefined }
      for await (const batch of lettersOf(this.#log, topic, query)) {
        for (const here of commitsOf(batch)) await redrive.send(here)
      }
    }
    return redrive.report
  }

  #endsOf(letters: TopicDescription | undefined): readonly number[] {
    if (letters === undefined) return []
    return partitionsOf(letters).map((partition) => this.#log.partitions.endOffset(partition))
  }

  #unknown(letters: TopicDescription | undefined, { partition, offset }: LetterPlace): MillraceError {
    return letterUnknown(letters?.name ?? this.#name(), partition, offset)
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
    throw applicationUnknown(applicationId)
  }
}

/** Few enough for a short commit. */
const lettersPerCommit = 500

function* commitsOf<T>(letters: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < letters.length; at += lettersPerCommit) yield letters.slice(at, at + lettersPerCommit)
}

function isList(wanted: unknown): wanted is readonly (LetterPlace | EditedLetter)[] {
  try {
    return Array.isArray(wanted)
  } catch {
    return false // a revoked proxy; as a filter it is refused with a code
  }
}

/** Where the letter lies, and what an edit has changed: the rest is what the log has. */
function checkWanted(given: LetterPlace | EditedLetter) {
  const place = checkPlace('a letter', given)
  if (readField('a letter', given, 'edited') !== true) return place as LetterPlace & { readonly offset: Offset }
  const { key, value, timestamp, headers, partitionBytes } = checkEdited(given as EditedLetter)
  const offset = place.offset as Offset
  return { ...place, offset, key, value, timestamp, headers, edited: true, partitionBytes }
}

function applicationUnknown(applicationId: string): MillraceError {
  return new MillraceError(
    'application_unknown',
    `this log has no application "${applicationId}": it was never started here, or it was deleted. ` +
      "Its letters stay: name their topic, deadLetters(id, { topic: '…' })",
  )
}
