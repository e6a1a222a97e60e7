/**
 * Sends dead letters again: into a hidden topic that only their application reads, each letter once.
 */
import { partitionOf } from '../../core/partitioner.ts'
import type { Offset, Timestamp } from '../../core/units.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { BatchBuilder, letterBytesMax } from '../format/batch.ts'
import { partitionAt, type PartitionId, partitionsOf } from '../format/partition-id.ts'
import type { Partitions } from '../kept/partitions.ts'
import type { RecordSource } from '../kept/record-source.ts'
import { markRedriven, wasRedriven } from '../kept/redriven-letters.ts'
import type { TopicDescription, Topics } from '../kept/topics.ts'
import { redrivenTopic, redriveTopic } from '../kept/version-name.ts'
import type {
  DeadLetter,
  EditedLetter,
  LetterPlace,
  RedriveOutcome,
  RedriveReport,
  RedrivenLetter,
} from './letters-face.ts'

/** What sending takes of a log. */
export interface RedriveLog extends Pick<RecordSource, 'clock' | 'refresh'> {
  readonly environment: Pick<Environment, 'get' | 'inTurn' | 'write'>
  readonly partitions: Partitions
  readonly topics: Topics
}

export interface RedriveOrder {
  readonly applicationId: string
  /** The topics that the application reads. */
  readonly reads: readonly string[]
  readonly dryRun: boolean
  /** How many letters the report shows. */
  readonly samples: number
}

/** A batch is closed at this size. */
const batchBytes = 131_072

/** Where a letter goes, or why it goes nowhere. */
interface Plan {
  readonly letter: DeadLetter
  readonly outcome: RedriveOutcome
  readonly to: { readonly source: TopicDescription; readonly name: string; readonly partition: number } | undefined
}

export class Redrive {
  readonly #log: RedriveLog
  readonly #order: RedriveOrder
  readonly #lettersId: number
  readonly #shown: RedrivenLetter[] = []
  readonly #gone: LetterPlace[] = []
  readonly #counts: Record<RedriveOutcome, number> = { sent: 0, alreadySent: 0, noRecord: 0, notRead: 0, topicGone: 0 }

  /** @param lettersId the id of the dead-letter topic */
  constructor(log: RedriveLog, order: RedriveOrder, lettersId: number) {
    this.#log = log
    this.#order = order
    this.#lettersId = lettersId
  }

  /** These are no longer there. */
  pass(places: readonly LetterPlace[]): void {
    for (const { partition, offset } of places) this.#gone.push({ partition, offset })
  }

  /** In one commit, with what says that they were sent. */
  async send(letters: readonly DeadLetter[]): Promise<void> {
    if (letters.length === 0) return
    const { environment } = this.#log
    if (this.#order.dryRun) {
      this.#log.refresh()
      return this.#report(this.#plan(letters), new Map())
    }
    await environment.inTurn(() => {
      const sent = environment.write((transaction) => this.#append(transaction, letters))
      this.#report(sent.plans, sent.offsets)
    })
  }

  #plan(letters: readonly DeadLetter[]): Plan[] {
    const here = new Set<string>()
    return letters.map((letter) => {
      const name = `${letter.partition}/${letter.offset}`
      const plan = this.#planOf(letter)
      const isTwice = plan.outcome === 'sent' && here.has(name)
      here.add(name)
      return isTwice ? { letter, outcome: 'alreadySent', to: undefined } : plan
    })
  }

  #planOf(letter: DeadLetter): Plan {
    const nowhere = (outcome: RedriveOutcome): Plan => ({ letter, outcome, to: undefined })
    const { source, kind, partition, offset } = letter
    if (source === null || kind !== 'record') return nowhere('noRecord')
    const { applicationId, reads } = this.#order
    const topic = redrivenTopic(source.topic)
    if (!reads.includes(topic)) return nowhere('notRead')
    const found = this.#log.topics.find(topic)
    const name = redriveTopic(topic, applicationId)
    const { partitions } = this.#log.topics.find(name) ?? found ?? { partitions: 0 }
    if (found === undefined || source.partition >= partitions) return nowhere('topicGone')
    if (wasRedriven(this.#log.environment, applicationId, { topicId: this.#lettersId, partition, offset })) {
      return nowhere('alreadySent')
    }
    const bytes = isEdited(letter) ? letter.partitionBytes : null
    const at = bytes === null ? source.partition : partitionOf(bytes, 0, bytes.length, partitions)
    return { letter, outcome: 'sent', to: { source: found, name, partition: at } }
  }

