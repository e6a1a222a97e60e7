/**
 * The topics that an application has written, for acts that may take them along.
 */
import { checkChoice, isList } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { parsePlan } from '../../core/stored-plan.ts'
import { producedBy } from '../../core/stored-progress.ts'
import { partitionsOf } from '../format/partition-id.ts'
import { isTopicOf } from '../kept/version-name.ts'
import { namesOf, type TopicName } from '../kept/topic-name.ts'
import { type ApplicationsLog, type KeptVersion, keptVersions } from './application-log.ts'

/** A topic that an application has written. */
export interface ApplicationOutput {
  /** The topic. */
  readonly topic: string
  /** How many offsets it holds. */
  readonly records: number
  /** Whether it is the one of the application's dead letters. */
  readonly isDeadLetters: boolean
  /** Whether the call takes it along. */
  readonly isTaken: boolean
  /** Other applications that read it. */
  readonly readBy: readonly string[]
}

/** Which outputs are meant: none, all but dead letters, or these. */
export type WantedOutputs = 'none' | 'all' | readonly string[]

/** @throws MillraceError `bad_option` */
export function checkOutputs<W extends string>(given: 'keep' | W | readonly TopicName[], taken: W): WantedOutputs {
  if (isList(given)) return namesOf('outputs', given)
  return checkChoice('outputs', given, ['keep', taken]) === 'keep' ? 'none' : 'all'
}

/**
 * What versions of an application have written and is still there, by name.
 *
 * @throws MillraceError `bad_option` for a topic that is none of them
 */
export function outputsOf(
  log: ApplicationsLog,
  applicationId: string,
  versions: readonly KeptVersion[],
  wanted: WantedOutputs,
): ApplicationOutput[] {
  const deadLetters = new Set(versions.map((version) => deadLettersOf(log, version)))
  const hidden = new Set(hiddenTopicsOf(log, versions))
  const written = new Set([...hidden, ...versions.flatMap((version) => writtenBy(log, version))])
  const unknown = typeof wanted === 'string' ? undefined : wanted.find((topic) => !written.has(topic))
  if (unknown !== undefined) {
    throw new MillraceError(
      'bad_option',
      `outputs: application "${applicationId}" has not written the topic "${unknown}"; it has written ${listed(written)}`,
      { topic: unknown },
    )
  }
  const readers = readersOf(log, applicationId)
  return [...written].toSorted().flatMap((topic) => {
    const description = log.topics.find(topic)
    if (description === undefined) return []
    const isDeadLetters = deadLetters.has(topic)
    const isWanted = typeof wanted === 'string' ? wanted === 'all' && !isDeadLetters : wanted.includes(topic)
    const isTaken = isWanted || hidden.has(topic)
    const records = partitionsOf(description).reduce((total, partition) => {
      const { startOffset, endOffset } = log.partitions.row(partition)
      return total + endOffset - startOffset
    }, 0)
    return [{ topic, records, isDeadLetters, isTaken, readBy: readers.get(topic) ?? [] }]
  })
}

/** What a version has written beside the live one is its alone, also once it is the live one and writes elsewhere. */
function hiddenTopicsOf(log: ApplicationsLog, versions: readonly KeptVersion[]): string[] {
  return log.topics.list().flatMap(({ name }) => (versions.some(({ row }) => isTopicOf(name, row)) ? [name] : []))
}

function deadLettersOf(log: ApplicationsLog, { name, row: { applicationId } }: KeptVersion): string {
  const plan = log.applications.plan(name)
  return (plan && parsePlan(applicationId, plan).deadLetters) ?? `${applicationId}.dead-letters`
}

function writtenBy(log: ApplicationsLog, { name }: KeptVersion): string[] {
  return Object.keys(producedBy(log.applications.progress(name)))
}

/** The other applications, by topic. */
function readersOf(log: ApplicationsLog, applicationId: string): Map<string, string[]> {
  const readers = new Map<string, string[]>()
  for (const { name, row } of keptVersions(log)) {
    const plan = log.applications.plan(name)
    if (plan === undefined || row.applicationId === applicationId) continue
    for (const topic of parsePlan(row.applicationId, plan).topics) {
      const known = readers.get(topic) ?? []
      if (!known.includes(row.applicationId)) readers.set(topic, [...known, row.applicationId])
    }
  }
  return readers
}

function listed(topics: ReadonlySet<string>): string {
  return topics.size === 0 ? 'none' : [...topics].map((topic) => `"${topic}"`).join(', ')
}
