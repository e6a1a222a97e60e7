/**
 * How a caller says which topic, or which group, is meant.
 */
import { MillraceError } from '../../core/errors.ts'
import { checkList, checkName, readField } from '../../core/checks.ts'
import { shown } from '../../core/shown.ts'
import { checkKeptName } from './version-name.ts'

/** A topic by its typed constant, or by its name; a name never creates. */
export type TopicName = string | { readonly name: string }

/** @throws MillraceError `bad_option` for what has no name, and for the constant of a store */
export function nameOf(topic: TopicName): string {
  if (typeof topic === 'string') return topic
  const name = typeof topic === 'object' && topic !== null ? nameIn(topic) : undefined
  if (name !== undefined) return name
  throw new MillraceError('bad_option', `a topic is given by its constant or by its name, not by ${shown(topic)}`)
}

/** Undefined for what has no name, and for the constant of a store. */
function nameIn(constant: object): string | undefined {
  const kind = readField('the constant of a topic', constant, 'kind')
  const name = readField('the constant of a topic', constant, 'name')
  return typeof name === 'string' && (kind === undefined || kind === 'topic') ? name : undefined
}

/** @throws MillraceError `bad_option` for what is no list of topics */
export function namesOf(what: string, topics: readonly TopicName[]): string[] {
  return checkList(what, topics).map(nameOf)
}

/** @throws MillraceError `bad_option` */
export function checkGroup(group: string): string {
  return checkName('the name of a group', group)
}

/**
 * Who has positions: a group, an application, or what a version beside the live one is kept under.
 *
 * @throws MillraceError `bad_option`
 */
export function checkReader(name: string): string {
  return checkKeptName('the name of a group', name)
}
