/**
 * How many records an application has written to its topics beside those that its versions count: records that a switch
 * appended, and those of versions that were deleted or started over. So a topic with records of others can be told.
 */
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { namedKey } from '../../storage/keys.ts'
import { readJson } from './topic-row.ts'
import { applicationOf } from './version-name.ts'

/** By the id of the topic. */
export type WrittenCounts = Readonly<Record<string, number>>

const word = 'written'

function keyOf(keptName: string): Buffer {
  return namedKey(applicationOf(keptName), word)
}

/** Of all versions of an application. */
export function writtenCounts(environment: Environment, keptName: string): WrittenCounts {
  const stored = environment.get('applications', keyOf(keptName))
  return decode(stored) ?? {}
}

export function addWritten(
  environment: Environment,
  transaction: WriteTransaction,
  keptName: string,
  more: readonly (readonly [topicId: number, records: number])[],
): void {
  if (more.length === 0) return
  const counts = { ...writtenCounts(environment, keptName) }
  for (const [topicId, records] of more) counts[topicId] = (counts[topicId] ?? 0) + records
  transaction.put('applications', keyOf(keptName), Buffer.from(JSON.stringify(counts)))
}

/** The application is deleted. */
export function forgetWritten(transaction: WriteTransaction, applicationId: string): void {
  transaction.remove('applications', keyOf(applicationId))
}

/** Whether a row of an application is this one; what is wrong with it, for verification. */
export function writtenProblem(applicationId: string, key: Buffer, value: Buffer): string | false | undefined {
  if (!key.equals(keyOf(applicationId))) return false
  return decode(value) === undefined ? 'it does not count records' : undefined
}

function decode(value: Buffer | undefined): WrittenCounts | undefined {
  const counts = readJson(value)
  if (typeof counts !== 'object' || counts === null) return undefined
  return Object.values(counts).every((count) => Number.isSafeInteger(count)) ? (counts as WrittenCounts) : undefined
}