  #append(transaction: WriteTransaction, letters: readonly DeadLetter[]) {
    const { environment, partitions, topics, clock } = this.#log
    const { applicationId } = this.#order
    const plans = this.#plan(letters)
    const open = new Map<string, { readonly partition: PartitionId; readonly plans: Plan[] }>()
    for (const plan of plans) {
      if (plan.to === undefined) continue
      const { source, name, partition } = plan.to
      const [topic] = topics.ensureIn(transaction, [
        {
          name,
          partitions: topics.find(name)?.partitions ?? source.partitions,
          config: { retentionMs: -1 },
          serdes: source.serdes,
        },
      ]) as [TopicDescription]
      const place = partitionAt(topic, partition)
      const to = open.get(`${name}/${partition}`) ?? { partition: place, plans: [] }
      open.set(`${name}/${partition}`, to)
      to.plans.push(plan)
      markRedriven(environment, transaction, applicationId, {
        topicId: this.#lettersId,
        partition: plan.letter.partition,
        offset: plan.letter.offset,
      })
    }
    const offsets = new Map<DeadLetter, number>()
    for (const { partition, plans: here } of open.values()) {
      const batches = batchesOf(here.map(({ letter }) => letter))
      const first = partitions.append(transaction, partition, batches, { nowMs: clock.now() })
      for (const [at, { letter }] of here.entries()) offsets.set(letter, first + at)
    }
    return { plans, offsets }
  }

  #report(plans: readonly Plan[], offsets: ReadonlyMap<DeadLetter, number>): void {
    // A partition may have very many segments, and most letters come from the same few.
    const newest = new Map<string, Timestamp | null>()
    const newestOf = (letter: DeadLetter): Timestamp | null => {
      const name = `${letter.source?.topic}/${letter.source?.partition}`
      const known = newest.get(name)
      if (known !== undefined) return known
      const time = this.#newestTimestamp(letter)
      newest.set(name, time)
      return time
    }
    for (const { letter, outcome, to } of plans) {
      this.#counts[outcome]++
      if (this.#shown.length >= this.#order.samples) continue
      const offset = offsets.get(letter)
      this.#shown.push({
        letter,
        outcome,
        to:
          to === undefined
            ? null
            : { topic: to.name, partition: to.partition, offset: (offset ?? null) as Offset | null },
        newestTimestamp: newestOf(letter),
      })
    }
  }

  /** The largest time in the partition that the record came from. */
  #newestTimestamp({ source }: DeadLetter): Timestamp | null {
    const topic = source === null ? undefined : this.#log.topics.find(redrivenTopic(source.topic))
    const place = topic && partitionsOf(topic).find(({ partition }) => partition === source?.partition)
    if (place === undefined) return null
    const segments = this.#log.partitions.segments(place).filter(({ batchCount }) => batchCount > 0)
    const newest = segments.reduce((time, { maxTimestamp }) => Math.max(time, maxTimestamp), -1)
    return newest < 0 ? null : (newest as Timestamp)
  }

  get report(): RedriveReport {
    return { dryRun: this.#order.dryRun, ...this.#counts, gone: this.#gone, letters: this.#shown }
  }
}

function isEdited(letter: DeadLetter): letter is EditedLetter {
  return 'edited' in letter && letter.edited === true
}

function batchesOf(letters: readonly DeadLetter[]): Buffer[] {
  const builder = new BatchBuilder()
  const batches: Buffer[] = []
  for (const { timestamp, key, value, headers } of letters) {
    const bytes = Buffer.concat([key ?? Buffer.alloc(0), value ?? Buffer.alloc(0)])
    const keyEnd = key?.length ?? 0
    const [keyStop, valueStop] = [key === null ? -1 : keyEnd, value === null ? -1 : bytes.length]
    builder.append(timestamp, bytes, 0, keyStop, keyEnd, valueStop, headers, letterBytesMax)
    if (builder.bytes >= batchBytes) batches.push(builder.build())
  }
  if (builder.count > 0) batches.push(builder.build())
  return batches
}
