/**
 * The configuration of a topic: Kafka's names and defaults, in camelCase, where they make sense in one directory.
 */
import { days } from './duration.ts'
import { MillraceError } from './errors.ts'
import { checkOptions, checkWhole } from './checks.ts'
import { shown } from './shown.ts'

/** What happens to old records: they are deleted, only the newest of each key is kept, or both. */
export type CleanupPolicy = 'delete' | 'compact' | 'compact,delete'

/** Whose time a record carries: the producer's, or that of the append. */
export type TimestampType = 'CreateTime' | 'LogAppendTime'

/** How batches are compressed: as the producer says, or always in one way. */
export type TopicCompression = 'producer' | 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/**
 * How a topic keeps its records: given to `topic()` with its serdes, or changed with `log.admin.alterTopic`. The names
 * are Kafka's (`retention.ms` is `retentionMs`), and so are the defaults where they make sense here.
 */
export interface TopicConfig {
  /**
   * How long records are kept, in ms, counted from the later of their timestamp and their append (a timestamp ahead of
   * its append counts for twice as long at most); -1: for ever. Default 7 days.
   */
  readonly retentionMs: number
  /** How large a partition may become before its oldest records are deleted, in bytes; -1: no limit, the default. */
  readonly retentionBytes: number
  /** Default `delete`. */
  readonly cleanupPolicy: CleanupPolicy
  /** How long a tombstone stays after the first compaction that saw it, in ms. Default 1 day. */
  readonly deleteRetentionMs: number
  /** How long, at least, a record stays out of compaction, in ms. Default 0. */
  readonly minCompactionLagMs: number
  /** The most bytes of one record, key, value and headers together. Default 1 MiB. */
  readonly maxMessageBytes: number
  /** Default `CreateTime`. */
  readonly messageTimestampType: TimestampType
  /** How far a timestamp may lie before the clock, in ms; -1: no limit, the default. */
  readonly messageTimestampBeforeMaxMs: number
  /** How far a timestamp may lie after the clock, in ms; -1: no limit, the default. */
  readonly messageTimestampAfterMaxMs: number
  /** Default `producer`. */
  readonly compressionType: TopicCompression
}

/** Settings of a topic; those that are left out have their defaults. */
export type TopicSettings = { readonly [Name in keyof TopicConfig]?: TopicConfig[Name] | undefined }

export const defaultTopicConfig: TopicConfig = Object.freeze({
  retentionMs: days(7),
  retentionBytes: -1,
  cleanupPolicy: 'delete',
  deleteRetentionMs: days(1),
  minCompactionLagMs: 0,
  maxMessageBytes: 1_048_576,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: -1,
  messageTimestampAfterMaxMs: -1,
  compressionType: 'producer',
})

/** The names of all settings. */
export const topicConfigNames = Object.keys(defaultTopicConfig) as readonly (keyof TopicConfig)[]

const choices: Partial<Record<keyof TopicConfig, readonly string[]>> = {
  cleanupPolicy: ['delete', 'compact', 'compact,delete'],
  messageTimestampType: ['CreateTime', 'LogAppendTime'],
  compressionType: ['producer', 'none', 'gzip', 'snappy', 'lz4', 'zstd'],
}

/** Smallest values of the settings that are numbers; -1 stands for no limit where it is allowed. */
const leasts: Partial<Record<keyof TopicConfig, number>> = {
  retentionMs: -1,
  retentionBytes: -1,
  deleteRetentionMs: 0,
  minCompactionLagMs: 0,
  maxMessageBytes: 1,
  messageTimestampBeforeMaxMs: -1,
  messageTimestampAfterMaxMs: -1,
}

/** The most that `maxMessageBytes` may be raised to: a batch is one value of the storage. */
export const messageBytesMax: number = 256 * 1_048_576

/**
 * Settings that came as an object of their own.
 *
 * @throws MillraceError `bad_option` for a setting that does not exist or a value that it does not take
 */
export function checkTopicConfig(what: string, config: TopicSettings): Partial<TopicConfig> {
  return topicConfigOf(checkOptions(what, config, topicConfigNames))
}

/**
 * The settings out of an object that may hold others too.
 *
 * @throws MillraceError `bad_option` for a value that a setting does not take
 */
export function topicConfigOf(settings: TopicSettings): Partial<TopicConfig> {
  const checked: Record<string, unknown> = {}
  for (const name of topicConfigNames) {
    const value: unknown = settings[name]
    if (value === undefined) continue
    const allowed = choices[name]
    if (allowed === undefined) {
      checkWhole(name, value as number, leasts[name] ?? 0, name === 'maxMessageBytes' ? messageBytesMax : undefined)
    } else if (!allowed.includes(value as string)) {
      throw new MillraceError('bad_option', `${name} is ${shown(value)}; expected ${allowed.join(', ')}`)
    }
    checked[name] = value
  }
  return checked
}
