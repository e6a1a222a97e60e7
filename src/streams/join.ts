/**
 * join, leftJoin and outerJoin: which kind of join a call asks for. Each kind has a file of its own.
 */
import { MillraceError } from '../core/errors.ts'
import { checkedFunction, checkOptions } from '../core/checks.ts'
import { joinByForeignKey, type ForeignKeyJoinOptions } from './foreign-key-join.ts'
import { type GlobalJoiner, joinWithGlobalTable } from './global-join.ts'
import type { JoinVerb } from './join-keys.ts'
import type { JoinedSide, StreamParts, TableParts } from './parts.ts'
import { joinOfStreams } from './stream-join.ts'
import { joinWithTable } from './stream-table-join.ts'
import { joinOfTables } from './table-join.ts'
import type { Joiner } from './stream-join-operator.ts'

/** A joiner as the faces take it, whatever the types of its sides. */
export type GivenJoiner<R> = (left: never, right: never, key: never, tableKey: never) => R

/**
 * A stream joined with whatever is given.
 *
 * @throws MillraceError `bad_option`, `topology_invalid`
 */
export function joinOfStream(
  verb: JoinVerb,
  left: StreamParts,
  given: unknown,
  joiner: GivenJoiner<unknown>,
  options: object,
): StreamParts {
  const right = left.faces.sideOf(given)
  if (right === undefined) {
    throw new MillraceError('bad_option', `${verb} takes another stream, a table or a global table`)
  }
  checkSide(verb, left, right, joiner)
  switch (right.kind) {
    case 'stream':
      return joinOfStreams(verb, left, right.parts, joiner as Joiner, options)
    case 'table':
      return joinWithTable(verb, left, right.parts, joiner as Joiner, options)
    case 'global table':
      return joinWithGlobalTable(verb, left, right.parts, joiner as GlobalJoiner, options)
  }
}

/**
 * A table joined with whatever is given.
 *
 * @throws MillraceError `bad_option`, `topology_invalid`
 */
export function joinOfTable(
  verb: JoinVerb,
  left: TableParts,
  given: unknown,
  joiner: GivenJoiner<unknown>,
  options: object,
): TableParts {
  const right = left.faces.sideOf(given)
  if (right?.kind !== 'table') {
    const advice = right === undefined ? '' : `: join the stream with the table, or make a table of it with toTable()`
    throw new MillraceError('bad_option', `${verb} of a table takes another table${advice}`)
  }
  checkSide(verb, left, right, joiner)
  const known = ['store', 'name']
  // A right row alone has no left key, so an outer join has no foreign key.
  const checked = checkOptions(verb, options, verb === 'outerJoin' ? known : ['foreignKey', ...known])
  return 'foreignKey' in checked
    ? joinByForeignKey(verb, left, right.parts, joiner as Joiner, checked as ForeignKeyJoinOptions)
    : joinOfTables(verb, left, right.parts, joiner as Joiner, checked)
}

function checkSide(
  verb: JoinVerb,
  left: Pick<StreamParts, 'plan'>,
  right: JoinedSide,
  joiner: GivenJoiner<unknown>,
): void {
  if (right.parts.plan !== left.plan) {
    throw new MillraceError(
      'topology_invalid',
      `${verb} takes a ${right.kind} of the same builder, not of another builder`,
    )
  }
  checkedFunction(`the joiner of ${verb}`, joiner)
}
