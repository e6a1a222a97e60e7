/**
 * The switches of an application, one row for each, written in the transaction that makes it.
 */
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { afterPrefix, namedKey } from '../../storage/keys.ts'
import { damaged } from '../../storage/read-failure.ts'
import type { ApplicationSwitch } from './application-switch.ts'
import { readJson } from './topic-row.ts'

const word = 'switch'
const pageRows = 512

function prefixOf(applicationId: string): Buffer {
  return namedKey(applicationId, namedKey(word, ''))
}

function keyOf(applicationId: string, switchNumber: number): Buffer {
  const end = Buffer.allocUnsafe(4)
  end.writeUInt32BE(switchNumber)
  return Buffer.concat([prefixOf(applicationId), end])
}

export function putSwitch(transaction: WriteTransaction, applicationId: string, made: ApplicationSwitch): void {
  transaction.put('applications', keyOf(applicationId, made.number), Buffer.from(JSON.stringify(made)))
}

/** In their order. */
export function switchesOf(environment: Environment, applicationId: string): ApplicationSwitch[] {
  return rowsOf(environment, applicationId).map(({ value }) => {
    const made = decodeSwitch(value)
    if (made !== undefined) return made
    throw damaged(environment.dir, `a row of application "${applicationId}" does not describe a switch`)
  })
}

/** The application is deleted. */
export function forgetSwitches(environment: Environment, transaction: WriteTransaction, applicationId: string): void {
  for (const { key } of rowsOf(environment, applicationId)) transaction.remove('applications', key)
}

function rowsOf(environment: Environment, applicationId: string) {
  const prefix = prefixOf(applicationId)
  return [...environment.pages('applications', prefix, afterPrefix(prefix), pageRows)].flat()
}

function decodeSwitch(value: Buffer): ApplicationSwitch | undefined {
  const made = readJson(value) as Partial<ApplicationSwitch> | null | undefined
  const { number, atMs, from, to, outputs, corrections, positions } = made ?? {}
  const isSwitch =
    number !== undefined &&
    Number.isSafeInteger(number) &&
    atMs !== undefined &&
    Number.isSafeInteger(atMs) &&
    typeof from === 'string' &&
    typeof to === 'string' &&
    typeof outputs === 'string' &&
    (corrections === undefined || Array.isArray(corrections)) &&
    Array.isArray(positions)
  return isSwitch ? { number, atMs, from, to, outputs, corrections, positions } : undefined
}

/** The numbers of those that there are rows of. */
export function switchNumbers(environment: Environment, applicationId: string): number[] {
  return rowsOf(environment, applicationId).map(({ key }) => key.readUInt32BE(key.length - 4))
}

/** Whether a row of an application is one of these; what is wrong with it, for verification. */
export function switchProblem(applicationId: string, key: Buffer, value: Buffer): string | false | undefined {
  const prefix = prefixOf(applicationId)
  if (!key.subarray(0, prefix.length).equals(prefix)) return false
  const made = decodeSwitch(value)
  const isRow = made !== undefined && key.equals(keyOf(applicationId, made.number))
  return isRow ? undefined : 'it describes no switch'
}
