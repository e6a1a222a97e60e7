// The topologies that tests draw at random are made of all verbs: what determinism, crashes and the naive evaluator are to
// show, they show of each of them.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { cases } from '../model/cases.ts'
import { Grown } from '../model/grown.ts'
import { verbsNotCalled } from '../support/called-verbs.ts'
import { buildRandom, numberTopic, randomTopologies } from '../support/random-topology.ts'

const numRuns = 400

test('those of determinism and of crashes', () => {
  const missing = verbsNotCalled(() => {
    for (const drawn of fc.sample(randomTopologies, { numRuns, seed: 1 })) {
      const inputs = drawn.topics.map(({ partitions }, index) => numberTopic(`in-${index}`, partitions))
      const outputs = drawn.outputs.map((partitions, index) => numberTopic(`out-${index}`, partitions))
      buildRandom(drawn, inputs, outputs)
    }
  })
  expect(missing).toEqual([])
})

test('those that the naive evaluator knows too', () => {
  const missing = verbsNotCalled(() => {
    for (const drawn of fc.sample(cases, { numRuns, seed: 1 })) new Grown(drawn)
  })
  // What comes of calls has a test of its own.
  expect(missing).toEqual(['stream.mapAsync'])
})
