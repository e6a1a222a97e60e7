// A long input of which one record in a hundred throws, and what becomes of it.
import {
  int64,
  json,
  type KeyValueStore,
  keyValueStore,
  string,
  StreamsBuilder,
  topic,
  type Topic,
  type Topology,
} from '../../src/index.ts'

export const recordCount = 100_000

export const numbers: Topic<string, number> = topic('numbers', { key: string(), value: int64(), partitions: 2 })
export const doubled: Topic<string, number> = topic('doubled', { key: string(), value: int64(), partitions: 2 })
export const sums: KeyValueStore<string, number> = keyValueStore('sums', { key: string(), value: json<number>() })

/** Whether a number throws; `from` is where that begins. */
export function isPoison(number: number, from: number = 0): boolean {
  return number >= from && number % 100 === 37
}

/** Sums the numbers by key before `look` may throw over one, and doubles them behind. */
export function doubling(look: (number: number) => void): Topology {
  const builder = new StreamsBuilder()
  const all = builder.stream(numbers)
  all.groupByKey().reduce((sum, number) => sum + number, { store: sums })
  all.mapValues(({ value }) => (look(value), value * 2), { name: 'double' }).to(doubled)
  return builder.build()
}

export function throwIfPoison(number: number): void {
  if (isPoison(number)) throw new Error(`${number} is poison`)
}
