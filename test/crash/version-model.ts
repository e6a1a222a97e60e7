// A plain model of versions: what one has in its stores and has written, from the input alone and from who worked on which part of it.
import { eachOf, isAsked, keyOf, restCount, restOf, type Sum } from './versioned.ts'

/** The numbers of the input records, by partition. */
export type Input = readonly (readonly number[])[]

/** An offset for each partition of the input. */
export type Place = readonly number[]

/** Who works from a place on, until the next one does. */
export interface Part {
  readonly by: string
  readonly from: Place
  /**
   * Of a copy: which records it asks about again, because the live version had read them and had no answer yet.
   * Default: none before `from`.
   */
  readonly answersFrom?: Place | undefined
}

export type Course = readonly Part[]

/** From the beginning on. */
export function courseOf(version: string, lanes: number): Course {
  return [{ by: version, from: Array.from({ length: lanes }, () => 0) }]
}

/** Goes on at a place as another version. */
export function continued(course: Course, at: Place, by: string): Course {
  return [...course, { by, from: at }]
}

/** Where the input goes on after this many records that are asked about. */
export function askedAt(input: Input, counts: readonly number[]): Place {
  return input.map((numbers, lane) => {
    let left = counts[lane] ?? 0
    const at = numbers.findIndex((n) => isAsked(n) && left-- === 0)
    return at < 0 ? numbers.length : at
  })
}

/** The rows of the stores. */
export interface State {
  readonly sums: ReadonlyMap<string, Sum>
  readonly rests: ReadonlyMap<string, number>
}

/** What is in the outputs, as lines: by partition, and by key where several partitions meet. */
export interface Outputs {
  readonly results: readonly (readonly string[])[]
  readonly answers: readonly (readonly string[])[]
  readonly rests: ReadonlyMap<string, readonly string[]>
}

export const resultLine = (of: number, sum: number, by: string): string => `${of} ${sum} ${by}`
export const answerLine = (of: number, by: string): string => `${of} ${by}`
export const restLine = (sum: number, by: string): string => `${sum} ${by}`

class Counting {
  readonly sums = new Map<string, Sum>()
  readonly rests = new Map<string, number>()

  count(n: number, each: number): { readonly sum: number; readonly rest: number } {
    const sum = (this.sums.get(keyOf(n))?.sum ?? 0) + each
    const rest = (this.rests.get(restOf(n)) ?? 0) + each
    this.sums.set(keyOf(n), { of: n, sum })
    this.rests.set(restOf(n), rest)
    return { sum, rest }
  }
}

/** Calls back with every record of each part, up to a place. */
function walk(course: Course, input: Input, end: Place, visit: (part: Part, n: number, lane: number) => void): void {
  for (const [index, part] of course.entries()) {
    const to = course[index + 1]?.from ?? end
    for (const [lane, numbers] of input.entries()) {
      const last = Math.min(to[lane] ?? 0, end[lane] ?? 0)
      for (const n of numbers.slice(part.from[lane], last)) visit(part, n, lane)
    }
  }
}

function counted(course: Course, input: Input, end: Place): Counting {
  const counting = new Counting()
  walk(course, input, end, ({ by }, n) => void counting.count(n, eachOf(by)))
  return counting
}

export function stateAt(course: Course, input: Input, end: Place): State {
  return counted(course, input, end)
}

/**
 * @param written who wrote what
 * @param counts by version: whose code has counted what is in its stores
 */
export function outputsAt(written: Course, counts: (version: string) => Course, input: Input, end: Place): Outputs {
  const results: string[][] = input.map(() => [])
  const answers: string[][] = input.map(() => [])
  const rests = new Map(Array.from({ length: restCount }, (_, rest): [string, string[]] => [restOf(rest), []]))
  const states = new Map(written.map((part) => [part, counted(counts(part.by), input, part.from)]))
  for (const [lane, numbers] of input.entries()) {
    const [first] = written
    const again = numbers.slice(first?.answersFrom?.[lane] ?? first?.from[lane], first?.from[lane])
    answers[lane]?.push(...again.filter(isAsked).map((n) => answerLine(n, first?.by ?? '')))
  }
  walk(written, input, end, (part, n, lane) => {
    const { by } = part
    const { sum, rest } = states.get(part)?.count(n, eachOf(by)) ?? { sum: 0, rest: 0 }
    results[lane]?.push(resultLine(n, sum, by))
    if (isAsked(n)) answers[lane]?.push(answerLine(n, by))
    rests.get(restOf(n))?.push(restLine(rest, by))
  })
  return { results, answers, rests }
}
