/**
 * The dead letters of an application: a list, one in full, and what went wrong how often.
 */
import { shortened } from '../../core/shown.ts'
import { sum } from '../../inspect/counts.ts'
import { letterForms } from '../../inspect/letter-forms.ts'
import { shownLetterPlace } from '../../inspect/redrive-words.ts'
import type { DeadLetter, DeadLetters } from '../../log/admin/letters-face.ts'
import { filterIn, lettersIn, searchLetters, testOf } from '../letter-search.ts'
import { limitIn, pathPart, textIn, wholeOf } from '../question.ts'
import type { Question } from '../router.ts'
import { fullRecordView, shownLine } from '../shown-bytes.ts'
import type { FullLetterView, LetterListView, LetterOutcome, LetterView, ReasonsView } from '../letter-views.ts'
import { clamped, placeOf, textOfPlace } from './records.ts'

const usualLimit = 50
const limitMax = 200
const messageCharsMax = 400
/** More than anyone reads. */
const reasonsMax = 100
/** The bars of a chart. */
const stretches = 30
/** As much as may be edited in a page. */
const editableCharsMax = 64 * 1_024

/** `?reason&operator&topic&from&to&older|newer&limit`: the newest first; the places are what an answer said. */
export async function letters(question: Question): Promise<LetterListView> {
  const { log, path, query } = question
  const application = pathPart(path, 'application')
  const { topic, bounds } = await lettersIn(log, application)
  const newer = textIn(query, 'newer')
  const older = textIn(query, 'older')
  const isOlder = newer === undefined
  const from = isOlder ? (older === undefined ? new Map<number, number>() : placeOf(older)) : placeOf(newer)
  const found = await searchLetters(question, {
    topic,
    bounds,
    from,
    direction: isOlder ? 'older' : 'newer',
    limit: limitIn(query, usualLimit, limitMax),
    fits: testOf(filterIn(query)),
  })
  const began = new Map(bounds.map((one) => [one.partition, clamped(from.get(one.partition), one, isOlder)]))
  const [low, high] = isOlder ? [found.ends, began] : [began, found.ends]
  const shown = isOlder ? found.letters : found.letters.toReversed()
  const outcomes = await outcomesOf(log.admin.deadLetters(application), shown)
  const formsOf = await letterForms(log)
  return {
    letters: shown.map((letter, at) => {
      const forms = formsOf(letter)
      const message = letter.message === null ? null : shortened(letter.message, messageCharsMax)
      const [key, value] = [shownLine(letter.key, forms.key), shownLine(letter.value, forms.value)]
      return { ...factsOf(letter, outcomes[at] ?? 'gone'), message, key, value }
    }),
    searched: found.searched,
    older: bounds.some(({ partition, start }) => (low.get(partition) ?? 0) > start) ? textOfPlace(low) : null,
    newer: bounds.some(({ partition, end }) => (high.get(partition) ?? 0) < end) ? textOfPlace(high) : null,
    isCutShort: found.isCutShort,
  }
}

/** @throws MillraceError `application_unknown`, `letter_unknown` */
export async function fullLetter({ log, path }: Question): Promise<FullLetterView> {
  const dead = log.admin.deadLetters(pathPart(path, 'application'))
  const partition = wholeOf('the partition', pathPart(path, 'partition'))
  const offset = wholeOf('the offset', pathPart(path, 'offset'))
  const letter = await dead.show({ partition, offset })
  const { letters: planned } = await dead.redrive([letter], { dryRun: true, samples: 1 })
  const forms = (await letterForms(log))(letter)
  const record = fullRecordView(letter, forms)
  const { value } = record
  // Bytes that are shown as hex are not typed so.
  const isTyped = value.text !== null && value.text.length <= editableCharsMax && value.text !== value.hex
  return {
    ...factsOf(letter, planned[0]?.outcome ?? 'gone'),
    topic: letter.topic,
    kind: letter.kind,
    record,
    newestMs: planned[0]?.newestTimestamp ?? null,
    editable: isTyped ? value.text : null,
  }
}

/** `?reason&operator&topic&from&to`: of the newest letters, as many as one request may read; the most frequent ones. */
export async function reasons(question: Question): Promise<ReasonsView> {
  const { topic, bounds } = await lettersIn(question.log, pathPart(question.path, 'application'))
  const isMeant = testOf(filterIn(question.query))
  const byReason = new Map<string, { readonly reason: string; readonly operator: string | null; times: number[] }>()
  let [fromMs, toMs, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0]
  // Each is counted and then forgotten: none of them "fits".
  const tally = (letter: DeadLetter): boolean => {
    if (!isMeant(letter)) return false
    const { reason, operator, timestamp } = letter
    const name = JSON.stringify([reason, operator])
    const known = byReason.get(name) ?? { reason, operator, times: [] }
    byReason.set(name, known)
    known.times.push(timestamp)
    fromMs = Math.min(fromMs, timestamp)
    toMs = Math.max(toMs, timestamp)
    count++
    return false
  }
  const search = { topic, bounds, from: new Map(), direction: 'older', limit: 1, fits: tally } as const
  const { isCutShort } = await searchLetters(question, search)
  const all = [...byReason.values()].toSorted((one, other) => other.times.length - one.times.length)
  const [shown, others] = [all.slice(0, reasonsMax), all.slice(reasonsMax)]
  const rows = shown.map(({ reason, operator, times }) => {
    const bars = new Array<number>(stretches).fill(0)
    for (const time of times) {
      const at = Math.min(stretches - 1, Math.floor(((time - fromMs) / (toMs - fromMs + 1)) * stretches))
      bars[at] = (bars[at] ?? 0) + 1
    }
    const newestMs = times.reduce((newest, time) => Math.max(newest, time), 0)
    return { reason, operator, letters: times.length, times: bars, newestMs }
  })
  return {
    reasons: rows,
    leftOut: { reasons: others.length, letters: sum(others, ({ times }) => times.length) },
    letters: count,
    fromMs: count === 0 ? null : fromMs,
    toMs: count === 0 ? null : toMs,
    isCutShort,
  }
}

function factsOf(letter: DeadLetter, outcome: LetterOutcome): Omit<LetterView, 'key' | 'value'> {
  const { partition, offset, timestamp, reason, message, operator, source } = letter
  return { partition, offset, timestampMs: timestamp, reason, message, operator, source, outcome }
}

/** What would become of each; retention may take the oldest of them meanwhile. */
async function outcomesOf(dead: DeadLetters, all: readonly DeadLetter[]): Promise<readonly LetterOutcome[]> {
  const { letters } = await dead.redrive(all, { dryRun: true, samples: all.length })
  const planned = new Map(letters.map(({ letter, outcome }) => [shownLetterPlace(letter), outcome]))
  return all.map((letter) => planned.get(shownLetterPlace(letter)) ?? 'gone')
}
