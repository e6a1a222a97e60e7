/**
 * What a running instance says of itself, one small row for each version of an application, so that other processes see
 * it. Nothing depends on it: a row that is damaged, or left by an instance that is gone, is as good as none.
 */
import { isInstance } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import { asFigures, type InstanceFigures } from '../../core/figures.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import { namedKey } from '../../storage/keys.ts'
import { readJson } from './topic-row.ts'

const word = 'figures'

interface FiguresRow {
  /** Of the instance that has left them. */
  readonly epoch: number
  readonly figures: InstanceFigures
}

function keyOf(keptName: string): Buffer {
  return namedKey(keptName, word)
}

export function putFigures(transaction: WriteTransaction, keptName: string, row: FiguresRow): void {
  transaction.put('applications', keyOf(keptName), Buffer.from(JSON.stringify(row)))
}

/** The instance has closed, or what it ran is no more. */
export function forgetFigures(transaction: WriteTransaction, keptName: string): void {
  transaction.remove('applications', keyOf(keptName))
}

/** Those that the instance with this epoch has left; undefined where it has left none that can be read. */
export function figuresOf(
  environment: Pick<Environment, 'get'>,
  keptName: string,
  epoch: number,
): InstanceFigures | undefined {
  const row = decode(read(environment, keptName))
  return row?.epoch === epoch ? row.figures : undefined
}

/** Verification tells of a damaged row; it must not keep anyone from looking at the application. */
function read(environment: Pick<Environment, 'get'>, keptName: string): Buffer | undefined {
  try {
    return environment.get('applications', keyOf(keptName))
  } catch (error) {
    if (isInstance(error, MillraceError) && error.code === 'damaged') return undefined
    throw error
  }
}

function decode(value: Buffer | undefined): FiguresRow | undefined {
  const row = readJson(value) as Partial<FiguresRow> | null | undefined
  const figures = asFigures(row?.figures)
  return figures !== undefined && Number.isSafeInteger(row?.epoch) ? { epoch: row?.epoch ?? 0, figures } : undefined
}

/** Whether a row of an application is this one; what is wrong with it, for verification. */
export function figuresProblem(keptName: string, key: Buffer, value: Buffer): string | false | undefined {
  if (!key.equals(keyOf(keptName))) return false
  return decode(value) === undefined ? 'it holds no figures of an instance' : undefined
}
