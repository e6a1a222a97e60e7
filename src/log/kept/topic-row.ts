/**
 * What is stored about a topic under its name.
 */
import type { TopicConfig } from '../../core/topic-config.ts'

/** A topic as it is in the log. */
export interface TopicDescription {
  /** What it is called. */
  readonly name: string
  /** Stands for the name on disk; a topic that is created again gets another one. */
  readonly id: number
  /** How many it has; they can become more. */
  readonly partitions: number
  /** What differs from the defaults. */
  readonly config: Partial<TopicConfig>
  /** The names of the serdes of the constant that created it; undefined when it was created without one. */
  readonly serdes?: { readonly key: string; readonly value: string } | undefined
}

export function encodeTopic(description: TopicDescription): Buffer {
  return Buffer.from(JSON.stringify(description))
}

/** Undefined when it is not a description of a topic. */
export function decodeTopic(value: Buffer | undefined): TopicDescription | undefined {
  const topic = readJson(value) as Partial<TopicDescription> | undefined | null
  const { name, id, partitions, config, serdes } = topic ?? {}
  const isTopic =
    typeof name === 'string' &&
    Number.isSafeInteger(id) &&
    Number.isSafeInteger(partitions) &&
    typeof config === 'object' &&
    config !== null &&
    (serdes === undefined || (typeof serdes?.key === 'string' && typeof serdes.value === 'string'))
  return isTopic ? (topic as TopicDescription) : undefined
}

export function readJson(value: Buffer | undefined): unknown {
  try {
    return value === undefined ? undefined : JSON.parse(value.toString())
  } catch {
    return undefined // the caller reports the row
  }
}
