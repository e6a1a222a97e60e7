// Each operator keeps to the contract of src/plan/operator.ts, whatever verb makes it: it emits only when it is called, keeps
// no carrier, changes none, and asks no clock. What it does under the double that sees this, with a crash after each commit
// and no memory for rows, is what it does without.
import type { Topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { PlanNode } from '../../src/plan/node.ts'
import type { Topology } from '../../src/plan/topology.ts'
import { strict, withoutClocks } from '../support/strict-operators.ts'
import { briefly } from '../support/topology.ts'
import { atWork, inputs, lateTopic, left, verbsAtWork, written } from '../support/verbs-at-work.ts'

let clocks: () => void
beforeAll(() => {
  clocks = withoutClocks()
})
afterAll(() => clocks())

/** Like chance, and the same each time. */
function* draws(): Generator<number, never> {
  for (let seed = 7; ;) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
    yield seed >> 8
  }
}

/** Ties, nulls, disorder and leaps, in topics that the topology reads. */
async function play(topology: Topology, isDisturbed: boolean): Promise<readonly string[]> {
  using driver = new TopologyTestDriver(topology, {
    commit: 'manual',
    deadLetterDrops: true,
    ...(isDisturbed ? { stateCacheBytes: 0 } : {}),
  })
  const sources = topology.nodes.flatMap((node) => (node.kind === 'source' ? node.topics.map(({ name }) => name) : []))
  const read = inputs.filter(({ name }) => sources.includes(name) || (sources.length === 0 && name === 'third'))
  const draw = draws()
  const next = (below: number): number => draw.next().value % below
  const commit = async (): Promise<void> => {
    driver.advanceWallClockTime(7)
    await driver.settled()
    driver.commit()
    if (isDisturbed) driver.crash()
  }
  for (let at = 1; at <= 84; at++) {
    const topic = read[next(read.length)] ?? left
    const key = next(12) === 0 ? null : `k${next(4)}`
    const value = next(8) === 0 ? null : next(25)
    const timestamp = Math.floor(at / 2) + next(14) + (at > 60 ? 100 : 0)
    driver.inputTopic(topic).pipeInput({ key, value, timestamp })
    if (at % 7 === 0) await commit()
  }
  for (const topic of read) driver.inputTopic(topic).pipeInput({ key: 'k0', value: 1, timestamp: 900_000_000 })
  await commit()
  const linesOf = <K, V>(topic: Topic<K, V>): string[] => {
    const writes = (node: PlanNode): boolean =>
      node.kind === 'sink' && node.topics.some(({ name }) => name === topic.name)
    return topology.nodes.some(writes) ? briefly(driver.outputTopic(topic).readRecords()) : []
  }
  const lines = [...linesOf(written), ...linesOf(lateTopic)]
  return [...lines, ...driver.deadLetters().map(({ reason, operator, offset }) => `${reason} ${operator} ${offset}`)]
}

test.each(Object.keys(verbsAtWork))('%s', async (name) => {
  const watched = strict(atWork(name))
  const seen = await play(watched.topology, true)
  expect(watched.faults).toEqual([])
  expect(seen.length).toBeGreaterThan(10)
  expect(seen).toEqual(await play(atWork(name), false))
  const operators = watched.topology.nodes.filter(({ kind }) => kind === 'operator').map(({ id }) => id)
  expect(operators.filter((id) => !watched.taken.has(id))).toEqual([])
})
