// An application that counts words and writes each count, for tests and for the programs that they run.
import { int64, keyValueStore, string, StreamsBuilder, topic, type Topic, type Topology } from '../../src/index.ts'
import type { KeyValueStore } from '../../src/core/store-constants.ts'
import { words } from './topics.ts'

export const wordCounts: KeyValueStore<string, number> = keyValueStore('word-counts', { key: string(), value: int64() })
export const counted: Topic<string, number> = topic('counted', { key: string(), value: int64(), partitions: 4 })

const builder = new StreamsBuilder()
builder.stream(words).groupByKey().count({ store: wordCounts }).toStream().to(counted)

export const counting: Topology = builder.build()
