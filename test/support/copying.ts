// The work that test/log/transaction-kill.test.ts interrupts: consume, transform, produce, each step in one transaction.
import { int64, json, string } from '../../src/core/serdes.ts'
import { topic, type Topic } from '../../src/core/topic.ts'

/** What the input record of a number becomes. */
export interface Copy {
  readonly of: number
  readonly filler: string
}

export const inputs: Topic<string, number> = topic('inputs', { key: string(), value: int64() })
export const copies: Topic<string, Copy> = topic('copies', { key: string(), value: json<Copy>(), partitions: 3 })
/** Gets a record for every input too, so that a transaction always has several topics. */
export const audit: Topic<string, number> = topic('audit', { key: string(), value: int64(), partitions: 2 })

export const group = 'copier'
export const transactionalId = 'copier-1'

/** Some copies are larger than a page. */
export function copyOf(of: number): Copy {
  return { of, filler: 'x'.repeat((of * 131) % 7_000) }
}
