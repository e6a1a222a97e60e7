// Says where what came out differs from what a case expects; README.md, "Compare".
import type { Case, CaseHeader, CaseKey, CaseRecord, CaseStoreRow } from './case.ts'
import { json } from './fields.ts'
import type { Value } from './vocabulary.ts'

/** A difference, with both sides as text. */
export interface Difference {
  readonly what: string
  readonly expected: string
  readonly got: string
}

/** A record as one line of JSON, always in the same order of fields. */
function line({ key, value, ts, headers }: CaseRecord, withHeaders: boolean): string {
  const order = typeof key === 'object' && key !== null ? { key: key.key, start: key.start, end: key.end } : key
  return json({ key: order, value, ts, ...(withHeaders ? { headers: headers ?? ([] as CaseHeader[]) } : {}) })
}

const listed = (lines: readonly string[]): string => (lines.length === 0 ? 'nothing' : lines.join(', '))

const equal = (left: readonly string[], right: readonly string[]): boolean =>
  left.length === right.length && left.every((item, index) => item === right[index])

/** The newest value of each key. */
type View = Map<string, { readonly key: CaseKey; readonly value: Value; readonly line: string }>

/** Compares step by step, and remembers what `table` needs of the steps before. */
export class Comparison {
  readonly #mode: Case['compare']
  readonly #headers: boolean
  readonly #views = new Map<string, { readonly expected: View; readonly got: View }>()

  constructor({ compare, headers }: Case) {
    this.#mode = compare
    this.#headers = headers
  }

  /** How the records of one topic and step differ. */
  step(topic: string, expected: readonly CaseRecord[], got: readonly CaseRecord[]): Difference | undefined {
    const [wanted, found] =
      this.#mode === 'table' ? this.#folded(topic, expected, got) : [this.#lines(expected), this.#lines(got)]
    if (equal(wanted, found)) return undefined
    return { what: `topic "${topic}"`, expected: listed(wanted), got: listed(found) }
  }

  /**
   * How the records of one topic and all steps differ. They come in the order of the steps; where a step's own order is
   * free, its records are still expected together.
   */
  all(topic: string, steps: readonly (readonly CaseRecord[])[], got: readonly CaseRecord[]): Difference | undefined {
    if (this.#mode !== 'set') return this.step(topic, steps.flat(), got)
    let at = 0
    const parts = steps.map((records) => got.slice(at, (at += records.length)))
    for (const [index, records] of steps.entries()) {
      const difference = this.step(topic, records, parts[index] ?? [])
      if (difference !== undefined) return { ...difference, what: `${difference.what}, of step ${index}` }
    }
    return this.step(topic, [], got.slice(at))
  }

  #lines(records: readonly CaseRecord[]): string[] {
    const lines = records.map((record) => line(record, this.#headers))
    return this.#mode === 'set' ? lines.toSorted() : lines
  }

  #folded(topic: string, expected: readonly CaseRecord[], got: readonly CaseRecord[]): [string[], string[]] {
    let views = this.#views.get(topic)
    if (views === undefined) this.#views.set(topic, (views = { expected: new Map(), got: new Map() }))
    return [this.#fold(views.expected, expected), this.#fold(views.got, got)]
  }

  #fold(view: View, records: readonly CaseRecord[]): string[] {
    for (const record of records) {
      const { key, value } = record
      if (value === null) view.delete(json(key))
      else view.set(json(key), { key, value, line: line(record, this.#headers) })
    }
    return [...view.values()].map((row) => row.line).toSorted()
  }
}

const rowLine = ({ key, value, ts, asOf, headers }: CaseStoreRow): string =>
  json([key, value, ts, ...(asOf === undefined ? [] : [{ asOf }]), ...(headers === undefined ? [] : [headers])])

/** How the rows of a store differ; both sides in the order that the case has. */
export function compareRows(
  store: string,
  expected: readonly CaseStoreRow[],
  got: readonly CaseStoreRow[],
): Difference | undefined {
  const [wanted, found] = [expected.map(rowLine), got.map(rowLine)]
  if (equal(wanted, found)) return undefined
  return { what: `final store "${store}"`, expected: listed(wanted), got: listed(found) }
}
