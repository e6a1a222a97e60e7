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
  /** What a switch has appended before that. */
  readonly appended?: Appended | undefined
}

/** Lines that a switch appends; in which order says nothing. */
export interface Appended {
  readonly results: readonly (readonly string[])[]
  /** By key. */
  readonly rests: ReadonlyMap<string, string>
}

export type Course = readonly Part[]

/** From the beginning on. */
export function courseOf(version: string, lanes: number): Course {
  return [{ by: version, from: Array.from({ length: lanes }, () => 0) }]
}

/** Goes on at a place as another version, after what a switch has appended. */
export function continued(course: Course, at: Place, by: string, appended?: Appended): Course {
  return [...course, { by, from: at, appended }]
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
  /** Where lines of `results` lie that a switch has appended, by partition: from, and to before. */
  readonly appended: readonly (readonly (readonly [from: number, to: number])[])[]
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

/** Calls back with every record of a part, up to a place. */
function walk(part: Part, to: Place, input: Input, visit: (n: number, lane: number) => void): void {
  for (const [lane, numbers] of input.entries()) {
    for (const n of numbers.slice(part.from[lane], to[lane])) visit(n, lane)
  }
}

/** Where a part ends, when the course has come to a place. */
function endOf(course: Course, index: number, end: Place): Place {
  const next = course[index + 1]?.from ?? end
  return end.map((offset, lane) => Math.min(offset, next[lane] ?? 0))
}

function counted(course: Course, input: Input, end: Place): Counting {
  const counting = new Counting()
  for (const [index, part] of course.entries()) {
    walk(part, endOf(course, index, end), input, (n) => void counting.count(n, eachOf(part.by)))
  }
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
  const appended: [number, number][][] = input.map(() => [])
  const answers: string[][] = input.map(() => [])
  const rests = new Map(Array.from({ length: restCount }, (_, rest): [string, string[]] => [restOf(rest), []]))
  const [first] = written
  for (const [lane, numbers] of input.entries()) {
    const again = numbers.slice(first?.answersFrom?.[lane] ?? first?.from[lane], first?.from[lane])
    answers[lane]?.push(...again.filter(isAsked).map((n) => answerLine(n, first?.by ?? '')))
  }
  for (const [index, part] of written.entries()) {
    const { by } = part
    for (const [lane, lines] of part.appended?.results.entries() ?? []) {
      const { length } = results[lane] ?? []
      appended[lane]?.push([length, length + lines.length])
      results[lane]?.push(...lines)
    }
    for (const [key, line] of part.appended?.rests ?? []) rests.get(key)?.push(line)
    const state = counted(counts(by), input, part.from)
    walk(part, endOf(written, index, end), input, (n, lane) => {
      const { sum, rest } = state.count(n, eachOf(by))
      results[lane]?.push(resultLine(n, sum, by))
      if (isAsked(n)) answers[lane]?.push(answerLine(n, by))
      rests.get(restOf(n))?.push(restLine(rest, by))
    })
  }
  return { results, appended, answers, rests }
}
