// The work of the producers that get killed: numbered rounds, each one flush over the partitions of two topics, whose records tell
// which round they belong to. And what must hold of them at any moment.
import { json, string } from '../../src/core/serdes.ts'
import { topic, type Topic } from '../../src/core/topic.ts'
import { checkOffsets } from './checks.ts'
import type { Partitions } from './contents.ts'

/** One of the records that a round sends. */
export interface Part {
  readonly producer: string
  readonly round: number
  readonly index: number
  readonly filler: string
}

const serdes = { key: string(), value: json<Part>() }
export const left: Topic<string, Part> = topic('left', { ...serdes, partitions: 3 })
export const right: Topic<string, Part> = topic('right', { ...serdes, partitions: 2 })
export const roundTopics: readonly Topic<string, Part>[] = [left, right]

/** What a round sends: a few records, one of them larger than a page now and then. */
export function partsOf(producer: string, round: number): Part[] {
  const count = 1 + ((round * 7) % 9)
  return Array.from({ length: count }, (_, index) => ({
    producer,
    round,
    index,
    filler: String.fromCharCode(97 + (index % 26)).repeat((index + round) % 40 === 0 ? 20_000 : (index * 97) % 400),
  }))
}

export const keyOf = ({ producer, round, index }: Part): string => `${producer} ${round} ${index}`

/** Where the parts of a round are, in their order: what a producer says of it. */
export type Places = readonly string[]

export const placeOf = (topicName: string, partition: number, offset: number): string =>
  `${topicName}/${partition}/${offset}`

/** What producers were told is durable: by producer, the places of each round. */
export type Acked = ReadonlyMap<string, ReadonlyMap<number, Places>>

interface FoundPart {
  readonly part: Part
  readonly place: string
}

/** Rounds by producer, and the parts of each. */
type FoundRounds = Map<string, Map<number, FoundPart[]>>

export interface RoundsVerdict {
  readonly violations: readonly string[]
  /** The first round of each producer that is not there. */
  readonly next: ReadonlyMap<string, number>
}

/** Every acknowledged round is there (A1), dense (A2), once (A8), as a whole (A7) and behind those before it. */
export function checkRounds(topics: ReadonlyMap<string, Partitions>, acked: Acked): RoundsVerdict {
  const violations: string[] = []
  const report = (violation: string): number => violations.push(violation)
  checkOffsets(topics, report)
  const found = findRounds(topics, report)
  for (const [producer, rounds] of found) checkWhole(producer, rounds, acked.get(producer), report)
  for (const [producer, rounds] of acked) {
    for (const round of rounds.keys()) {
      if (found.get(producer)?.has(round) !== true) report(`A1 round ${round} of ${producer} was acknowledged`)
    }
  }
  return { violations, next: new Map([...found].map(([producer, rounds]) => [producer, rounds.size])) }
}

type Report = (violation: string) => void

function findRounds(topics: ReadonlyMap<string, Partitions>, report: Report): FoundRounds {
  const found: FoundRounds = new Map()
  for (const { name, value } of roundTopics) {
    for (const [partition, records] of (topics.get(name) ?? []).entries()) {
      const newest = new Map<string, Part>()
      for (const { offset, value: bytes } of records) {
        const part = value.decode(bytes ?? new Uint8Array())
        const place = placeOf(name, partition, offset)
        const before = newest.get(part.producer)
        if (before !== undefined && !isBehind(part, before)) {
          report(`A8 ${place}: ${keyOf(part)} stands behind ${keyOf(before)}`)
        }
        newest.set(part.producer, part)
        const rounds = found.get(part.producer) ?? new Map<number, FoundPart[]>()
        found.set(part.producer, rounds.set(part.round, [...(rounds.get(part.round) ?? []), { part, place }]))
      }
    }
  }
  return found
}

function isBehind(part: Part, before: Part): boolean {
  return part.round > before.round || (part.round === before.round && part.index > before.index)
}

function checkWhole(
  producer: string,
  rounds: ReadonlyMap<number, FoundPart[]>,
  acked: ReadonlyMap<number, Places> | undefined,
  report: Report,
): void {
  for (let round = 0; round < rounds.size; round++) {
    if (!rounds.has(round)) report(`A1 round ${round} of ${producer} is missing, later ones are there`)
  }
  for (const [round, parts] of rounds) {
    const inOrder = parts.toSorted((a, b) => a.part.index - b.part.index)
    const due = partsOf(producer, round)
    if (JSON.stringify(inOrder.map(({ part }) => part)) !== JSON.stringify(due)) {
      const indexes = inOrder.map(({ part }) => part.index).join()
      report(`A7 round ${round} of ${producer} has the parts ${indexes}, or others than its own, of ${due.length}`)
    }
    const places = inOrder.map(({ place }) => place).join(' ')
    const told = acked?.get(round)?.join(' ') ?? places
    if (told !== places) report(`A1 round ${round} of ${producer} was acknowledged at ${told} and is at ${places}`)
  }
}
