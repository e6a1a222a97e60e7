/**
 * Other applications that start over in the transaction of a switch, because they read topics that it replaces: which
 * ones, which of the topics that they have written are emptied, and what stands in the way.
 */
import { checkList, checkName, checkOptions } from '../../core/checks.ts'
import { MillraceError } from '../../core/errors.ts'
import type { WriteTransaction } from '../../storage/environment.ts'
import { type PartitionId, partitionsOf } from '../format/partition-id.ts'
import { topicBeside } from '../kept/version-name.ts'
import { type ApplicationsLog, type KeptVersion, liveVersionOf } from './application-log.ts'
import { type ApplicationOutput, checkOutputs, outputsOf, type WantedOutputs } from './application-outputs.ts'
import { type ResettableLog, startOverIn } from './application-reset.ts'
import type { SwitchOptions, SwitchPlan, SwitchReset } from './switch-face.ts'

/** An application that is asked to start over, checked. */
export interface WantedReset {
  readonly applicationId: string
  /** What becomes of the topics that it has written. */
  readonly outputs: WantedOutputs
}

/** An application that starts over. */
export interface PlannedReset {
  readonly applicationId: string
  /** The topics that are emptied. */
  readonly emptied: readonly ApplicationOutput[]
}

/** @throws MillraceError `bad_option` */
export function checkResets(reset: NonNullable<SwitchOptions['reset']>, switching: string): readonly WantedReset[] {
  return checkList('reset', reset).map((one) => {
    const given: SwitchReset = typeof one === 'string' ? { applicationId: one } : one
    const { outputs = 'keep', ...named } = checkOptions('reset', given, ['applicationId', 'outputs'])
    const applicationId = checkName('an application id', named.applicationId)
    const wanted = { applicationId, outputs: checkOutputs(outputs, 'empty') }
    if (applicationId !== switching) return wanted
    throw new MillraceError(
      'bad_option',
      `reset names "${switching}", which is the application that switches: it names others, which read its topics`,
    )
  })
}

/** @throws MillraceError `application_unknown`, `version_unknown`, `bad_option` */
export function plannedResets(log: ApplicationsLog, resets: readonly WantedReset[]): readonly PlannedReset[] {
  return resets.map(({ applicationId, outputs }) => {
    const written = outputsOf(log, applicationId, [liveVersionOf(log, applicationId)], outputs)
    return { applicationId, emptied: written.filter(({ isTaken }) => isTaken) }
  })
}

/** Who reads the topics that are emptied. */
export function readersOfEmptied(resets: readonly PlannedReset[]): SwitchPlan['readers'] {
  return resets.flatMap(({ emptied }) =>
    emptied.flatMap(({ topic, readBy }) => readBy.map((applicationId) => ({ topic, applicationId }))),
  )
}

export function resetObstacles(
  log: ApplicationsLog,
  resets: readonly PlannedReset[],
  live: KeptVersion,
  beside: KeptVersion,
): readonly string[] {
  const written = outputsOf(log, live.row.applicationId, [live, beside], 'none')
  const own = new Set(written.map(({ topic }) => topicBeside(topic, beside.row) ?? topic))
  return resets.flatMap(({ applicationId, emptied }) => [
    ...runningOf(log, applicationId),
    ...emptied
      .filter(({ topic }) => own.has(topic))
      .map(({ topic }) => {
        return `topic "${topic}" is to be emptied for "${applicationId}", and "${live.row.applicationId}" writes it too`
      }),
  ])
}

function runningOf(log: ApplicationsLog, applicationId: string): readonly string[] {
  const isRunning = log.applications.runnerOf(liveVersionOf(log, applicationId).name) !== undefined
  return isRunning ? [`application "${applicationId}" is to start over, and runs: close it`] : []
}

/** Makes them start over, once the topics have been exchanged; returns what is emptied, to be removed in steps. */
export function startAllOver(
  log: ResettableLog,
  transaction: WriteTransaction,
  resets: readonly PlannedReset[],
): readonly PartitionId[] {
  const topics = new Set(resets.flatMap(({ emptied }) => emptied.map(topicOf)))
  const emptied = [...topics].flatMap((topic) => partitionsOf(log.topics.describe(topic)))
  log.retention.deleteBeforeIn(
    transaction,
    emptied.map((partition) => ({ partition, beforeOffset: log.partitions.endOffset(partition) })),
  )
  // After that: one of them may read what another one has written.
  for (const { applicationId } of resets) startOverIn(log, transaction, liveVersionOf(log, applicationId))
  return emptied
}

const topicOf = ({ topic }: ApplicationOutput): string => topic
