// State against a model: whatever the memory, the commits, the crashes and the failed records, a store holds what a plain
// fold over the records gives, and every change is emitted once.
import fc from 'fast-check'
import { json, keyValueStore, string, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { input, topologyOf } from '../support/topology.ts'

interface Sum {
  texts: string[]
}

const sums = keyValueStore('sums', { key: string(), value: json<Sum>() })
const changes = topic('changes', { key: string(), value: json<Sum | 'deleted'>() })

/** `-` deletes the row; `!` fails behind the store. The aggregate is changed in place. */
const topology = topologyOf((builder) => {
  const rows = builder
    .stream(input)
    .groupByKey()
    .aggregate({
      initializer: (): Sum => ({ texts: [] }),
      aggregator: (_key, value, sum) => {
        sum.texts.push(value)
        return value === '-' ? null : sum
      },
      value: json<Sum>(),
      store: sums,
    })
    .toStream()
  rows.mapValues(({ value }) => value ?? 'deleted').to(changes)
  rows.foreach(({ value }) => {
    if (value?.texts.at(-1) === '!') throw new Error('not this one')
  })
})

function model(records: readonly (readonly [string, string])[]): { readonly rows: unknown; readonly emitted: unknown } {
  const rows = new Map<string, Sum>()
  const emitted: unknown[] = []
  for (const [key, text] of records) {
    if (text === '!') continue
    const sum = { texts: [...(rows.get(key)?.texts ?? []), text] }
    if (text === '-') rows.delete(key)
    else rows.set(key, sum)
    emitted.push([key, text === '-' ? 'deleted' : sum])
  }
  return { rows: [...rows].toSorted(([a], [b]) => (a < b ? -1 : 1)), emitted }
}

const records = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.constantFrom('x', 'y', '-', '!'))
const steps = fc.array(fc.oneof({ weight: 6, arbitrary: records }, fc.constantFrom('commit', 'crash')), {
  maxLength: 40,
})

test('a store is a fold over the records that did not fail', () => {
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 1_500, 1_000_000), (list, stateCacheBytes) => {
      using driver = new TopologyTestDriver(topology, { commit: 'manual', onError: 'skip', stateCacheBytes })
      const pipe = driver.inputTopic(input)
      for (const step of list) {
        if (step === 'commit') driver.commit()
        else if (step === 'crash') driver.crash()
        else pipe.pipeInput({ key: step[0], value: step[1], timestamp: 1 })
      }
      driver.commit()
      const { rows, emitted } = model(list.filter((step) => typeof step !== 'string'))
      expect([...driver.store(sums).range()].map(({ key, value }) => [key, value])).toEqual(rows)
      const read = driver.outputTopic(changes).readRecords()
      expect(read.map(({ key, value }) => [key, value])).toEqual(emitted)
    }),
    { numRuns: 60 },
  )
})
