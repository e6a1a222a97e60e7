// Whatever verbs a topology is made of: two runs over the same records are the same, in every operator and in every output.
import fc from 'fast-check'
import { twice } from 'millrace/testing'
import { expect, test } from 'vitest'
import { buildRandom, numberTopic, randomTopologies } from '../support/random-topology.ts'
import { openTestLog } from '../support/open.ts'

test('two runs of any topology are the same', async () => {
  const { log } = openTestLog()
  let cases = 0
  let outputs = 0
  await fc.assert(
    fc.asyncProperty(randomTopologies, async (drawn) => {
      const name = `case-${cases++}`
      const inputs = drawn.topics.map(({ partitions }, index) => numberTopic(`${name}-in-${index}`, partitions))
      for (const [index, { records }] of drawn.topics.entries()) {
        await log.admin.createTopic(inputs[index] as (typeof inputs)[number])
        await log.producer().sendMany(inputs[index] as (typeof inputs)[number], records)
      }
      const results = drawn.outputs.map((partitions, index) => numberTopic(`${name}-out-${index}`, partitions))
      const report = await twice(buildRandom(drawn, inputs, results), { log, onError: 'deadLetter', effects: 'run' })
      expect(report).toMatchObject({ same: true, output: null, operator: null })
      outputs += report.outputs
    }),
    { numRuns: 10 },
  )
  expect(outputs).toBeGreaterThan(0)
})
