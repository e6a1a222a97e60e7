// An application whose aggregate was a number and became an object, for tests and for the programs that they run.
import { json, keyValueStore, StreamsBuilder, string, topic, type Topic, type Topology } from '../../src/index.ts'
import type { KeyValueStore } from '../../src/core/store-constants.ts'
import type { Serde } from '../../src/core/serde.ts'
import { words } from './topics.ts'

export interface Total {
  readonly count: number
}

export const shown: Topic<string, string> = topic('shown', { key: string(), value: string() })

const shaped: Serde<Total> = json<Total>({ version: 1, migrate: (count: number) => ({ count }) })
export const shapedTotals: KeyValueStore<string, Total> = keyValueStore('totals', { key: string(), value: shaped })
const plainTotals = keyValueStore('totals', { key: string(), value: json<number>() })

/** As it was. */
export function countingNumbers(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .groupByKey()
    .aggregate({
      initializer: () => 0,
      aggregator: (_, __, count: number) => count + 1,
      value: plainTotals.value,
      store: plainTotals,
      name: 'totals',
    })
    .toStream()
    .mapValues(({ value }) => JSON.stringify(value))
    .to(shown)
  return builder.build()
}

/** As it is now. */
export function countingObjects(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .groupByKey()
    .aggregate({
      initializer: (): Total => ({ count: 0 }),
      aggregator: (_, __, { count }: Total) => ({ count: count + 1 }),
      value: shaped,
      store: shapedTotals,
      name: 'totals',
    })
    .toStream()
    .mapValues(({ value }) => JSON.stringify(value))
    .to(shown)
  return builder.build()
}
