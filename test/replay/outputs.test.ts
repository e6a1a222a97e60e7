// A version writes into a topic of the user's where it is told to, and the rest of its life knows about it.
import { int64, keyValueStore, type Log, nullable, type OtherOutputs, string, topic } from 'millrace'
import { describe, expect, test } from 'vitest'
import { start, until } from '../support/applications.ts'
import { collect } from '../support/collect.ts'
import { openTestLog } from '../support/open.ts'
import { beside, startReplay } from '../support/replays.ts'
import { rejectionOf } from '../support/thrown.ts'
import { input, output, topologyOf } from '../support/topology.ts'

const counts = keyValueStore('counts', { key: string(), value: int64() })
const copying = topologyOf((builder) => builder.stream(input).to(output))
const shouting = topologyOf((builder) => {
  const stream = builder.stream(input)
  stream.groupByKey().count({ store: counts })
  stream.mapValues(({ value }) => `${value}!`).to(output)
})
const other = topic('other', { key: string(), value: string() })
const records = ['x', 'y'].map((value, timestamp) => ({ key: 'a', value, timestamp }))

/** An application that has copied the records, and a version beside it that has shouted them into another topic. */
async function shoutedInto(log: Log, outputs: OtherOutputs) {
  await log.producer().sendMany(input, records)
  await (await start(log, copying)).caughtUp()
  const v2 = await startReplay(log, shouting, { outputs })
  await v2.caughtUp()
  return v2
}

const valuesOf = async (log: Log, name: string): Promise<(string | null)[]> =>
  (await collect(log.read(topic(name, { key: string(), value: nullable(string()) })))).map(({ value }) => value)

describe('an output of a version goes to a topic of the user', () => {
  for (const [how, given] of Object.entries({ 'by its name': 'other', 'by its constant': other })) {
    test(`${how}; it is made like that of the topology, and there is no hidden one`, async () => {
      const { log } = openTestLog()
      await log.admin.createTopic({ name: 'output', partitions: 3, config: { retentionMs: 86_400_000 } })
      await shoutedInto(log, { output: given })
      expect(await valuesOf(log, 'other')).toEqual(['x!', 'y!'])
      expect(await valuesOf(log, 'output')).toEqual(['x', 'y'])
      const { partitions, config } = await log.admin.describeTopic('output')
      expect(await log.admin.describeTopic('other')).toMatchObject({ partitions, config })
      const all = await log.admin.listTopics({ hidden: true })
      expect(all.map(({ name }) => name).toSorted()).toEqual(['input', 'other', 'output'])
    })
  }

  test('which is made as its constant says, where that says something', async () => {
    const { log } = openTestLog()
    await log.admin.createTopic({ name: 'output', partitions: 3 })
    await shoutedInto(log, { output: topic('other', { key: string(), value: string(), partitions: 2 }) })
    expect(await log.admin.describeTopic('other')).toMatchObject({ partitions: 2 })
  })

  test('and only that one: the others stay hidden', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, records)
    const two = topologyOf((builder) => {
      const stream = builder.stream(input)
      stream.to(output)
      stream.to(topic('second', { key: string(), value: string() }))
    })
    await (await startReplay(log, two, { outputs: { second: 'other' } })).caughtUp()
    expect(await valuesOf(log, 'other')).toEqual(['x', 'y'])
    expect(await log.admin.endOffsets(beside('output'))).toEqual([2])
  })

  test('and what the topology reads of it is read there', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, records)
    const twoSteps = topologyOf((builder) => {
      builder.stream(input).to(output)
      builder.stream(output).groupByKey().count({ store: counts })
    })
    const v2 = await startReplay(log, twoSteps, { outputs: { output: 'other' } })
    await until(() => v2.store(counts).get('a') === 2)
  })

  test('also where a function chooses it', async () => {
    const { log } = openTestLog()
    await log.producer().sendMany(input, records)
    const choosing = topologyOf((builder) => builder.stream(input).to(() => output))
    await (await startReplay(log, choosing, { outputs: { output: other } })).caughtUp()
    expect(await valuesOf(log, 'other')).toEqual(['x', 'y'])
  })
})

test('it is compared with the topic of the live version', async () => {
  const { log } = openTestLog()
  const v2 = await shoutedInto(log, { output: 'other' })
  expect((await v2.compare()).topics).toMatchObject([{ name: 'output', different: 1, equal: 0 }])
})

test('whatever else is in the topic counts as what the version has written', async () => {
  const { log } = openTestLog()
  const v2 = await shoutedInto(log, { output: 'other' })
  await log.producer().send(other, { key: 'of someone else', value: '?', timestamp: 5 })
  expect((await v2.compare()).topics).toMatchObject([{ name: 'output', different: 1, onlyHere: 1 }])
  await v2.cancel()
  expect(await valuesOf(log, 'other')).toEqual(['x!', 'y!', '?'])
})

