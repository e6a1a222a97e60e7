/**
 * Settings of topics as they are typed: by millrace's names or by Kafka's, with durations and sizes in words.
 */
import { codecNamed } from '../core/named-serde.ts'
import { nearestName } from '../core/near-names.ts'
import { shown } from '../core/shown.ts'
import { bytes } from '../core/serdes.ts'
import type { Serde } from '../core/serde.ts'
import { topic } from '../core/topic.ts'
import { defaultTopicConfig, type TopicConfig, topicConfigNames, type TopicSettings } from '../core/topic-config.ts'
import type { TopicRequest } from '../log/kept/topics.ts'
import { shownBytes, shownDuration } from '../inspect/amounts.ts'
import { UsageError } from './exit-codes.ts'
import { type Reader, suggesting } from './options.ts'
import { duration, pair } from './read-values.ts'

type Setting = keyof TopicConfig

/** @throws UsageError for a setting that does not exist; what a value may be is for the log to say */
export function settingsOf(pairs: readonly (readonly [name: string, value: string])[]): TopicSettings {
  return Object.fromEntries(pairs.map(([name, text]) => settingOf(name, text)))
}

function settingOf(given: string, text: string): readonly [Setting, string | number] {
  const name = settingNamed(given)
  if (typeof defaultTopicConfig[name] === 'string') return [name, text]
  return [name, /^-?\d+$/.test(text) ? Number(text) : amountOf(name, text)]
}

/** `retention.ms` is `retentionMs`. */
export function settingNamed(given: string): Setting {
  const camel = given.replaceAll(/\.(\w)/g, (_, letter: string) => letter.toUpperCase())
  const name = topicConfigNames.find((one) => one === camel)
  if (name !== undefined) return name
  const near = nearestName(camel, topicConfigNames)
  const hint = near === undefined ? `there are ${topicConfigNames.join(', ')}` : `did you mean ${near}?`
  throw new UsageError(`a topic has no setting ${shown(given)}; ${hint}`)
}

function amountOf(name: Setting, text: string): number {
  if (name.endsWith('Ms')) {
    try {
      return duration(text)
    } catch {
      throw new UsageError(`${name} is a duration such as 30d, or -1 for no limit; not ${shown(text)}`)
    }
  }
  const [, count, unit = ''] = /^(\d+)(KiB|MiB|GiB|TiB)$/.exec(text) ?? []
  if (count === undefined)
    throw new UsageError(`${name} is a size such as 512MiB, or -1 for no limit; not ${shown(text)}`)
  return Number(count) * 1024 ** (['KiB', 'MiB', 'GiB', 'TiB'].indexOf(unit) + 1)
}

/** A serde that can be used from outside: one of millrace's. */
export const serdeNamed: Reader<Serde<unknown>> = suggesting(
  ['string', 'int64', 'json', 'msgpack', 'bytes'],
  (text) => {
    const serde = codecNamed(text)
    if (serde !== undefined) return serde
    throw new UsageError('Expected a serde of millrace, such as string, int64, json, msgpack or bytes.')
  },
)

/** A setting with its value: what both mean is for {@link settingsOf} to say. */
export const settingPair: Reader<readonly [name: string, value: string]> = suggesting(
  topicConfigNames.map((name) => `${name}=`),
  pair,
)

/** A setting, whatever it is called. */
export const settingName: Reader<string> = suggesting(topicConfigNames, (text) => text)

/** What `createTopic` takes: the constant of a topic where serdes are given, so that the log remembers their names. */
export function topicRequest(
  name: string,
  asked: {
    readonly partitions: number
    readonly settings: TopicSettings
    readonly keySerde: Serde<unknown> | undefined
    readonly valueSerde: Serde<unknown> | undefined
  },
): TopicRequest {
  const { partitions, settings, keySerde, valueSerde } = asked
  if (keySerde === undefined && valueSerde === undefined) return { name, partitions, config: settings }
  const plain = bytes() as Serde<unknown>
  return topic(name, { ...settings, partitions, key: keySerde ?? plain, value: valueSerde ?? plain })
}

/** As people read it. */
export function shownSetting(name: string, value: string | number): string {
  if (typeof value === 'string') return value
  if (value === -1) return 'no limit'
  return name.endsWith('Ms') ? shownDuration(value) : shownBytes(value)
}
