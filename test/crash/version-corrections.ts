// What a switch that corrects has to append, by the lines of the two outputs alone.
import { type Appended, type Outputs } from './version-model.ts'
import { keyOf } from './versioned.ts'

export interface Correction {
  /** To the topics that stay. */
  readonly appended: Appended
  /** What was the newest in their place: it begins the topics of the version that leaves. */
  readonly overwritten: Appended
  /** How many keys have got another newest record, by topic. */
  readonly keys: Readonly<Record<'results' | 'rest-results', number>>
}

/** A line that a switch has appended. */
export const switchedLine = (line: string, number: number): string => `${line} switch ${number}`

const ownLine = (line: string): string => line.replace(/ switch \d+$/, '')

/** Makes the newest line of each key of one output that of another, which has the same keys. */
export function correctionOf(live: Outputs, coming: Outputs, number: number): Correction {
  const lanes = live.results.map((lines, lane) => differences(newestOf(lines), newestOf(coming.results[lane] ?? [])))
  const rests = differences(newestRests(live), newestRests(coming))
  return {
    appended: {
      results: lanes.map((list) => list.map(({ comes }) => switchedLine(comes, number))),
      rests: new Map(rests.map(({ key, comes }) => [key, switchedLine(comes, number)])),
    },
    overwritten: {
      results: lanes.map((list) => list.map(({ leaves }) => leaves)),
      rests: new Map(rests.map(({ key, leaves }) => [key, leaves])),
    },
    keys: { results: lanes.flat().length, 'rest-results': rests.length },
  }
}

/** One output after the other. */
export function joined(before: Outputs, after: Outputs): Outputs {
  const join = (one: Outputs['results'], other: Outputs['results']): string[][] =>
    one.map((lines, lane) => [...lines, ...(other[lane] ?? [])])
  return {
    results: join(before.results, after.results),
    appended: after.appended.map((list, lane) => {
      const { length } = before.results[lane] ?? []
      return [...(before.appended[lane] ?? []), ...list.map(([from, to]) => [from + length, to + length] as const)]
    }),
    answers: join(before.answers, after.answers),
    rests: new Map([...before.rests].map(([key, lines]) => [key, [...lines, ...(after.rests.get(key) ?? [])]])),
  }
}

type Newest = ReadonlyMap<string, string>

function newestOf(lines: readonly string[]): Newest {
  return new Map(lines.map((line) => [keyOf(Number(line.split(' ')[0])), ownLine(line)]))
}

function newestRests({ rests }: Outputs): Newest {
  return new Map([...rests].flatMap(([key, lines]) => lines.slice(-1).map((line) => [key, ownLine(line)] as const)))
}

function differences(live: Newest, coming: Newest) {
  return [...new Set([...live.keys(), ...coming.keys()])].flatMap((key) => {
    const [leaves, comes] = [live.get(key), coming.get(key)]
    if (leaves === undefined || comes === undefined)
      throw new Error(`${key} is in one of two outputs of the same input`)
    return leaves === comes ? [] : [{ key, leaves, comes }]
  })
}
