/**
 * The administration of a log: its topics and what they hold.
 */
import { checkBoolean, checkOptions } from '../../core/checks.ts'
import type { Offset } from '../../core/units.ts'
import type { LogStatistics } from '../../storage/statistics.ts'
import type { Maintenance } from '../cleaning/maintenance.ts'
import type { Retention } from '../cleaning/retention.ts'
import { type DeadLettersOptions, EmbeddedDeadLetters } from './dead-letters.ts'
import { type ApplicationDeletion, deleteApplication, type DeleteApplicationOptions } from './application-deletion.ts'
import {
  type ApplicationDescription,
  describeApplication,
  type DescribeApplicationOptions,
  describeApplications,
  inSteps,
} from './application-description.ts'
import { type ApplicationListing, listApplications } from './application-listing.ts'
import type { ApplicationsLog } from './application-log.ts'
import { type ApplicationReset, resetApplication, type ResetApplicationOptions } from './application-reset.ts'
import type { Admin, ListTopicsOptions } from './face.ts'
import type { SwitchBackOptions, SwitchOptions, SwitchPlan } from './switch-face.ts'
import { deleteVersion, type DeleteVersionOptions, type VersionDeletion } from './version-deletion.ts'
import { dropOperators, type DropOperatorsOptions, type OperatorsDrop } from './operator-drop.ts'
import { setPaused } from './version-pause.ts'
import { switchBack, switchVersion } from './version-switch.ts'
import type { DeadLetters } from './letters-face.ts'
import { deleteGroup, describeGroup, type GroupDescription, type GroupListing, listGroups } from './group-admin.ts'
import { deleteRecords, type RecordDeletion } from './record-deletion.ts'
import { sweepDeletedTopics } from '../kept/deleted-topics.ts'
import type { Outstanding } from '../kept/outstanding.ts'
import { stepsInTurn } from '../kept/steps-in-turn.ts'
import type { TopicConfigChange } from '../kept/topic-changes.ts'
import { detailsOf, type TopicDescription, type TopicDetails, type TopicRequest } from '../kept/topics.ts'
import { lagOf, type PartitionLag } from './lag.ts'
import { backUp, type BackupOptions, type BackupResult } from './backup.ts'
import type { VerifyReport } from '../verify/findings.ts'
import { type OffsetAndTimestamp, offsetsForTimes } from './offset-queries.ts'
import { type OffsetReset, type ResetOptions, resetOffsets } from './reset-offsets.ts'
import { sizesOf, type TopicSize } from './sizes.ts'
import { type PartitionId, partitionsOf } from '../format/partition-id.ts'
import { nameOf, namesOf, type TopicName } from '../kept/topic-name.ts'
import { verifyLog, type VerifyOptions } from '../verify/verify.ts'

/** What the administration uses of a log. */
export interface AdminLog extends ApplicationsLog {
  readonly outstanding: Outstanding
  readonly retention: Retention
  readonly maintenance: Maintenance
}

/** The administration of a directory. */
export class EmbeddedAdmin implements Admin {
  readonly #log: AdminLog

  constructor(log: AdminLog) {
    this.#log = log
  }