test('a restart with the same outputs goes on, and one with others is refused', async () => {
  const { log } = openTestLog()
  await (await shoutedInto(log, { output: 'other' })).close()
  for (const outputs of [undefined, { output: 'another' }]) {
    expect(await rejectionOf(startReplay(log, shouting, { outputs }))).toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(/outputs \{"output":"other"\}.*give it the same outputs again/),
    })
  }
  await log.producer().sendMany(input, [{ key: 'a', value: 'z', timestamp: 2 }])
  await (await start(log, copying)).caughtUp()
  await (await startReplay(log, shouting, { outputs: { output: other } })).caughtUp()
  expect(await valuesOf(log, 'other')).toEqual(['x!', 'y!', 'z!'])
})

test('cancel leaves the topic of the user', async () => {
  const { log } = openTestLog()
  await (await shoutedInto(log, { output: 'other' })).cancel()
  expect(await valuesOf(log, 'other')).toEqual(['x!', 'y!'])
})

describe('what cannot be an output is refused', () => {
  const reversed = topic('other', { key: string(), value: int64() })
  test.each([
    ['a topic that the topology does not write', { outputt: 'other' }, /no topic "outputt".*Did you mean "output"\?/],
    ['one that it reads', { output: 'input' }, /reads or writes itself/],
    ['the one that it would write anyway', { output: 'output' }, /reads or writes itself/],
    ['a hidden one', { output: 'other@app@v2' }, /outputs/],
    ['one with other serdes', { output: reversed }, /utf8|string.*int64/],
  ] as const)('%s', async (_, outputs, message) => {
    const { log } = openTestLog()
    expect(await rejectionOf(startReplay(log, shouting, { outputs }))).toMatchObject({
      code: 'bad_option',
      message: expect.stringMatching(message),
    })
    expect(await log.admin.listTopics({ hidden: true })).toEqual([])
  })

  test('two into one', async () => {
    const { log } = openTestLog()
    const two = topologyOf((builder) => {
      const stream = builder.stream(input)
      stream.to(output)
      stream.to(topic('second', { key: string(), value: string() }))
    })
    const outputs = { output: 'other', second: other }
    expect(await rejectionOf(startReplay(log, two, { outputs }))).toMatchObject({ code: 'bad_option' })
  })
})

describe('a switch to such a version', () => {
  test("cannot replace the topics, and the plan says so; it can continue them, and then it writes the topology's", async () => {
    const { log } = openTestLog()
    await shoutedInto(log, { output: 'other' })
    const refusals = [expect.stringContaining('"other" instead of "output"')]
    expect(await log.admin.switchVersion('app', 'v2', { outputs: 'replace', dryRun: true })).toMatchObject({ refusals })
    expect(await rejectionOf(log.admin.switchVersion('app', 'v2', { outputs: 'replace' }))).toMatchObject({
      code: 'switch_refused',
    })
    await log.admin.switchVersion('app', 'v2', { outputs: 'continue' })
    await log.producer().sendMany(input, [{ key: 'a', value: 'z', timestamp: 2 }])
    const live = await start(log, shouting, { version: 'v2' })
    await live.caughtUp()
    expect(await valuesOf(log, 'output')).toEqual(['x', 'y', 'z!'])
    expect(await valuesOf(log, 'other')).toEqual(['x!', 'y!'])
    await live.close()
    await (await startReplay(log, shouting, { version: 'v1' })).caughtUp()
    await log.admin.switchBack('app', { outputs: 'continue' })
    expect(await log.admin.switchVersion('app', 'v2', { outputs: 'replace', dryRun: true })).toMatchObject({
      refusals: [expect.stringContaining('has not written all of its outputs itself')],
    })
  })

  for (const outputs of [{}, { output: 'other' }]) {
    test(`cannot continue what it has read itself, from ${JSON.stringify(outputs)}`, async () => {
      const { log } = openTestLog()
      await log.producer().sendMany(input, records)
      const twoSteps = topologyOf((builder) => {
        builder.stream(input).to(output)
        builder.stream(output).groupByKey().count({ store: counts })
      })
      await (await start(log, twoSteps)).caughtUp()
      await (await startReplay(log, twoSteps, { outputs })).caughtUp()
      const plan = await log.admin.switchVersion('app', 'v2', { outputs: 'continue', dryRun: true })
      expect(plan.refusals).toEqual([expect.stringContaining('has read its own topic')])
    })
  }
})
