/**
 * Dead letters as records of their topic: found as those of any topic are, and by what their headers say.
 */
import { letterOfRecord } from '../log/admin/letter.ts'
import { checkFilter } from '../log/admin/letter-query.ts'
import type { DeadLetter, LetterFilter } from '../log/admin/letters-face.ts'
import type { Log } from '../log/face.ts'
import { textIn, wholeIn } from './question.ts'
import { type Bounds, type Found, type Search, searchRecords } from './record-search.ts'
import { formsOf, type RawRecord } from './shown-bytes.ts'
import { Slices } from './slices.ts'
import type { Question } from './router.ts'

export interface LetterSearch extends Omit<Search, 'forms' | 'fits'> {
  readonly fits: (letter: DeadLetter) => boolean
}

export interface FoundLetters extends Omit<Found, 'records'> {
  readonly letters: readonly DeadLetter[]
}

/** Up to what one request may read. */
export async function searchLetters(
  { log, clock }: Pick<Question, 'log' | 'clock'>,
  { fits, ...search }: LetterSearch,
): Promise<FoundLetters> {
  const forms = formsOf(undefined)
  const isMeant = (record: RawRecord): boolean => fits(letterOfRecord(record))
  const { records, ...found } = await searchRecords(log, { ...search, forms, fits: isMeant }, new Slices(clock))
  return { ...found, letters: records.map(letterOfRecord) }
}

/** `?reason&operator&topic&from&to`; each of the first two may be given more than once. */
export function filterIn(query: URLSearchParams): LetterFilter {
  const several = (name: string): readonly string[] | undefined => (query.has(name) ? query.getAll(name) : undefined)
  return {
    reason: several('reason'),
    operator: several('operator'),
    topic: textIn(query, 'topic'),
    from: wholeIn(query, 'from'),
    to: wholeIn(query, 'to'),
  }
}

export function testOf(filter: LetterFilter): (letter: DeadLetter) => boolean {
  return checkFilter('a filter of dead letters', filter)
}

/** The topic of the letters and its bounds; without any partition while no letter was ever written. */
export async function lettersIn(
  { admin }: Log,
  applicationId: string,
): Promise<{ readonly topic: string; readonly bounds: readonly Bounds[] }> {
  const topic = await admin.deadLetters(applicationId).topic()
  const [size] = (await admin.listTopics()).some(({ name }) => name === topic) ? await admin.logSizes([topic]) : []
  const bounds = (size?.partitions ?? []).map(({ partition, startOffset, endOffset }) => {
    return { partition, start: startOffset, end: endOffset }
  })
  return { topic, bounds }
}
