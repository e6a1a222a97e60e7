/**
 * Removing a version that stands beside the live one, with everything that it has made.
 *
 * In one small transaction it is gone; what its stores and topics held is removed after that in steps, by this call or,
 * after a crash, by any log that is open.
 */
import { yieldToEventLoop } from '../../core/clock.ts'
import type { Environment } from '../../storage/environment.ts'
import type { Applications } from './applications.ts'
import { sweepDeletedStores } from './deleted-stores.ts'
import { sweepDeletedTopics } from './deleted-topics.ts'
import type { Positions } from './positions.ts'
import type { Topics } from './topics.ts'
import { besideName, isTopicOf, type VersionId } from './version-name.ts'

/** What a removal needs of its log. */
export interface VersionsGround {
  readonly environment: Environment
  readonly applications: Applications
  readonly positions: Positions
  readonly topics: Topics
}

/** An instance that runs stops with `application_deleted`. Where there is no such version, nothing happens. */
export async function removeVersion(ground: VersionsGround, id: VersionId): Promise<void> {
  const { environment, applications, positions, topics } = ground
  const name = besideName(id)
  await environment.inTurn(() =>
    environment.write((transaction) => {
      applications.remove(transaction, name)
      positions.removeAll(transaction, name)
      for (const topic of topics.list()) if (isTopicOf(topic.name, id)) topics.deleteIn(transaction, topic.name)
    }),
  )
  await sweepDeleted(environment)
}

/** Removes what was deleted, letting others commit between two steps. */
export async function sweepDeleted(environment: Environment): Promise<void> {
  for (const steps of [sweepDeletedStores(environment), sweepDeletedTopics(environment)]) {
    while ((await environment.inTurn(() => steps.next())).done !== true) await yieldToEventLoop()
  }
}
