// The work that test/log/kill.test.ts interrupts: numbered rounds, whose records tell which round they belong to.
import { json, string } from '../../src/core/serdes.ts'
import { topic, type Topic } from '../../src/core/topic.ts'

/** One of the records that a round sends. */
export interface Part {
  readonly round: number
  readonly index: number
  /** How many records the round sends, over both topics. */
  readonly count: number
  readonly filler: string
}

export const left: Topic<string, Part> = topic('left', { key: string(), value: json<Part>(), partitions: 3 })
export const right: Topic<string, Part> = topic('right', { key: string(), value: json<Part>(), partitions: 2 })

/** Gets the number of each round, in both partitions, in a commit of an application. */
export const outputs: Topic<string, number> = topic('outputs', { key: string(), value: json<number>(), partitions: 2 })

export const applicationId = 'rounds'
export const storeName = 'newest-round'
export const rowKey: Buffer = Buffer.from('newest')

/** What a round sends: a few records, some of them larger than a page. */
export function partsOf(round: number): Part[] {
  const count = 2 + ((round * 7) % 9)
  return Array.from({ length: count }, (_, index) => ({
    round,
    index,
    count,
    filler: String.fromCharCode(97 + (index % 26)).repeat((round * 131 + index * 977) % 20_000),
  }))
}

/** Numbers between 0 and 1, the same ones for the same seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
