/**
 * Deleting an application. In one small transaction it becomes unknown, and everything that its name blocked is free;
 * what its stores and topics hold is removed after that in steps, by this call or, after a crash, by any log that is
 * open.
 */
import { checkBoolean, checkOptions } from '../../core/checks.ts'
import { forgetRedriven } from '../kept/redriven-letters.ts'
import { forgetSwitches } from '../kept/switch-rows.ts'
import { forgetWritten } from '../kept/written-counts.ts'
import type { TopicName } from '../kept/topic-name.ts'
import { isRedriveTopic } from '../kept/version-name.ts'
import { sweepDeleted } from '../kept/version-removal.ts'
import { inSteps, type StoreDescription } from './application-description.ts'
import { type ApplicationsLog, checkNotRunning, type KeptVersion, versionsOf } from './application-log.ts'
import { type ApplicationOutput, checkOutputs, outputsOf } from './application-outputs.ts'

/** What `log.admin.deleteApplication` takes. */
export interface DeleteApplicationOptions {
  /**
   * Which of the topics that it has written are deleted too: none, all except its dead letters, or these, which may
   * name its dead letters. Default `keep`.
   */
  readonly outputs?: 'keep' | 'delete' | readonly TopicName[] | undefined
  /** Whether to say what would be done, and do nothing. Default false. */
  readonly dryRun?: boolean | undefined
}

/** What `log.admin.deleteApplication` has done, or would do. */
export interface ApplicationDeletion {
  /** The application. */
  readonly applicationId: string
  /** All of its versions: they go. */
  readonly versions: readonly string[]
  /** The stores of all versions: they go with their rows. */
  readonly stores: readonly Pick<StoreDescription, 'name' | 'rows' | 'bytes'>[]
  /** How many positions go. */
  readonly positions: number
  /** The topics that it has written, and which of them go. */
  readonly outputs: readonly ApplicationOutput[]
}

export async function deleteApplication(
  log: ApplicationsLog,
  applicationId: string,
  options: DeleteApplicationOptions = {},
): Promise<ApplicationDeletion> {
  const { outputs = 'keep', dryRun = false } = checkOptions('deleteApplication', options, ['outputs', 'dryRun'])
  const wanted = checkOutputs(outputs, 'delete')
  checkBoolean('dryRun', dryRun)
  log.refresh()
  const stores = await sizesOfStores(log, versionsOf(log, applicationId))
  const plan = (): ApplicationDeletion => {
    const versions = versionsOf(log, applicationId)
    for (const version of versions) checkNotRunning(log, version)
    return {
      applicationId,
      versions: versions.map(({ row }) => row.version),
      stores,
      positions: versions.reduce((total, { name }) => total + log.positions.list(name).length, 0),
      outputs: outputsOf(log, applicationId, versions, wanted),
    }
  }
  if (dryRun) {
    log.refresh()
    return plan()
  }
  const deletion = await log.environment.inTurn(() =>
    log.environment.write((transaction) => {
      const planned = plan()
      for (const { name } of versionsOf(log, applicationId)) {
        log.applications.remove(transaction, name)
        log.positions.removeAll(transaction, name)
      }
      forgetRedriven(log.environment, transaction, applicationId)
      forgetSwitches(log.environment, transaction, applicationId)
      forgetWritten(transaction, applicationId)
      const hidden = log.topics.list().filter(({ name }) => isRedriveTopic(name, applicationId))
      for (const { name } of hidden) log.topics.deleteIn(transaction, name)
      for (const { topic, isTaken } of planned.outputs) if (isTaken) log.topics.deleteIn(transaction, topic)
      return planned
    }),
  )
  await sweepDeleted(log.environment)
  return deletion
}

/** Whatever is stored, whether the plan still names it or not. */
export async function sizesOfStores(
  log: ApplicationsLog,
  versions: readonly KeptVersion[],
): Promise<ApplicationDeletion['stores']> {
  const sizes: ApplicationDeletion['stores'][number][] = []
  for (const { name: kept } of versions) {
    for (const name of log.applications.storeNames(kept)) {
      const id = log.applications.idOf(kept, name)
      if (id !== undefined) sizes.push({ name, ...(await inSteps(log.state.size(id))) })
    }
  }
  return sizes
}
