// A pattern reads the topics that match when the application starts, and nothing depends on which those are.
import { json, keyValueStore, int64, startStreams, StreamsBuilder, string, topic } from 'millrace'
import { TopologyTestDriver } from 'millrace/testing'
import { expect, test } from 'vitest'
import { start } from '../support/applications.ts'
import { openTestLog } from '../support/open.ts'
import { errorOf } from '../support/thrown.ts'
import { briefly, drive, output, topologyOf, type Script } from '../support/topology.ts'

const serdes = { key: string(), value: string() }
const [one, two, three] = ['in-1', 'in-2', 'in-3'].map((name) => topic(name, serdes)) as [Input, Input, Input]
type Input = ReturnType<typeof topic<string, string>>
const counts = keyValueStore('counts', { key: string(), value: int64() })

const copying: Script = (builder) => builder.stream(/^in-[0-9]$/, serdes).to(output)
const counting: Script = (builder) => builder.stream(/^in-/, serdes).groupByKey().count({ store: counts })

test('a driver reads a topic that matches from the moment that a test names it', () => {
  const driver = drive(copying, { commit: 'manual' })
  driver.inputTopic(two).pipeInput({ key: 'a', value: 'x', timestamp: 2 })
  driver.inputTopic(topic('in-10', serdes)).pipeInput({ key: 'a', value: 'no match', timestamp: 2 })
  driver.inputTopic(one).pipeInput({ key: 'b', value: 'y', timestamp: 1 })
  driver.commit()
  expect(briefly(driver.outputTopic(output).readRecords()).toSorted()).toEqual(['a=x@2', 'b=y@1'])
  driver.inputTopic(two).pipeInput({ key: 'c', value: 'z', timestamp: 3 })
  driver.crash()
  driver.commit()
  expect(driver.metrics().consumed).toMatchObject({ 'in-1': 1, 'in-2': 2 })
})

test('state goes on when a further topic matches at the next start, and a topic made meanwhile is not read', async () => {
  const { log } = openTestLog()
  const topology = topologyOf(counting)
  const producer = log.producer()
  const countsAfter = async (): Promise<unknown> => {
    const app = await start(log, topology)
    await producer.send(three, { key: 'a', value: 'meanwhile', timestamp: 3 })
    await app.caughtUp()
    const found = app.store(counts).get('a')
    await app.close()
    return found
  }
  await producer.send(one, { key: 'a', value: 'x', timestamp: 1 })
  expect(await countsAfter()).toBe(1)
  await producer.send(two, { key: 'a', value: 'y', timestamp: 2 })
  // The second start sees all three, and the third topic by then has what both starts have sent.
  expect(await countsAfter()).toBe(4)
})

test('a changed pattern or serde is a changed plan, and a name keeps what it was called', async () => {
  const { log } = openTestLog()
  await log.producer().send(one, { key: 'a', value: '"x"', timestamp: 1 })
  const plan = (pattern: RegExp, value = string()) =>
    topologyOf((builder) => builder.stream(pattern, { key: string(), value, name: 'all' }).groupByKey().count())
  await (await start(log, plan(/^in-/))).close()
  for (const changed of [plan(/^in/), plan(/^in-/i), plan(/^in-/, json<string>())]) {
    await expect(start(log, changed)).rejects.toMatchObject({ code: 'plan_changed' })
  }
  await (await start(log, plan(/^in-/g))).close()
})

test('the pattern is what a description shows, and what ids are made of', () => {
  const topology = topologyOf(counting)
  expect(topology.describe()).toContain('Source ^in- (pattern: /^in-/) --> ^in-.count')
  expect(topology.describe({ format: 'json' }).subTopologies[0]?.nodes[0]).toMatchObject({
    kind: 'source',
    topics: [],
    pattern: '/^in-/',
  })
  expect(topology.describe({ format: 'mermaid' })).toContain('topic0 --> node0')
})

test('a topic has one reader: what another source reads must not match', async () => {
  const twice: Script = (builder) => {
    builder.stream(/^in-/, serdes)
    builder.table(one)
  }
  expect(errorOf(() => topologyOf(twice))).toMatchObject({ code: 'topology_invalid', topic: 'in-1' })
  const overlapping = topologyOf((builder) => {
    builder.stream(/1$/, serdes)
    builder.stream(/^in-/, serdes)
  })
  const { log } = openTestLog()
  await log.producer().send(one, { key: 'a', value: 'x', timestamp: 1 })
  await expect(start(log, overlapping)).rejects.toMatchObject({ code: 'topology_invalid', topic: 'in-1' })
})

test('the same pattern is one source, and is not read in two ways', () => {
  const builder = new StreamsBuilder()
  builder.stream(/^in-/, serdes)
  builder.stream(/^in-/g, serdes)
  expect(builder.build().nodes).toHaveLength(1)
  expect(errorOf(() => builder.stream(/^in-/, { ...serdes, reset: 'latest' }))).toMatchObject({
    code: 'topology_invalid',
    message: expect.stringContaining('pattern /^in-/ is read twice in different ways'),
  })
})

test('an application is refused whose pattern matches nothing, or its own dead letters', async () => {
  const { log } = openTestLog()
  const topology = topologyOf(copying)
  await expect(start(log, topology)).rejects.toMatchObject({ code: 'topic_unknown' })
  const options = { log, applicationId: 'app', deadLetterTopic: 'in-7' }
  await expect(startStreams(topology, options)).rejects.toMatchObject({ code: 'bad_option' })
})

test('stores that no topic has filled take the partitions of the first that matches', () => {
  using driver = new TopologyTestDriver(topologyOf(counting))
  const wide = topic('in-wide', { ...serdes, partitions: 3 })
  driver.inputTopic(wide).pipeInput({ key: 'a', value: 'x', timestamp: 1 })
  expect(driver.store(counts).get('a')).toBe(1)
})
