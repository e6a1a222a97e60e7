/**
 * Sends dead letters again: those that are named, one with another value, or those that a filter means.
 */
import { checkedEntries, checkList, checkOptions } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { shown } from '../../core/shown.ts'
import { letterForms } from '../../inspect/letter-forms.ts'
import { didOf } from '../../inspect/redrive-words.ts'
import { UnfitText } from '../../inspect/unfit-text.ts'
import { checkPlace } from '../../log/admin/letter-query.ts'
import type { DeadLetters, EditedLetter, LetterFilter, LetterPlace } from '../../log/admin/letters-face.ts'
import type { Log } from '../../log/face.ts'
import { lettersIn, searchLetters, testOf } from '../letter-search.ts'
import { pathPart } from '../question.ts'
import { BadQuestion } from '../reply.ts'
import type { Body, Question } from '../router.ts'
import type { SentView } from '../letter-views.ts'
import { placeOf, textOfPlace } from './records.ts'

/** As many as go into one commit. */
const lettersMax = 500

/**
 * One of these:
 *
 * - `{ letters: [{ partition, offset }, …] }`;
 * - `{ letter: { partition, offset }, value }`: with this value, as it is typed for the serde of its topic, or null;
 * - `{ filter: { reason, operator, topic, from, to }, from, upTo }`: the letters that fit and are there now, up to 500
 *   of them; the answer says where to go on, as `from` and `upTo`.
 *
 * @throws MillraceError `application_unknown`, `letter_unknown`, `bad_option`, `disk_full`
 */
export async function sendLetters(question: Question, body: Body): Promise<SentView> {
  const dead = question.log.admin.deadLetters(pathPart(question.path, 'application'))
  if ('filter' in body) return sendFitting(question, dead, body)
  if (!('letter' in body)) return send(dead, placesIn(body), null)
  return send(dead, [await editedIn(question.log, dead, body)], null)
}

async function send(
  dead: DeadLetters,
  letters: readonly (LetterPlace | EditedLetter)[],
  next: SentView['next'],
): Promise<SentView> {
  const report = await dead.redrive(letters, { samples: 0 })
  const { sent, alreadySent, noRecord, notRead, topicGone, gone } = report
  return { did: didOf(report), sent, alreadySent, noRecord, notRead, topicGone, gone, next }
}

function placesIn(body: Body): readonly LetterPlace[] {
  const { letters } = checkOptions<Body>('sending letters again', body, ['letters'])
  const places = checkList('letters', letters as readonly unknown[]).map(placeIn)
  if (places.length > 0 && places.length <= lettersMax) return places
  throw new BadQuestion(`letters has ${places.length} of them; expected 1 to ${lettersMax}`)
}

/** The place alone: whatever else it says, it is the letter as it lies there. */
function placeIn(given: unknown): LetterPlace {
  return checkPlace('a letter', given as LetterPlace)
}

async function editedIn(log: Log, dead: DeadLetters, body: Body): Promise<EditedLetter> {
  const { letter: place, value } = checkOptions<Body>('sending a letter again', body, ['letter', 'value'])
  if (typeof value !== 'string' && value !== null) {
    throw new MillraceError('bad_option', `value is ${shown(value)}; expected the text of the value, or null`)
  }
  const letter = await dead.show(placeIn(place))
  const form = (await letterForms(log))(letter).value
  try {
    return dead.edit(letter, { value: value === null ? null : form.fromText(Buffer.from(value)) })
  } catch (error) {
    throw error instanceof UnfitText ? new UnfitText(`the value ${error.message}`) : error
  }
}

/** What comes back meanwhile, because it failed again, lies after `upTo`. */
async function sendFitting(question: Question, dead: DeadLetters, body: Body): Promise<SentView> {
  const { filter, from, upTo } = checkOptions<Body>('sending letters again', body, ['filter', 'from', 'upTo'])
  const fits = testOf(Object.fromEntries(checkedEntries('the fields of a filter', filter as object)) as LetterFilter)
  const { topic, bounds } = await lettersIn(question.log, dead.applicationId)
  const ends = upTo === undefined ? new Map(bounds.map(({ partition, end }) => [partition, end])) : offsetsIn(upTo)
  const meant = bounds.map((one) => ({ ...one, end: Math.min(one.end, ends.get(one.partition) ?? 0) }))
  const place = from === undefined ? new Map<number, number>() : offsetsIn(from)
  const search = { topic, bounds: meant, from: place, direction: 'newer', limit: lettersMax, fits } as const
  const found = await searchLetters(question, search)
  const isMore = meant.some(({ partition, end }) => (found.ends.get(partition) ?? end) < end)
  const next = isMore ? { from: textOfPlace(found.ends), upTo: textOfPlace(ends) } : null
  return send(dead, found.letters.map(placeIn), next)
}

function offsetsIn(given: unknown): ReadonlyMap<number, number> {
  if (typeof given === 'string') return placeOf(given)
  throw new BadQuestion(`a place is ${shown(given)}; expected one from an earlier answer`)
}
