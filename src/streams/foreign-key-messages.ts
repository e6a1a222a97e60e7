/**
 * What the three operators of a foreign-key join tell each other, and the foreign keys that they tell it by.
 *
 * Messages travel as plain objects, in memory: a regrouping is processed to its end before a commit.
 */
import { assert } from '../core/assert.ts'
import { MillraceError, messageOf } from '../core/errors.ts'
import { isPromise } from '../core/promises.ts'
import { Codec } from '../core/serde.ts'
import type { TupleCodec } from '../core/tuple-codec.ts'
import { refusePromise } from './answers.ts'
import type { JoinVerb } from './join-keys.ts'
import type { Joiner } from './stream-join-operator.ts'
import type { TableRows } from './table-rows.ts'

/** Says which row of the right table a row of the left one belongs to; null: to none. */
export type ForeignKeyOf = (value: unknown, key: unknown) => unknown

export interface ForeignKeyJoin {
  readonly verb: JoinVerb
  readonly foreignKey: ForeignKeyOf
  readonly joiner: Joiner
  readonly left: TableRows
  readonly right: TableRows
  readonly leftKeys: Codec<unknown>
  readonly rightKeys: Codec<unknown>
  /** Of a subscription: a foreign key, then the key of a left row that has it. */
  readonly subscriptionKeys: TupleCodec
}

/** From a row of the left table to the right row that it names: its key is the foreign key. */
export interface Request {
  readonly leftKey: unknown
  /** The left row has another foreign key now, or has gone. */
  readonly isLeaving: boolean
  /** Whether the left row has just begun to name this right row: it did not before. */
  readonly isNew: boolean
  /** Whether a joined row may be there that another foreign key has made. */
  readonly replaces: boolean
}

/** From a row of the right table to a left row that names it. */
export interface Answer {
  /** As of {@link identityOf}. */
  readonly foreignKey: string | number
  /** Null: there is no such row. */
  readonly right: unknown
  /** Of the right row, or of its delete; -1: it never was there. */
  readonly timestamp: number
  readonly replaces: boolean
}

/** Names the messages in a plan. Nothing of them is ever written. */
class MessageCodec extends Codec<unknown> {
  readonly name: string

  constructor(name: string) {
    super()
    this.name = name
  }

  write(): void {
    assert(false, `a ${this.name} is not written`)
  }

  read(): never {
    assert(false, `a ${this.name} is not read`)
  }
}

export const requests: Codec<unknown> = new MessageCodec('foreign key request')
export const answers: Codec<unknown> = new MessageCodec('foreign key answer')

/** @throws MillraceError `bad_record` for an answer that is no key, and what the function throws */
export function foreignKeyOf({ verb, foreignKey }: ForeignKeyJoin, value: unknown, key: unknown): unknown {
  const found = foreignKey(value, key)
  if (found !== undefined && !isPromise(found)) return found
  const what = `the foreignKey of ${verb}`
  refusePromise(what, found)
  throw new MillraceError('bad_record', `${what} returned undefined; expected a key of the right table, or null`)
}

/**
 * Equal for foreign keys that name the same right row.
 *
 * @throws MillraceError `encode_failed`
 */
export function identityOf({ rightKeys }: ForeignKeyJoin, foreignKey: unknown): string | number {
  try {
    return rightKeys.identity(foreignKey)
  } catch (cause) {
    const message = `cannot encode the foreign key with ${rightKeys.name}: ${messageOf(cause)}`
    throw new MillraceError('encode_failed', message, { cause })
  }
}
