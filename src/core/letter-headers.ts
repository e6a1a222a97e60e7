/**
 * The headers that a dead letter has after those of its record: the runtime writes them, the administration reads them.
 */
import type { Header } from './headers.ts'

const prefix = 'millrace.'

/** What the headers of a letter say, by the names that they have after the prefix. `reason` is the first of them. */
export type LetterFact = 'reason' | 'message' | 'operator' | 'kind' | 'topic' | 'partition' | 'offset'

const firstName = `${prefix}${'reason' satisfies LetterFact}`

export function letterHeader(fact: LetterFact, value: string): Header {
  return { key: `${prefix}${fact}`, value: Buffer.from(value) }
}

/** The headers of the record itself, and what those of its letter say. */
export interface LetterHeaders {
  readonly own: readonly Header[]
  readonly facts: ReadonlyMap<LetterFact, string>
}

/**
 * Those of a letter come last, so a record that was a letter itself keeps what it had. Undefined when it is no letter.
 */
export function readLetterHeaders(headers: readonly Header[]): LetterHeaders | undefined {
  const first = headers.findLastIndex(({ key }) => key === firstName)
  if (first < 0) return undefined
  const facts = new Map<LetterFact, string>()
  for (const { key, value } of headers.slice(first)) {
    if (key.startsWith(prefix)) facts.set(key.slice(prefix.length) as LetterFact, Buffer.from(value ?? []).toString())
  }
  return { own: headers.slice(0, first), facts }
}
