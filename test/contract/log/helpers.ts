// What several groups of promises need.
import {
  type ErrorCode,
  type Log,
  MillraceError,
  nullable,
  type RecordInput,
  string,
  topic,
  type Topic,
} from 'millrace'
import { expect, vi } from 'vitest'
import { collect } from '../../support/collect.ts'
import { rejectionOf } from '../../support/thrown.ts'
import { waitMs } from './implementation.ts'

/** Numbered texts, whose timestamps are their numbers. */
export const texts = (count: number, from: number = 0): RecordInput<string, string>[] =>
  Array.from({ length: count }, (_, i) => ({ key: `key ${from + i}`, value: String(from + i), timestamp: from + i }))

/** The numbers `from` to `to` as text. */
export const numbers = (from: number, to: number): string[] =>
  texts(to - from + 1, from).map(({ value }) => String(value))

/** Text by text, either of them null. */
export const loose: Topic<string | null, string | null> = topic('loose', {
  key: nullable(string()),
  value: nullable(string()),
})

export async function valuesOf<V>(items: AsyncIterable<{ readonly value: V }>, count?: number): Promise<V[]> {
  return (await collect(items, count)).map(({ value }) => value)
}

/** The next records of a loop, which is not left: it still has the last of them in hand. */
export async function take<R>(loop: AsyncIterator<R>, count: number): Promise<R[]> {
  const taken: R[] = []
  while (taken.length < count) {
    const next = await loop.next()
    if (next.done === true) throw new Error(`the loop was over after ${taken.length} of ${count} records`)
    taken.push(next.value)
  }
  return taken
}

/** What an attempt fails with, at once or later. */
export const refusal = (attempt: () => unknown): Promise<MillraceError> => rejectionOf((async () => attempt())())

/** Every one of these is refused with this code. */
export async function expectRefused(code: ErrorCode, attempts: readonly (() => unknown)[]): Promise<void> {
  for (const attempt of attempts) expect(await refusal(attempt)).toMatchObject({ code })
}

/** Waits until an assertion holds: a cluster takes its time. */
export const eventually = (holds: () => void | Promise<void>): Promise<void> =>
  vi.waitFor(holds, { timeout: waitMs(), interval: 5 })

/** The positions of a group, as `topic partition`; none where the group is not known. */
export async function committed(log: Log, group: string): Promise<Record<string, number>> {
  try {
    const positions = await log.admin.lag(group)
    return Object.fromEntries(positions.map(({ topic: name, partition, offset }) => [`${name} ${partition}`, offset]))
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'group_unknown') return {}
    throw error
  }
}

/** All that is committed of a group, over its partitions. */
export const committedSum = async (log: Log, group: string): Promise<number> =>
  Object.values(await committed(log, group)).reduce((sum, offset) => sum + offset, 0)
