// Holds what was read of a damaged log against what was read of the sound one.
import { isDeepStrictEqual } from 'node:util'
import type { Contents, PartitionContents } from './contents.ts'

/**
 * What came of a damage. `harmless` and `error` are what should; `crash` is a process that LMDB has ended, `state` an
 * application whose rows of state are absent or old, which `verify` has told of, `again` a group that reads again because its
 * position cannot be found. The rest must not be: such rows that `verify` has `missed`, `wrong` records or topics, `absent`
 * ones without an error, an error that is `raw`, a `verify` that rejects.
 */
export const outcomes = [
  'harmless',
  'error',
  'crash',
  'state',
  'again',
  'missed',
  'wrong',
  'absent',
  'raw',
  'hang',
  'verify',
] as const
export type Outcome = (typeof outcomes)[number]

export const violations: ReadonlySet<Outcome> = new Set(['missed', 'wrong', 'absent', 'raw', 'hang', 'verify'])

export interface Verdict {
  readonly outcome: Outcome
  readonly detail: string
  /** Whether `verify` found something, where it could be asked. */
  readonly isFound: boolean | undefined
}

/** @param isState whether the damage lies in what holds the state of stores */
export function judge(sound: Contents, found: Contents, isState: boolean): Verdict {
  const complaints = [...complaintsAbout(sound, found)]
  const isFound = found.problems === undefined ? undefined : found.problems > 0
  const [first] = complaints.toSorted((a, b) => outcomes.indexOf(b.outcome) - outcomes.indexOf(a.outcome))
  if (first !== undefined) {
    const isOfState = isState && first.step === 'application'
    return {
      outcome: isOfState ? (isFound === true ? 'state' : 'missed') : first.outcome,
      detail: `${first.step}: ${first.detail}`,
      isFound,
    }
  }
  const [error] = Object.entries(found.errors)
  const lost = [...Object.values(found.read), ...Object.values(found.counted)].find(
    (contents) => contents.lost.length > 0,
  )
  if (error !== undefined) return { outcome: 'error', detail: error.join(': '), isFound }
  return { outcome: lost === undefined ? 'harmless' : 'error', detail: 'read', isFound }
}

interface Complaint {
  readonly step: 'read' | 'list' | 'consume' | 'application' | 'verify'
  readonly outcome: Outcome
  readonly detail: string
}

function* complaintsAbout(sound: Contents, found: Contents): Generator<Complaint> {
  const { errors } = found
  if (errors['open'] !== undefined) return
  if (errors['verify'] !== undefined) yield { step: 'verify', outcome: 'verify', detail: errors['verify'] }
  if (found.topics !== undefined && !isDeepStrictEqual(found.topics, sound.topics)) {
    yield { step: 'list', outcome: 'wrong', detail: `the topics are ${found.topics.join()}` }
  }
  for (const [name, contents] of Object.entries(found.read)) {
    // What the application writes later is not there yet, or some of it is, after a commit that was cut short.
    yield* compare('read', name, sound.read[name], contents, true)
  }
  for (const [name, contents] of Object.entries(sound.consumed)) {
    const consumed = found.consumed[name] ?? { records: [], lost: [] }
    yield* compare('consume', name, contents, consumed, errors['consume'] === undefined, sound.read[name])
  }
  for (const [name, contents] of Object.entries(found.counted)) {
    yield* compare('application', name, sound.counted[name], contents, errors['application'] === undefined)
  }
  if (found.state !== undefined && !isDeepStrictEqual(found.state, sound.state)) {
    yield { step: 'application', outcome: 'wrong', detail: 'rows of the store are others' }
  }
}

function* compare(
  step: Complaint['step'],
  name: string,
  expected: PartitionContents | undefined,
  { records, lost }: PartitionContents,
  isWhole: boolean,
  all: PartitionContents | undefined = expected,
): Generator<Complaint> {
  const texts = new Map(all?.records)
  const wanted = new Map(expected?.records)
  const seen = new Set<number>()
  let before = -1
  for (const [offset, text] of records) {
    if (texts.get(offset) !== text)
      yield { step, outcome: 'wrong', detail: `${name} offset ${offset} is ${text.slice(0, 60)}` }
    else if (offset <= before)
      yield { step, outcome: 'wrong', detail: `${name} offset ${offset} comes after ${before}` }
    else if (!wanted.has(offset)) yield { step, outcome: 'again', detail: `${name} offset ${offset} comes again` }
    before = offset
    seen.add(offset)
  }
  if (!isWhole) return
  for (const offset of wanted.keys()) {
    const isLost = lost.some(([from, to]) => offset >= from && (to === null || offset <= to))
    if (!seen.has(offset) && !isLost)
      return yield { step, outcome: 'absent', detail: `${name} offset ${offset} is missing` }
  }
}
