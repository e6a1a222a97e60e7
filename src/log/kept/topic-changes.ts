/**
 * What may be changed about a topic that is in use: its configuration always, its number of partitions only while no
 * stored data depends on it.
 */
import { MillraceError } from '../../core/errors.ts'
import { checkOptions } from '../../core/checks.ts'
import { defaultTopicConfig, type TopicConfig, topicConfigNames, topicConfigOf } from '../../core/topic-config.ts'
import { parsePlan } from '../../core/stored-plan.ts'
import type { Environment } from '../../storage/environment.ts'
import { applicationNames, storedPlan } from './application-rows.ts'

/** New values of settings; null is back to the default, and what is not named stays. */
export type TopicConfigChange = { readonly [Name in keyof TopicConfig]?: TopicConfig[Name] | null | undefined }

/**
 * A copy of the change: its fields may be getters, which are read before the transaction.
 *
 * @throws MillraceError `bad_option` for a setting that does not exist or a value that it does not take
 */
export function checkConfigChange(change: TopicConfigChange): TopicConfigChange {
  const checked = checkOptions('alterTopic', change, topicConfigNames)
  const set = Object.entries(checked).filter(([, value]) => value !== null)
  topicConfigOf(Object.fromEntries(set))
  return checked
}

/** The settings that differ from the defaults afterwards. */
export function changedConfig(before: Partial<TopicConfig>, change: TopicConfigChange): Partial<TopicConfig> {
  const stated = Object.entries(change).filter(([, value]) => value !== undefined)
  const all = Object.entries({ ...before, ...Object.fromEntries(stated) })
  return Object.fromEntries(
    all.filter(([name, value]) => value !== null && value !== defaultTopicConfig[name as keyof TopicConfig]),
  )
}

/**
 * More partitions would send keys to other partitions than those where their state lies.
 *
 * @throws MillraceError `partitions_differ` when a store of an application has as many partitions as the topic
 */
export function checkNothingFollows(environment: Environment, topic: string): void {
  for (const applicationId of applicationNames(environment)) {
    const stored = storedPlan(environment, applicationId)
    if (stored === undefined) continue
    const { stores: all, isReset = false } = parsePlan(applicationId, stored)
    const stores = Object.values(all).filter(({ topics }) => topics.includes(topic))
    if (stores.length === 0 || isReset) continue
    const owners = [...new Set(stores.map(({ owner }) => owner))]
    throw new MillraceError(
      'partitions_differ',
      `the topic "${topic}" keeps its partitions: ${owners.map((id) => `"${id}"`).join(', ')} of application ` +
        `"${applicationId}" keeps state by partition of its key, and with more partitions keys would leave their state. ` +
        'Write to a new topic, or put repartition({ partitions }) before the store and reset the application; one that is ' +
        'no longer needed is deleted with log.admin.deleteApplication',
      { topic },
    )
  }
}
