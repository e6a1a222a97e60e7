// Topics that several tests of the log use.
import { string } from '../../src/core/serdes.ts'
import { topic, type Topic } from '../../src/core/topic.ts'

/** Text by text, in four partitions. */
export const words: Topic<string, string> = topic('words', { key: string(), value: string(), partitions: 4 })

/** Text by text, in one partition. */
export const lines: Topic<string, string> = topic('lines', { key: string(), value: string(), partitions: 1 })