  /** No change blocks the event loop while another process commits, however long that takes. */
  #inTurn<T>(change: () => T): T | Promise<T> {
    return this.#log.environment.inTurn(change)
  }

  /** What tells of topics, positions and ends comes after what was asked of this log before. */
  async #settled<T>(look: () => T | Promise<T>): Promise<T> {
    if (!this.#log.outstanding.isEmpty) await this.#log.outstanding.settled()
    return look()
  }

  async createTopic(topic: TopicRequest): Promise<TopicDetails> {
    return detailsOf(await this.#inTurn(() => this.#log.topics.create(topic)))
  }

  async alterTopic(topic: TopicName, change: TopicConfigChange): Promise<TopicDetails> {
    return detailsOf(await this.#inTurn(() => this.#log.topics.alter(nameOf(topic), change)))
  }

  async addPartitions(topic: TopicName, partitions: number): Promise<TopicDetails> {
    return detailsOf(await this.#inTurn(() => this.#log.topics.addPartitions(nameOf(topic), partitions)))
  }

  async listTopics(options: ListTopicsOptions = {}): Promise<readonly TopicDescription[]> {
    const { hidden = false } = checkOptions('listTopics', options, ['hidden'])
    checkBoolean('hidden', hidden)
    const { topics } = this.#log
    return this.#settled(() => {
      this.#log.refresh()
      return hidden ? topics.list() : topics.shown()
    })
  }

  async describeTopic(topic: TopicName): Promise<TopicDetails> {
    return detailsOf(await this.#settled(() => this.#describe(topic)))
  }

  async deleteTopic(topic: TopicName): Promise<void> {
    const { environment, topics } = this.#log
    await this.#inTurn(() => topics.delete(nameOf(topic)))
    await stepsInTurn(environment, sweepDeletedTopics(environment))
  }

  async deleteRecords(topic: TopicName, deletions: readonly RecordDeletion[]): Promise<readonly Offset[]> {
    return deleteRecords(this.#log, await this.#settled(() => this.#describe(topic)), deletions)
  }

  async runMaintenance(): Promise<void> {
    this.#log.environment.checkWritable()
    await this.#log.maintenance.run()
  }

  #partitions(topic: TopicName): PartitionId[] {
    return partitionsOf(this.#describe(topic))
  }

  /** As it is now. */
  #describe(topic: TopicName): TopicDescription {
    this.#log.refresh()
    return this.#log.topics.describe(nameOf(topic))
  }

  async endOffsets(topic: TopicName): Promise<readonly Offset[]> {
    return this.#settled(() => this.#partitions(topic).map((partition) => this.#log.endOffset(partition) as Offset))
  }

  async startOffsets(topic: TopicName): Promise<readonly Offset[]> {
    return this.#settled(() => this.#partitions(topic).map((partition) => this.#log.startOffset(partition) as Offset))
  }

  async offsetsForTimes(topic: TopicName, timestamp: number): Promise<readonly (OffsetAndTimestamp | null)[]> {
    return this.#settled(() => offsetsForTimes(this.#log, this.#describe(topic), timestamp))
  }

  async lag(group: string): Promise<readonly PartitionLag[]> {
    return this.#settled(() => inSteps(lagOf(this.#log, group)))
  }

  async resetOffsets(group: string, options: ResetOptions): Promise<readonly OffsetReset[]> {
    return resetOffsets(this.#log, group, options)
  }

  async logSizes(topics?: readonly TopicName[]): Promise<readonly TopicSize[]> {
    this.#log.refresh()
    const all = this.#log.topics
    const found = topics === undefined ? all.list() : namesOf('topics', topics).map((name) => all.describe(name))
    return sizesOf(this.#log.partitions, found)
  }

  async stats(): Promise<LogStatistics> {
    return this.#log.environment.statistics()
  }

  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return verifyLog(this.#log.environment, this.#log.catalogue, options)
  }

  async groups(): Promise<readonly GroupListing[]> {
    return listGroups(this.#log)
  }

  async describeGroup(group: string): Promise<GroupDescription> {
    return describeGroup(this.#log, group)
  }

  async deleteGroup(group: string): Promise<void> {
    await deleteGroup(this.#log, group)
  }

  deadLetters(applicationId: string, options: DeadLettersOptions = {}): DeadLetters {
    return new EmbeddedDeadLetters(this.#log, applicationId, options)
  }

  async applications(): Promise<readonly ApplicationListing[]> {
    return inSteps(listApplications(this.#log))
  }

  async describeApplication(
    applicationId: string,
    options: DescribeApplicationOptions = {},
  ): Promise<ApplicationDescription> {
    return describeApplication(this.#log, applicationId, options)
  }

  describeApplications(): AsyncGenerator<ApplicationDescription, void, void> {
    return describeApplications(this.#log)
  }

  async resetApplication(applicationId: string, options: ResetApplicationOptions): Promise<ApplicationReset> {
    return resetApplication(this.#log, applicationId, options)
  }

  async dropOperators(
    applicationId: string,
    operators: readonly string[],
    options: DropOperatorsOptions = {},
  ): Promise<OperatorsDrop> {
    return dropOperators(this.#log, applicationId, operators, options)
  }

  async switchVersion(applicationId: string, version: string, options: SwitchOptions): Promise<SwitchPlan> {
    return switchVersion(this.#log, applicationId, version, options)
  }

  async switchBack(applicationId: string, options: SwitchBackOptions = {}): Promise<SwitchPlan> {
    return switchBack(this.#log, applicationId, options)
  }

  async pauseVersion(applicationId: string, version: string): Promise<void> {
    return setPaused(this.#log, applicationId, version, true)
  }

  async resumeVersion(applicationId: string, version: string): Promise<void> {
    return setPaused(this.#log, applicationId, version, false)
  }

  async deleteVersion(
    applicationId: string,
    version: string,
    options: DeleteVersionOptions = {},
  ): Promise<VersionDeletion> {
    return deleteVersion(this.#log, applicationId, version, options)
  }

  async deleteApplication(applicationId: string, options: DeleteApplicationOptions = {}): Promise<ApplicationDeletion> {
    return deleteApplication(this.#log, applicationId, options)
  }

  async backup(path: string, options: BackupOptions = {}): Promise<BackupResult> {
    return backUp(this.#log.environment, path, options)
  }
}
