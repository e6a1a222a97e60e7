/**
 * What the caller of a start says about operators of the stored plan, checked.
 */
import { checkedEntries, checkList } from '../core/checks.ts'
import { MillraceError } from '../core/errors.ts'
import { shown } from '../core/shown.ts'
import type { ChangeWishes } from '../plan/comparison.ts'

/** @throws MillraceError `bad_option` */
export function checkWishes(drop: readonly string[] = [], rename: Readonly<Record<string, string>> = {}): ChangeWishes {
  const dropped = checkList('drop', drop).map((id) => checkId('an id in drop', id))
  const names = checkedEntries('rename', rename).map(([old, name]) => {
    return [checkId('an old name in rename', old), checkId(`the new name of "${old}" in rename`, name)] as const
  })
  const renamed = new Map(names)
  for (const [old, name] of renamed) {
    if (dropped.includes(old)) throw wrong(`"${old}" is in drop and in rename; it can have one of them`)
    const other = [...renamed.keys()].find((key) => key !== old && renamed.get(key) === name)
    if (other !== undefined) throw wrong(`rename gives "${other}" and "${old}" one name, "${name}"`)
    if (isCircle(old, renamed)) {
      throw wrong(
        `rename gives "${old}" a name that comes back to "${old}": every start would do it again. Use a name that is new`,
      )
    }
  }
  return { drop: dropped, rename: renamed }
}

function isCircle(old: string, renamed: ReadonlyMap<string, string>): boolean {
  let name = renamed.get(old)
  for (let steps = 0; name !== undefined && name !== old && steps < renamed.size; steps++) name = renamed.get(name)
  return name === old
}

function checkId(what: string, id: unknown): string {
  if (typeof id === 'string' && id !== '') return id
  throw wrong(`${what} is ${shown(id)}; expected the id of an operator, as topology.describe() shows it`)
}

function wrong(message: string): MillraceError {
  return new MillraceError('bad_option', message)
}
