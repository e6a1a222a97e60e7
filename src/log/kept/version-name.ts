/**
 * Under which names the log keeps the versions of an application, and the topics that one beside the live one writes.
 *
 * The live version is kept under the application id, one beside it under `<id>@<version>`, and what that one writes is
 * in hidden topics, `<topic>@<id>@<version>`. No name of a user holds an `@`, so nothing collides, and only this file
 * puts one into a name.
 */
import { checkName } from '../../core/checks.ts'

const mark = '@'

/** Of an application that was never told one. */
export const firstVersion = 'v1'

/** A version of an application. */
export interface VersionId {
  readonly applicationId: string
  readonly version: string
}

/** What everything of a version beside the live one is kept under. */
export function besideName({ applicationId, version }: VersionId): string {
  return `${applicationId}${mark}${version}`
}

/** From <= name < to holds for what all versions of an application are kept under, and for few other names. */
export function keptNamesOf(applicationId: string): readonly [from: Buffer, to: Buffer] {
  return [Buffer.from(applicationId), Buffer.concat([Buffer.from(`${applicationId}${mark}`), Buffer.of(255)])]
}

/** The application that something is kept for, live or beside. */
export function applicationOf(keptName: string): string {
  const at = keptName.indexOf(mark)
  return at < 0 ? keptName : keptName.slice(0, at)
}

/** The topic that a version beside the live one writes instead of another. */
export function besideTopic(topic: string, { applicationId, version }: VersionId): string {
  return `${topic}${mark}${applicationId}${mark}${version}`
}

/** Whether a version beside the live one writes the topic. */
export function isTopicOf(topic: string, version: VersionId): boolean {
  return topicBeside(topic, version) !== undefined
}

/**
 * The topic into which dead letters of an application go again, beside the topic that their records came from. All
 * versions of the application read it.
 */
export function redriveTopic(topic: string, keptName: string): string {
  return `${topic}${mark}${mark}${applicationOf(keptName)}`
}

/** The topic whose records these are: it, or where they were before they were sent again. */
export function redrivenTopic(name: string): string {
  const at = name.indexOf(`${mark}${mark}`)
  return at < 0 ? name : name.slice(0, at)
}

/** Whether letters of the application are sent into it again. */
export function isRedriveTopic(name: string, applicationId: string): boolean {
  return name.endsWith(`${mark}${mark}${applicationId}`)
}

/** Which topic's place a hidden topic of this version would take; undefined when it is none of its topics. */
export function topicBeside(hidden: string, version: VersionId): string | undefined {
  const suffix = besideTopic('', version)
  return hidden.endsWith(suffix) ? hidden.slice(0, -suffix.length) : undefined
}

/** Whether it is a topic of a version: left out of lists and patterns, and created by the engine only. */
export function isHiddenTopic(name: string): boolean {
  return name.includes(mark)
}

/** `<id>@<version>`, `<topic>@<id>@<version>` or `<topic>@@<id>`. */
const besideShape = /^[\w.-]{1,249}(?:@[\w.-]{1,249}){1,2}$|^[\w.-]{1,249}@@[\w.-]{1,249}$/

/**
 * A name that a user gave, or one that this file made of such names.
 *
 * @throws MillraceError `bad_option`
 */
export function checkKeptName(what: string, name: string): string {
  return typeof name === 'string' && besideShape.test(name) ? name : checkName(what, name)
}
