/**
 * What users see of the administration of applications and their versions.
 */
import type { ApplicationDeletion, DeleteApplicationOptions } from './application-deletion.ts'
import type { ApplicationDescription, DescribeApplicationOptions } from './application-description.ts'
import type { ApplicationListing } from './application-listing.ts'
import type { ApplicationReset, ResetApplicationOptions } from './application-reset.ts'
import type { DropOperatorsOptions, OperatorsDrop } from './operator-drop.ts'
import type { SwitchBackOptions, SwitchOptions, SwitchPlan } from './switch-face.ts'
import type { DeleteVersionOptions, VersionDeletion } from './version-deletion.ts'

/**
 * Applications and their versions, a part of `log.admin`: which there are and how they are doing, and what is done to
 * one from outside, by any process.
 *
 * @example
 * ```ts
 * for (const { applicationId, state, lag } of await log.admin.applications()) console.log(applicationId, state, lag)
 * ```
 */
export interface ApplicationAdmin {
  /**
   * Every application that was ever started on this log and not deleted, by name: its versions, whether it runs and
   * where, how far it lags. It may run in any process, or in none.
   *
   * @example
   * ```ts
   * for (const { applicationId, version, state, instance, lag } of await log.admin.applications()) {
   *   console.log(applicationId, version, state, instance?.pid, lag)
   * }
   * ```
   */
  applications(): Promise<readonly ApplicationListing[]>

  /**
   * One application: what it reads, keeps and has done. With up to 500 positions, everything is from one moment, except
   * the sizes of its stores, which are counted afterwards. More positions are read in pages, each from a later moment,
   * and the event loop goes on in between.
   *
   * @example
   * ```ts
   * await app.caughtUp()
   * const { state, positions, stores, dropped } = await log.admin.describeApplication('pages')
   * for (const { name, rows, bytes } of stores) console.log(name, rows, bytes)
   * console.log(state, positions, dropped)
   * ```
   * @throws MillraceError `application_unknown`, `version_unknown`, `bad_option`, `format_unknown`, `damaged`
   */
  describeApplication(applicationId: string, options?: DescribeApplicationOptions): Promise<ApplicationDescription>

  /**
   * Every version of every application, by name, as {@link describeApplication} with `stores: false` describes it. Use
   * it in a program that watches a whole log: it reads the positions of each version once, and the event loop goes on
   * between applications. What is deleted meanwhile is left out.
   *
   * @example
   * ```ts
   * for await (const { applicationId, version, positions } of log.admin.describeApplications()) {
   *   console.log(applicationId, version, positions.length)
   * }
   * ```
   * @throws MillraceError `format_unknown`, `damaged`
   */
  describeApplications(): AsyncGenerator<ApplicationDescription, void, void>

  /**
   * Makes an application that does not run start over: at the beginning, at a time or at offsets. In one transaction
   * its positions move, its stores are emptied, and its counters, stream times and pending work are forgotten. Its next
   * start may have another topology, as if it were its first.
   *
   * What it writes then is written again, after what is there: `outputs: 'empty'` removes that. Readers downstream that
   * have not read it all miss the rest, and an application among them stops with `position_lost`.
   *
   * @example
   * ```ts
   * await app.close()
   * const planned = await log.admin.resetApplication('pages', { to: { ago: days(1) }, dryRun: true })
   * for (const { topic, partition, before, after } of planned.positions) console.log(topic, partition, before, after)
   * await log.admin.resetApplication('pages', { to: 'beginning', outputs: 'empty' })
   * ```
   * @throws MillraceError `application_unknown`, `version_unknown`, `application_running`, `bad_option`,
   *   `format_unknown`, `damaged`
   */
  resetApplication(applicationId: string, options: ResetApplicationOptions): Promise<ApplicationReset>

  /**
   * Removes operators of an application that does not run, with their stores and what else they keep, from what the log
   * knows of its live version. Its next start may be of code without them; where they are in it again, they begin
   * empty. `startStreams(…, { drop })` does the same in the step that starts it.
   *
   * A store that several processors share goes with the last of them. What a source has read is no longer read with the
   * next start. A process that is killed meanwhile leaves all as it was, or the space of the stores to the maintenance
   * of any open log.
   *
   * @example
   * ```ts
   * await app.close()
   * const { stores } = await log.admin.describeApplication('pages')
   * const owners = stores.map(({ owner }) => owner)
   * const planned = await log.admin.dropOperators('pages', owners, { dryRun: true })
   * for (const { name, rows, readBy } of planned.stores) console.log(name, rows, readBy)
   * ```
   * @throws MillraceError `application_unknown`, `version_unknown`, `application_running`, `operator_unknown`,
   *   `plan_changed` when a store that stays would lose the way by which its keys came, `bad_option`, `format_unknown`
   */
  dropOperators(
    applicationId: string,
    operators: readonly string[],
    options?: DropOperatorsOptions,
  ): Promise<OperatorsDrop>

