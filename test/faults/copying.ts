// Copies records and counts them by key, with a look at each value in between.
import { int64, type KeyValueStore, keyValueStore, string, StreamsBuilder, type Topology } from '../../src/index.ts'
import { lines, words } from '../support/topics.ts'

export const counts: KeyValueStore<string, number> = keyValueStore('counts', { key: string(), value: int64() })

/** From `lines` to `words`; the count has one partition, as its input. */
export function copying(look: (value: string) => void): Topology {
  const builder = new StreamsBuilder()
  const looked = builder.stream(lines).peek(({ value }) => look(value))
  looked.to(words)
  looked.groupByKey().count({ store: counts })
  return builder.build()
}
