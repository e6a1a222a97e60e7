/**
 * Removing a version that stands beside the live one, with everything that it has made.
 *
 * In one small transaction it is gone; what its stores and topics held is removed after that in steps, by this call or,
 * after a crash, by any log that is open.
 */
import { MillraceError } from '../../core/errors.ts'
import type { Environment, WriteTransaction } from '../../storage/environment.ts'
import type { Applications } from './applications.ts'
import { sweepDeletedStores } from './deleted-stores.ts'
import { sweepDeletedTopics } from './deleted-topics.ts'
import type { Positions } from './positions.ts'
import { stepsInTurn } from './steps-in-turn.ts'
import type { TopicDescription, Topics } from './topics.ts'
import { besideName, isTopicOf, type VersionId } from './version-name.ts'

/** What a removal needs of its log. */
export interface VersionsGround {
  readonly environment: Environment
  readonly applications: Applications
  readonly positions: Positions
  readonly topics: Topics
}

/**
 * An instance that runs stops with `application_deleted`. Where there is no such version, nothing happens.
 *
 * @throws MillraceError `version_live`
 */
export async function removeVersion(ground: VersionsGround, id: VersionId): Promise<void> {
  const { environment } = ground
  await environment.inTurn(() => environment.write((transaction) => removeVersionIn(ground, transaction, id)))
  await sweepDeleted(environment)
}

/** What it held is still to be swept. */
export function removeVersionIn(ground: VersionsGround, transaction: WriteTransaction, id: VersionId): void {
  const { applications, positions, topics } = ground
  if (applications.find(id.applicationId)?.version === id.version) throw versionLive(id)
  const name = besideName(id)
  applications.remove(transaction, name)
  positions.removeAll(transaction, name)
  for (const topic of topicsOf(topics, id)) topics.deleteIn(transaction, topic.name)
}

/** The topics that a version beside the live one has for itself. */
export function topicsOf(topics: Topics, id: VersionId): TopicDescription[] {
  return topics.list().filter(({ name }) => isTopicOf(name, id))
}

export function versionLive({ applicationId, version }: VersionId): MillraceError {
  return new MillraceError(
    'version_live',
    `version "${version}" of "${applicationId}" is the live one: make another version live first, with a switch or ` +
      'switchBack(), or delete the application',
  )
}

/** Removes what was deleted, letting others commit between two steps. */
export async function sweepDeleted(environment: Environment): Promise<void> {
  await stepsInTurn(environment, sweepDeletedStores(environment))
  await stepsInTurn(environment, sweepDeletedTopics(environment))
}