  /**
   * Deletes an application with everything that is its own: versions, stores, positions, plan and counters. Its name,
   * and the topics that kept their partitions for it, are free at once. Topics that it has written stay, unless
   * `outputs` says otherwise.
   *
   * The space of its stores is used again when it resolves; a process that is killed meanwhile leaves the rest to the
   * maintenance of any open log. An instance that was frozen since a newer one took over is refused when it wakes.
   *
   * @example
   * ```ts
   * await app.close()
   * const planned = await log.admin.deleteApplication('pages', { outputs: 'delete', dryRun: true })
   * for (const { topic, isTaken, readBy } of planned.outputs) console.log(topic, isTaken, readBy)
   * await log.admin.deleteApplication('pages')
   * ```
   * @throws MillraceError `application_unknown`, `application_running`, `bad_option`, `format_unknown`
   */
  deleteApplication(applicationId: string, options?: DeleteApplicationOptions): Promise<ApplicationDeletion>

  /**
   * Makes a version that stands beside the live one the live one, in one transaction. The process of the old one stops
   * with `superseded`; the new one has to have caught up, and comes to exactly where the old one stood first. From then
   * on queries, and `startStreams` with its version, are those of the new one. The old one stays beside it, for
   * {@link switchBack}.
   *
   * A process that is killed in the middle leaves it whole or not done; where it was not done the old version may have
   * been stopped, and can be started again.
   *
   * With `outputs: 'replace'` groups that have read a topic go on at the first record in the new one that is no older
   * than their next; a reader that follows the topic by `log.read` has to begin again. An application that has read it
   * is named in `reset`, and starts over in the same transaction.
   *
   * @example
   * ```ts
   * const planned = await log.admin.switchVersion('pages', 'v2', { outputs: 'replace', dryRun: true })
   * for (const { group, topic, before, after } of planned.positions) console.log(group, topic, before, after)
   * if (planned.refusals.length === 0) await log.admin.switchVersion('pages', 'v2', { outputs: 'replace' })
   * ```
   * @throws MillraceError `application_unknown`, `version_unknown`, `behind`, `switch_refused`, `bad_option`
   */
  switchVersion(applicationId: string, version: string, options: SwitchOptions): Promise<SwitchPlan>

  /**
   * The same the other way: the version that was live before the last switch is the live one again. With
   * `outputs: 'replace'`, the default, its topics take their names back, and it goes on from where it stood. With
   * `continue` it has to have processed what the other one has, or it would write that again.
   *
   * @throws MillraceError as {@link switchVersion}
   */
  switchBack(applicationId: string, options?: SwitchBackOptions): Promise<SwitchPlan>

  /**
   * Lets a version beside the live one rest, in whatever process it is replayed: from its next stretch of work on it
   * reads and writes nothing, until {@link resumeVersion}. It stays so over a restart, a crash and a kill; one that
   * does not run rests when it is started. `pause()` of its replay is the same act, and waits until it rests.
   *
   * @example
   * ```ts
   * await log.admin.pauseVersion('pages', 'v2')
   * await log.admin.resumeVersion('pages', 'v2')
   * ```
   * @throws MillraceError `application_unknown`, `version_unknown`, `version_live`, `bad_option`
   */
  pauseVersion(applicationId: string, version: string): Promise<void>

  /**
   * Lets a version go on after {@link pauseVersion}. Where it does not rest, nothing happens.
   *
   * @throws MillraceError as {@link pauseVersion}
   */
  resumeVersion(applicationId: string, version: string): Promise<void>

  /**
   * Deletes a version that stands beside the live one, with everything that is its own: state, positions, hidden
   * topics. Of one that was live before, this ends the way back. The application, and what the live version has, stay.
   *
   * A process that is killed meanwhile leaves the version whole, or the space of its stores and topics to the
   * maintenance of any open log.
   *
   * @example
   * ```ts
   * await v2.switch({ outputs: 'replace' })
   * const planned = await log.admin.deleteVersion('pages', 'v1', { dryRun: true })
   * console.log(planned.endsWayBack, planned.stores, planned.topics)
   * await log.admin.deleteVersion('pages', 'v1')
   * ```
   * @throws MillraceError `application_unknown`, `version_unknown`, `version_live`, `application_running`, `bad_option`
   */
  deleteVersion(applicationId: string, version: string, options?: DeleteVersionOptions): Promise<VersionDeletion>
}
